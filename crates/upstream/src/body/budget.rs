//! How much memory all kept request bodies may take together.

use std::sync::Arc;

use crate::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes shared by the whole process.
#[derive(Debug)]
pub struct Budget {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

/// A part of a [`Budget`], given back when dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of `limit_bytes`, none of it used.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Arc<Self> {
        Arc::new(Self { limit_bytes, used_bytes: AtomicUsize::new(0) })
    }

    /// Takes `bytes` (0 is allowed: a reservation to grow later). `None` if so many are not left.
    #[must_use]
    pub fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        self.take(bytes).then(|| Reservation { budget: Arc::clone(self), bytes })
    }

    /// A reservation of nothing, to grow later.
    #[must_use]
    pub fn open(self: &Arc<Self>) -> Reservation {
        Reservation { budget: Arc::clone(self), bytes: 0 }
    }

    /// Bytes taken at the moment.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let with = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit_bytes);
        self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Reservation {
    /// Takes `bytes` more; `false`, and nothing changed, if so many are not left.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let grown = self.budget.take(bytes);
        if grown {
            self.bytes += bytes;
        }
        grown
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_is_given_and_all_comes_back() {
        let budget = Budget::new(10);
        let mut first = budget.reserve(6).expect("6 of 10");
        assert!(budget.reserve(5).is_none(), "only 4 are left");
        assert!(budget.reserve(usize::MAX).is_none(), "the sum must not wrap");
        assert!(first.grow(4) && !first.grow(1));
        assert_eq!((first.bytes(), budget.used_bytes()), (10, 10));
        assert!(budget.reserve(0).is_some());
        drop(first);
        assert_eq!(budget.used_bytes(), 0);
    }
}
