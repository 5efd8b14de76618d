//! One key in memory.

use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::secret::Secret;

use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// The place of a key that has left its pool.
const GONE: u32 = u32::MAX;

/// What the database says of a key's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The status.
    pub status: KeyStatus,
    /// Failures of its own in a row.
    pub failures: u32,
}

/// A key in memory.
#[derive(Debug)]
pub struct PoolKey {
    /// Row id.
    pub id: KeyId,
    /// The key itself.
    pub secret: Secret,
    pub(super) slot: AtomicU32,
    pub(super) status: AtomicU8,
    pub(super) failures: AtomicU32,
    pub(super) has_rested: AtomicBool,
    pub(super) is_shaky: AtomicBool,
}

impl PoolKey {
    /// A key as it was loaded or imported.
    #[must_use]
    pub fn new(id: KeyId, secret: Secret, status: KeyStatus, failures: u32) -> Self {
        Self {
            id,
            secret,
            slot: AtomicU32::new(0),
            status: AtomicU8::new(status as u8),
            failures: AtomicU32::new(failures),
            has_rested: AtomicBool::new(false),
            is_shaky: AtomicBool::new(false),
        }
    }

    /// The present status.
    #[must_use]
    pub fn status(&self) -> KeyStatus {
        match self.status.load(Ordering::Relaxed) {
            0 => KeyStatus::Active,
            1 => KeyStatus::Invalid,
            _ => KeyStatus::Disabled,
        }
    }

    /// Failures of its own in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Its last answer was that the upstream is in trouble. Nobody is blamed for that, but a request that is tried again takes another.
    pub fn shaken(&self) {
        self.is_shaky.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_shaky(&self) -> bool {
        self.is_shaky.load(Ordering::Relaxed)
    }

    /// Whether it has not failed, by whatever fault, since it last succeeded.
    pub(super) fn is_steady(&self) -> bool {
        !self.is_shaky() && self.failures() == 0 && !self.has_rested.load(Ordering::Relaxed)
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot.load(Ordering::Acquire)
    }

    /// The key has left its pool: its place may soon be another's. Whoever sees this sees what was done to the pool before.
    pub(super) fn leave(&self) {
        self.slot.store(GONE, Ordering::Release);
    }

    pub(super) fn has_left(&self) -> bool {
        self.slot() == GONE
    }
}
