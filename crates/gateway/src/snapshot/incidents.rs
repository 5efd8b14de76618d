//! What has happened in a group and is worth counting, since the program started.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The incidents of one group.
#[derive(Debug, Default)]
pub struct Incidents {
    /// Upstreams were ejected, altogether or for a model.
    pub ejections: Tally,
    /// The retry budget was spent.
    pub budgets_spent: Tally,
    /// A limit was found to be the address's.
    pub address_limits: Tally,
    /// A provider was found to refuse key after key.
    pub mass_refusals: Tally,
    /// Keys became invalid by what requests were answered.
    pub keys_invalidated: Tally,
}
