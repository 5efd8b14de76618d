//! loom's atomics, with every access an exchange.
//!
//! loom tries other orders for two accesses only if one writes, and remembers none but the last access: that a thread has read before
//! another reads and then writes escapes it. With exchanges nothing escapes; in return, no read gives an old value.

use std::fmt::Debug;

pub use loom::sync::atomic::Ordering;

macro_rules! atomic {
    ($($name:ident $value:ty, $nothing:literal, $read:ident)*) => { $(
        /// As in `std`.
        #[derive(Debug, Default)]
        pub struct $name(loom::sync::atomic::$name);

        #[expect(missing_docs, reason = "as in `std`")]
        impl $name {
            #[must_use]
            pub fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            pub fn load(&self, order: Ordering) -> $value {
                let _ = order;
                self.0.$read($nothing, Ordering::SeqCst)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                let _ = order;
                self.0.swap(value, Ordering::SeqCst);
            }

            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_or(value, order)
            }

            pub fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_and(value, order)
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, order)
            }

            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.0.compare_exchange(current, new, success, failure)
            }
        }
    )* };
}

macro_rules! counter {
    ($($name:ident $value:ty)*) => { $(
        #[expect(missing_docs, reason = "as in `std`")]
        impl $name {
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_add(value, order)
            }

            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.0.fetch_sub(value, order)
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

atomic! { AtomicBool bool, false, fetch_or }
atomic! { AtomicU8 u8, 0, fetch_or }
atomic! { AtomicU32 u32, 0, fetch_or }
atomic! { AtomicU64 u64, 0, fetch_or }
atomic! { AtomicUsize usize, 0, fetch_or }
counter! { AtomicU8 u8 }
counter! { AtomicU32 u32 }
counter! { AtomicU64 u64 }
counter! { AtomicUsize usize }
