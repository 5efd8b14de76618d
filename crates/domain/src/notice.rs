//! What a node tells the others that share its database. No notice holds a key's text.
//!
//! What has been stored is only named: whoever hears of it reads it from the database. What happened to keys in traffic is told in full,
//! for others have to know it before it is stored, or while nothing can be.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, KeyId};
use crate::key::KeyStatus;

pub mod position;

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notice {
    /// Whether groups, links between them or settings are others.
    pub configuration: bool,
    /// Groups that are gone, with their keys.
    pub gone: Vec<GroupId>,
    /// Groups whose keys are all to be read.
    pub groups: Vec<GroupId>,
    /// Keys that are new, gone or others.
    pub keys: Vec<KeyRange>,
    /// What happened to keys.
    pub news: Vec<KeyNews>,
    /// The first and the last of the teller's numbers under which the news may have been told already.
    pub numbers: Option<(u64, u64)>,
}

/// Keys of a group by their ids, from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// The group.
    pub group: GroupId,
    /// The first id.
    pub first: KeyId,
    /// The last id.
    pub last: KeyId,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNews {
    /// Its group.
    pub group: GroupId,
    /// The key.
    pub key: KeyId,
    /// Its new status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<KeyStatus>,
    /// Its failures.
    #[serde(default, skip_serializing_if = "Failures::is_none")]
    pub failures: Failures,
    /// Why it was last refused: the status, and the provider's words with the key masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(u16, String)>,
    /// Whether its earlier rests are over before their time.
    #[serde(default)]
    pub rests_cleared: bool,
    /// Rests that have begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rests: Vec<RestNews>,
}

/// A rest that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestNews {
    /// The model it is for; empty: altogether.
    pub model: String,
    /// When it ends.
    pub until: Timestamp,
    /// Whether the provider named the time or we guessed it.
    pub guessed: bool,
}

/// What happened to a key's count of failures in a row. Nodes add to the same count, so it is told what was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// Whether those before are forgiven.
    pub forgiven: bool,
    /// Those since.
    pub added: u32,
}

impl Notice {
    /// Groups, links or settings are others.
    #[must_use]
    pub fn of_configuration() -> Self {
        Self { configuration: true, ..Self::default() }
    }

    /// Keys of a group are new, gone or others. Their ids may come in any order.
    #[must_use]
    pub fn of_keys(group: GroupId, ids: impl IntoIterator<Item = KeyId>) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        let mut keys: Vec<KeyRange> = Vec::new();
        for id in ids {
            match keys.last_mut() {
                Some(range) if id.0 <= range.last.0 + 1 => range.last = id,
                _ => keys.push(KeyRange { group, first: id, last: id }),
            }
        }
        Self { keys, ..Self::default() }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.configuration
            && self.gone.is_empty()
            && self.groups.is_empty()
            && self.keys.is_empty()
            && self.news.is_empty()
    }
}

impl KeyRange {
    /// All ids of the range.
    pub fn ids(self) -> impl Iterator<Item = KeyId> {
        (self.first.0..=self.last.0).map(KeyId)
    }
}

impl KeyNews {
    /// Whether the key's row is another once this is stored.
    #[must_use]
    pub fn changes_row(&self) -> bool {
        self.status.is_some() || !self.failures.is_none()
    }
}

impl Failures {
    /// All are forgiven.
    pub const FORGIVEN: Self = Self { forgiven: true, added: 0 };

    /// Whether nothing happened.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// One more.
    #[must_use]
    pub fn and_one(self) -> Self {
        Self { added: self.added.saturating_add(1), ..self }
    }

    /// This, and then what is `newer`.
    #[must_use]
    pub fn then(self, newer: Self) -> Self {
        if newer.forgiven { newer } else { Self { added: self.added.saturating_add(newer.added), ..self } }
    }

    /// What becomes of a count.
    #[must_use]
    pub fn on(self, count: u32) -> u32 {
        if self.forgiven { self.added } else { count.saturating_add(self.added) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_ranges() {
        let notice = Notice::of_keys(GroupId(1), [7, 3, 4, 9, 5, 4].map(KeyId));
        let ranges: Vec<_> = notice.keys.iter().map(|range| (range.first.0, range.last.0)).collect();
        assert_eq!(ranges, [(3, 5), (7, 7), (9, 9)]);
        assert!(!notice.is_empty() && Notice::default().is_empty() && Notice::of_keys(GroupId(1), []).is_empty());
    }

    #[test]
    fn failures_add_up_until_they_are_forgiven() {
        let two = Failures::default().and_one().and_one();
        assert_eq!(two.on(3), 5);
        assert_eq!(two.then(Failures::FORGIVEN).on(3), 0);
        assert_eq!(Failures::FORGIVEN.then(two).on(3), 2);
        assert!(Failures::default().is_none() && !Failures::FORGIVEN.is_none());
    }

    #[test]
    fn what_a_later_version_adds_is_passed_over_and_what_it_leaves_out_is_nothing() {
        let notice: Notice =
            serde_json::from_str(r#"{"later": 1, "news": [{"group": 1, "key": 2, "later": true}]}"#).unwrap();
        assert_eq!((notice.news.len(), notice.news[0].changes_row()), (1, false));
    }
}
