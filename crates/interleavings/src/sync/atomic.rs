//! loom's atomics, of which no access is missed.
//!
//! loom tries other orders for two accesses only if one writes, and remembers none but the last access: that a thread has read before
//! another reads and then writes escapes it. So every access also writes to a witness, which orders nothing.

use std::fmt::Debug;

use loom::sync::atomic;
pub use loom::sync::atomic::Ordering;

macro_rules! atomic {
    ($($name:ident $value:ty)*) => { $(
        /// As in `std`.
        #[derive(Debug, Default)]
        pub struct $name {
            value: atomic::$name,
            witness: atomic::AtomicBool,
        }

        #[expect(missing_docs, reason = "as in `std`")]
        impl $name {
            #[must_use]
            pub fn new(value: $value) -> Self {
                Self { value: atomic::$name::new(value), witness: atomic::AtomicBool::new(false) }
            }

            pub fn load(&self, order: Ordering) -> $value {
                self.witnessed().load(order)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                self.witnessed().store(value, order);
            }

            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().fetch_or(value, order)
            }

            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().fetch_and(value, order)
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().swap(value, order)
            }

            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.witnessed().compare_exchange(current, new, success, failure)
            }

            fn witnessed(&self) -> &atomic::$name {
                self.witness.swap(true, Ordering::Relaxed);
                &self.value
            }
        }
    )* };
}

macro_rules! counter {
    ($($name:ident $value:ty)*) => { $(
        #[expect(missing_docs, reason = "as in `std`")]
        impl $name {
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().fetch_add(value, order)
            }

            pub fn fetch_min(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().fetch_min(value, order)
            }

            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.witnessed().fetch_sub(value, order)
            }

            pub fn fetch_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut before = self.load(fetch_order);
                while let Some(after) = update(before) {
                    match self.compare_exchange(before, after, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(other) => before = other,
                    }
                }
                Err(before)
            }
        }
    )* };
}

atomic! { AtomicBool bool AtomicU8 u8 AtomicU32 u32 AtomicU64 u64 AtomicUsize usize }
counter! { AtomicU8 u8 AtomicU32 u32 AtomicU64 u64 AtomicUsize usize }
