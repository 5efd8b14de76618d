//! How far a node has read the feed of changes.
//!
//! Rows get their ids in the order in which they are written and are seen in the order in which they are committed. So an id that is missing
//! may still come, and is waited for; one that belongs to a transaction that was taken back never does.

use std::collections::BTreeMap;

/// How long a missing id is waited for, in milliseconds: longer than any commit takes.
const PATIENCE_MS: u64 = 60_000;

/// Everything up to an id, and what lies beyond a gap. Time is any monotonic count of milliseconds, passed in.
#[derive(Clone, Debug)]
pub struct Position {
    read_to: i64,
    beyond: BTreeMap<i64, u64>,
}

impl Position {
    /// Everything up to `id` is known.
    #[must_use]
    pub fn at(id: i64) -> Self {
        Self { read_to: id, beyond: BTreeMap::new() }
    }

    /// The id up to which everything has been read.
    #[must_use]
    pub fn read_to(&self) -> i64 {
        self.read_to
    }

    /// The last id that has been read.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.beyond.last_key_value().map_or(self.read_to, |(id, _)| *id)
    }

    /// Notes that `id` is being read; returns whether it has not been before.
    pub fn read(&mut self, id: i64, now_ms: u64) -> bool {
        id > self.read_to && self.beyond.insert(id, now_ms).is_none()
    }

    /// Closes the gaps that have been filled, or have been waited for long enough.
    pub fn close_gaps(&mut self, now_ms: u64) {
        while let Some(entry) = self.beyond.first_entry() {
            if *entry.key() != self.read_to + 1 && now_ms < entry.get().saturating_add(PATIENCE_MS) {
                break;
            }
            self.read_to = entry.remove_entry().0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_waited_for_and_nothing_is_read_twice() {
        let mut position = Position::at(10);
        for id in [11, 13, 14] {
            assert!(position.read(id, 0));
        }
        position.close_gaps(5);
        assert_eq!((position.read_to(), position.last()), (11, 14));
        assert!(!position.read(11, 6) && !position.read(13, 6), "read before");
        assert!(position.read(12, 7), "committed late");
        position.close_gaps(7);
        assert_eq!((position.read_to(), position.last()), (14, 14));
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut position = Position::at(0);
        position.read(2, 0);
        position.read(4, 1_000);
        position.close_gaps(PATIENCE_MS - 1);
        assert_eq!(position.read_to(), 0);
        position.close_gaps(PATIENCE_MS);
        assert_eq!((position.read_to(), position.last()), (2, 4));
        position.close_gaps(PATIENCE_MS + 1_000);
        assert_eq!(position.read_to(), 4);
    }
}
