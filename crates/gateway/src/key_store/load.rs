//! Keys from the database into memory when the program starts: first so many of each group that it can serve, then, while it serves,
//! the others.
//!
//! Whoever works on the keys of a group, and not just with one of them, waits until all are [`Loaded`]: else a key that is being
//! deleted could come in again from a page that was read before.

use std::collections::HashMap;
use std::time::Duration;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use storage::keys::{KeyScan, PoolKey as StoredKey};
use storage::{Db, StorageError};
use tokio::sync::watch;

use super::pool_key;
use super::rests::StoredRests;
use crate::clock;
use crate::keyring::{Keyring, PoolKey};

/// Keys that are read at once of a group that has none yet.
const FIRST_KEYS: u32 = 1_000;
/// Keys read at once later.
const KEYS_A_PAGE: u32 = 10_000;
/// Between two attempts to go on, if the database is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells when all keys are in memory.
#[derive(Clone, Debug)]
pub struct Loaded(watch::Receiver<bool>);

impl Loaded {
    /// Nothing is to be waited for.
    #[cfg(test)]
    pub fn all() -> Self {
        Self(watch::Sender::new(true).subscribe())
    }

    /// Waits until they are. If they will never be, the program is about to end, and so is the waiting.
    pub async fn wait(&self) {
        let _ = self.0.clone().wait_for(|loaded| *loaded).await;
    }
}

/// The keys on their way into memory.
pub struct Loading {
    db: Db,
    rests: StoredRests,
    /// The last key of the pages that have been read from end to end.
    after: Option<KeyId>,
    unreadable: usize,
    loaded: watch::Sender<bool>,
}

impl Loading {
    /// Loads as many keys of each group as it takes to serve.
    pub async fn begin(db: Db, keyring: &Keyring) -> Result<Self, StorageError> {
        let rests = StoredRests::read(&db).await?;
        let groups = db.groups().await?;
        let loading = Self { db, rests, after: None, unreadable: 0, loaded: watch::Sender::new(false) };
        for group in groups {
            loading.load_some(keyring, group.id).await?;
        }
        Ok(loading)
    }

    /// Tells when [`finish`](Self::finish) has done its work.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        Loaded(self.loaded.subscribe())
    }

    /// Loads all others.
    pub async fn finish(mut self, keyring: &Keyring) {
        while let Err(error) = self.load_rest(keyring).await {
            tracing::warn!(%error, "the keys can't be loaded, and those that are missing do not serve yet");
            tokio::time::sleep(PAUSE).await;
        }
        if self.unreadable > 0 {
            let keys = self.unreadable;
            tracing::error!(keys, "keys can't be decrypted with the present ENCRYPTION_KEY and are not used");
        }
        self.loaded.send_replace(true);
    }

    async fn load_some(&self, keyring: &Keyring, group: GroupId) -> Result<(), StorageError> {
        let (pool, mut after) = (keyring.pool(group), None);
        let active = KeyScan { group: Some(group), status: Some(KeyStatus::Active) };
        loop {
            let page = self.db.scan_keys(active, after, FIRST_KEYS).await?;
            let is_last = page.len() < FIRST_KEYS as usize;
            after = page.last().map(|key| key.id);
            self.take(keyring, page);
            if is_last || pool.has_usable(None, clock::mono_ms()) {
                return Ok(());
            }
        }
    }

    async fn load_rest(&mut self, keyring: &Keyring) -> Result<(), StorageError> {
        loop {
            let page = self.db.scan_keys(KeyScan::default(), self.after, KEYS_A_PAGE).await?;
            let is_last = page.len() < KEYS_A_PAGE as usize;
            self.after = page.last().map(|key| key.id).or(self.after);
            self.unreadable += self.take(keyring, page);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Puts keys into their pools, but for those that are there: memory knows more of them. Returns how many can't be decrypted.
    fn take(&self, keyring: &Keyring, page: Vec<StoredKey>) -> usize {
        let mut by_group: HashMap<GroupId, Vec<PoolKey>> = HashMap::new();
        let mut unreadable = 0;
        for key in page {
            let group = key.group_id;
            match pool_key(key) {
                Some(key) => by_group.entry(group).or_default().push(key),
                None => unreadable += 1,
            }
        }
        for (group, mut keys) in by_group {
            let pool = keyring.pool(group);
            keys.retain(|key| pool.get(key.id).is_none());
            let resting: Vec<_> = keys.iter().map(|key| key.id).filter(|key| self.rests.has(*key)).collect();
            pool.add(keys);
            self.rests.resume(&pool, &resting);
        }
        unreadable
    }
}

#[cfg(test)]
mod tests;
