//! Different keys that fared alike, one after the other, with no success between: so many that it can't be the keys.

use super::Turn;
use crate::ids::KeyId;

/// A row of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// All different, and fewer than are enough.
    keys: Vec<KeyId>,
    full_since_ms: Option<u64>,
}

impl Row {
    /// One more key. [`Turn::Began`]: with it there are `enough`, and the row stays full.
    pub(super) fn add(&mut self, key: KeyId, enough: usize, now_ms: u64) -> Turn {
        if self.is_full() {
            return Turn::None;
        }
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        if self.keys.len() < enough {
            return Turn::None;
        }
        *self = Self { keys: Vec::new(), full_since_ms: Some(now_ms) };
        Turn::Began
    }

    /// What came between has another cause.
    pub(super) fn interrupt(&mut self) {
        self.keys.clear();
    }

    /// An attempt begun at `begun_ms` succeeded. What was under way before the row was full tells nothing about what came since.
    pub(super) fn succeeded(&mut self, begun_ms: u64) -> Turn {
        match self.full_since_ms {
            Some(since_ms) if begun_ms < since_ms => Turn::None,
            Some(_) => {
                *self = Self::default();
                Turn::Ended
            }
            None => {
                self.keys.clear();
                Turn::None
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.full_since_ms.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.is_full()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}
