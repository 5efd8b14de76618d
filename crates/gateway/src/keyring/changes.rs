//! What has happened to keys that the database has yet to be told.
//!
//! One entry a key, whatever happens to it in between, with a bounded number of rests: so the store is bounded by the number of keys.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::{Failures, KeyNews, RestNews};
use jiff::Timestamp;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard, Notify};

/// Rests of one key that are noted: as many as it can have models to rest for.
const MAX_RESTS: usize = super::rests::MAX_MODELS;
/// Rests longer than this survive a restart.
pub const LONG_REST: Duration = Duration::from_mins(5);
/// Rests longer than this are told to other nodes.
const SHARED_REST: Duration = Duration::from_secs(1);

/// The state of a key that differs from its row.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// Its group.
    pub group: GroupId,
    /// The new status.
    pub status: Option<KeyStatus>,
    /// Failures of its own in a row.
    pub failures: Failures,
    /// What the provider last held against it.
    pub fault: Option<KeyFault>,
    /// Rests that have begun, by model (empty: altogether).
    pub rests: HashMap<String, NotedRest>,
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

/// A rest that is worth noting.
#[derive(Clone, Copy, Debug)]
pub struct NotedRest {
    /// When it ends.
    pub until: Timestamp,
    /// Whether the provider named the time or we guessed it.
    pub guessed: bool,
    /// Whether it is to survive a restart.
    pub is_long: bool,
}

/// Changes that are to be stored.
#[derive(Debug, Default)]
pub struct Taken {
    /// Of each key.
    pub changes: HashMap<KeyId, KeyChange>,
    /// The first and the last of the numbers under which they may have been told to other nodes.
    pub numbers: Option<(u64, u64)>,
}

/// As long as it lives, changes are remembered of which a reader of the database may not know.
#[derive(Debug)]
pub struct Reading<'c>(&'c Changes);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.noted().overtaken = None;
    }
}

/// The changes of all pools.
#[derive(Debug)]
pub struct Changes {
    noted: Mutex<Noted>,
    added: Notify,
    /// There is something that other nodes have yet to be told.
    added_untold: Notify,
    /// Rests that last longer are noted, in milliseconds.
    least_rest_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct Noted {
    pending: HashMap<KeyId, KeyChange>,
    /// The first and the last of the numbers under which what is pending is told to other nodes.
    numbers: Option<(u64, u64)>,
    /// What other nodes have yet to be told, while they can be.
    untold: Option<HashMap<KeyId, KeyChange>>,
    /// Under which it will be told.
    number: u64,
    /// Keys whose changes were taken and may not be stored yet.
    taken: HashSet<KeyId>,
    /// While somebody reads the database: keys of which he may read what is no longer so.
    overtaken: Option<HashSet<KeyId>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            noted: Mutex::default(),
            added: Notify::new(),
            added_untold: Notify::new(),
            least_rest_ms: AtomicU64::new(millis(LONG_REST)),
        }
    }
}

impl Changes {
    /// From now on rests are noted, too, that only other nodes are to know.
    pub fn share(&self) {
        self.least_rest_ms.store(millis(SHARED_REST), Ordering::Relaxed);
    }

    /// Whether a rest of this length is to be noted.
    #[must_use]
    pub fn notes_rest(&self, rest: Duration) -> bool {
        millis(rest) > self.least_rest_ms.load(Ordering::Relaxed)
    }

    /// Notes a change of `key`.
    pub fn note(&self, group: GroupId, key: KeyId, change: impl FnOnce(&mut KeyChange)) {
        let mut news = KeyChange::of(group);
        change(&mut news);
        let mut noted = self.noted();
        noted.overtaken.iter_mut().for_each(|overtaken| _ = overtaken.insert(key));
        let (number, first) = (noted.number, noted.numbers.map(|(first, _)| first));
        noted.numbers = Some((first.unwrap_or(number), number));
        if let Some(untold) = &mut noted.untold {
            overlay(untold, key, news.clone());
        }
        let is_untold = noted.untold.is_some();
        overlay(&mut noted.pending, key, news);
        drop(noted);
        self.added.notify_one();
        if is_untold {
            self.added_untold.notify_one();
        }
    }

    /// Other nodes can be told from now on, or no longer. What they are not told they read from the database.
    pub fn tell(&self, can_be: bool) {
        let mut noted = self.noted();
        noted.untold = can_be.then(HashMap::new);
        noted.number += 1;
    }

    /// Waits until there is something that other nodes have yet to be told, and can be.
    pub async fn wait_for_untold(&self) {
        while self.noted().untold.as_ref().is_none_or(HashMap::is_empty) {
            self.added_untold.notified().await;
        }
    }

    /// Takes what other nodes have yet to be told, and the number under which to tell it.
    #[must_use]
    pub fn take_untold(&self) -> Option<(HashMap<KeyId, KeyChange>, u64)> {
        let mut noted = self.noted();
        let untold = std::mem::take(noted.untold.as_mut().filter(|untold| !untold.is_empty())?);
        noted.number += 1;
        Some((untold, noted.number - 1))
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
        self.noted().pending.len()
    }

    /// Takes all changes. Whoever does calls [`put_back`](Self::put_back) next.
    #[must_use]
    pub fn take(&self) -> Taken {
        let mut noted = self.noted();
        let changes = std::mem::take(&mut noted.pending);
        noted.taken = changes.keys().copied().collect();
        Taken { changes, numbers: noted.numbers.take() }
    }

    /// The others are stored; gives back those that could not be. What has been noted since is newer and wins.
    pub fn put_back(&self, taken: Taken) {
        let mut noted = self.noted();
        noted.taken.clear();
        if taken.changes.is_empty() {
            return;
        }
        let newer = std::mem::replace(&mut noted.pending, taken.changes);
        for (key, newer) in newer {
            overlay(&mut noted.pending, key, newer);
        }
        noted.numbers = match (taken.numbers, noted.numbers) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (taken, newer) => taken.or(newer),
        };
    }

    /// Somebody, and nobody else, is about to read keys from the database and to take up what it says.
    pub fn reading(&self) -> Reading<'_> {
        self.noted().overtaken = Some(HashSet::new());
        Reading(self)
    }

    /// Keys have left their pool.
    pub fn left(&self, keys: &[KeyId]) {
        self.noted().overtaken.iter_mut().for_each(|overtaken| overtaken.extend(keys));
    }

    /// Whether memory may know more of a key than the database said since somebody is [`reading`](Self::reading).
    #[must_use]
    pub fn is_newer(&self, key: KeyId) -> bool {
        let noted = self.noted();
        let is_overtaken = noted.overtaken.as_ref().is_some_and(|overtaken| overtaken.contains(&key));
        is_overtaken || noted.pending.contains_key(&key) || noted.taken.contains(&key)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyChange {
    fn of(group: GroupId) -> Self {
        Self {
            group,
            status: None,
            failures: Failures::default(),
            fault: None,
            rests: HashMap::new(),
            rests_cleared: false,
        }
    }

    /// Notes a rest for `model` (empty: altogether). Beyond [`MAX_RESTS`] the one that ends first is left out.
    pub fn rest(&mut self, model: String, rest: NotedRest) {
        self.rests.insert(model, rest);
        if self.rests.len() > MAX_RESTS
            && let Some(first) = self.rests.iter().min_by_key(|(_, rest)| rest.until).map(|(model, _)| model.clone())
        {
            self.rests.remove(&first);
        }
    }

    /// The same, for other nodes.
    #[must_use]
    pub fn news(&self, key: KeyId) -> KeyNews {
        let rest = |(model, rest): (&String, &NotedRest)| RestNews {
            model: model.clone(),
            until: rest.until,
            guessed: rest.guessed,
        };
        KeyNews {
            group: self.group,
            key,
            status: self.status,
            failures: self.failures,
            fault: self.fault.as_ref().map(|fault| (fault.status, fault.message.clone())),
            rests_cleared: self.rests_cleared,
            rests: self.rests.iter().map(rest).collect(),
        }
    }

    fn overlaid(mut self, newer: Self) -> Self {
        if newer.rests_cleared {
            self.rests.clear();
        }
        newer.rests.into_iter().for_each(|(model, rest)| self.rest(model, rest));
        Self {
            group: self.group,
            status: newer.status.or(self.status),
            failures: self.failures.then(newer.failures),
            fault: newer.fault.or(self.fault),
            rests: self.rests,
            rests_cleared: newer.rests_cleared || self.rests_cleared,
        }
    }
}

/// What is newer comes over what a key has.
fn overlay(changes: &mut HashMap<KeyId, KeyChange>, key: KeyId, newer: KeyChange) {
    let whole = match changes.remove(&key) {
        Some(older) => older.overlaid(newer),
        None => newer,
    };
    changes.insert(key, whole);
}

fn millis(rest: Duration) -> u64 {
    u64::try_from(rest.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
