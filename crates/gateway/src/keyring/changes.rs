//! What has happened to keys that the database has yet to be told.
//!
//! One entry a key, whatever happens to it in between, with a bounded number of rests: so the store is bounded by the number of keys.

use std::collections::HashMap;
use std::sync::PoisonError;

use domain::ids::KeyId;
use domain::key::KeyStatus;
use jiff::Timestamp;

use crate::sync::{Mutex, Notify};

/// Rests of one key that are noted: as many as it can have models to rest for.
const MAX_RESTS: usize = super::rests::MAX_MODELS;

/// The state of a key that differs from its row.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// The new status.
    pub status: Option<KeyStatus>,
    /// Failures of its own in a row.
    pub failure_count: Option<u32>,
    /// What the provider last held against it.
    pub fault: Option<KeyFault>,
    /// Rests that outlive a restart, by model (empty: altogether).
    pub rests: HashMap<String, LongRest>,
    /// Whether earlier rests are over before their time.
    pub rests_cleared: bool,
}

/// Why a provider refused a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFault {
    /// The status of the answer.
    pub status: u16,
    /// The provider's words, the key masked.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A rest long enough to be kept over a restart.
#[derive(Clone, Copy, Debug)]
pub struct LongRest {
    /// When it ends.
    pub until: Timestamp,
    /// Whether the provider named the time or we guessed it.
    pub guessed: bool,
}

/// The changes of all pools.
#[derive(Debug, Default)]
pub struct Changes {
    pending: Mutex<HashMap<KeyId, KeyChange>>,
    added: Notify,
}

impl Changes {
    /// Notes a change of `key`.
    pub fn note(&self, key: KeyId, change: impl FnOnce(&mut KeyChange)) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        change(pending.entry(key).or_default());
        drop(pending);
        self.added.notify_one();
    }

    /// Waits until there is something to tell.
    pub async fn wait(&self) {
        while self.is_empty() {
            self.added.notified().await;
        }
    }

    /// Whether the database knows everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys have changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes all changes.
    #[must_use]
    pub fn take(&self) -> HashMap<KeyId, KeyChange> {
        std::mem::take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives back what could not be stored; what has been noted since is newer and wins.
    pub fn put_back(&self, changes: HashMap<KeyId, KeyChange>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, older) in changes {
            let entry = pending.entry(key).or_default();
            let newer = std::mem::take(entry);
            *entry = older.overlaid(newer);
        }
    }
}

impl KeyChange {
    /// Notes a rest for `model` (empty: altogether). Beyond [`MAX_RESTS`] the one that ends first is left out.
    pub fn rest(&mut self, model: String, rest: LongRest) {
        self.rests.insert(model, rest);
        if self.rests.len() > MAX_RESTS
            && let Some(first) = self.rests.iter().min_by_key(|(_, rest)| rest.until).map(|(model, _)| model.clone())
        {
            self.rests.remove(&first);
        }
    }

    fn overlaid(mut self, newer: Self) -> Self {
        if newer.rests_cleared {
            self.rests.clear();
        }
        newer.rests.into_iter().for_each(|(model, rest)| self.rest(model, rest));
        Self {
            status: newer.status.or(self.status),
            failure_count: newer.failure_count.or(self.failure_count),
            fault: newer.fault.or(self.fault),
            rests: self.rests,
            rests_cleared: newer.rests_cleared || self.rests_cleared,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_back_yields_to_what_came_since() {
        let changes = Changes::default();
        let key = KeyId(1);
        changes.note(key, |change| {
            change.status = Some(KeyStatus::Invalid);
            change.failure_count = Some(3);
        });
        let taken = changes.take();
        changes.note(key, |change| change.status = Some(KeyStatus::Active));
        changes.put_back(taken);
        let now = changes.take().remove(&key).unwrap();
        assert_eq!((now.status, now.failure_count), (Some(KeyStatus::Active), Some(3)));
        assert!(changes.is_empty());
    }

    #[test]
    fn rests_of_a_key_are_bounded_and_the_longest_are_kept() {
        let changes = Changes::default();
        let until = |second| LongRest { until: Timestamp::from_second(second).unwrap(), guessed: false };
        let note = |models: std::ops::Range<i64>| {
            for second in models {
                changes.note(KeyId(1), |change| change.rest(format!("m{second}"), until(second)));
            }
        };
        note(0..1000);
        let taken = changes.take();
        note(1000..1010);
        changes.put_back(taken);
        let rests = changes.take().remove(&KeyId(1)).unwrap().rests;
        assert_eq!(rests.len(), MAX_RESTS);
        assert!(rests.contains_key("m1009") && rests.contains_key("m990") && !rests.contains_key("m0"));
    }
}
