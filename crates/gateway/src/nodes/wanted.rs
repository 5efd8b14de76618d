//! What is to be read from the database anew.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{GroupId, KeyId};
use domain::notice::Notice;

/// What others have changed and has yet to be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All there is.
    pub everything: bool,
    /// Groups, links and settings.
    pub configuration: bool,
    /// Groups that are gone.
    pub gone: BTreeSet<GroupId>,
    /// All keys of these groups.
    pub groups: BTreeSet<GroupId>,
    /// The rests that are stored.
    pub rests: bool,
    /// Keys, with their groups.
    pub keys: BTreeMap<KeyId, GroupId>,
}

impl Wanted {
    /// Adds what a notice says; `None` is one that can't be read.
    pub fn add(&mut self, notice: Option<&Notice>) {
        let Some(notice) = notice else {
            self.everything = true;
            return;
        };
        self.configuration |= notice.configuration;
        self.gone.extend(&notice.gone);
        self.groups.extend(&notice.groups);
        self.keys.extend(notice.keys.iter().flat_map(|range| range.ids().map(|id| (id, range.group))));
        self.keys.extend(notice.news.iter().filter(|news| news.changes_row()).map(|news| (news.key, news.group)));
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: Self) {
        self.everything |= other.everything;
        self.configuration |= other.configuration;
        self.rests |= other.rests;
        self.gone.extend(other.gone);
        self.groups.extend(other.groups);
        self.keys.extend(other.keys);
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use domain::notice::{Failures, KeyNews};

    use super::*;

    #[test]
    fn what_is_stored_is_read_and_what_is_only_told_is_not() {
        let news = |key, failures| KeyNews {
            group: GroupId(1),
            key: KeyId(key),
            status: None,
            failures,
            fault: None,
            rests_cleared: true,
            rests: vec![],
        };
        let mut wanted = Wanted::default();
        wanted.add(Some(&Notice::of_keys(GroupId(2), [KeyId(5), KeyId(6)])));
        let news = vec![news(8, Failures::FORGIVEN), news(9, Failures::default())];
        wanted.add(Some(&Notice { news, configuration: true, ..Notice::default() }));
        let keys: Vec<_> = wanted.keys.iter().map(|(key, group)| (key.0, group.0)).collect();
        assert_eq!((keys, wanted.configuration, wanted.everything), (vec![(5, 2), (6, 2), (8, 1)], true, false));
        wanted.add(None);
        assert!(wanted.everything);
    }
}
