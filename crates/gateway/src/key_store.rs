//! Keys in the database and in memory at once: whatever is added, deleted or given another status here is so in both.
//!
//! Long lists are done in steps, so that others can use the database between.

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;
use storage::keys::{Imported, KeyScan, PoolKey as StoredKey};
use storage::{Db, StorageError};

use crate::keyring::{Pool, PoolKey, StoredState};

pub mod load;
pub mod rests;

/// Keys written or read in one step.
pub const STEP: u32 = 1000;

/// Adds new keys to a group, active, at most [`storage::keys::SLICE`] in one call. They serve when this returns.
pub async fn add(db: &Db, pool: &Pool, group: GroupId, keys: &[Secret]) -> Result<Imported, StorageError> {
    let stored = db.insert_keys(group, keys).await?;
    let key = |(place, id): &(usize, _)| {
        keys.get(*place).map(|secret| PoolKey::new(*id, secret.clone(), KeyStatus::Active, 0))
    };
    pool.add(stored.added.iter().filter_map(key));
    Ok(stored)
}

/// Brings a group's keys into memory that have come into the database otherwise.
pub async fn load(db: &Db, pool: &Pool, group: GroupId) -> Result<(), StorageError> {
    let scan = KeyScan { group: Some(group), status: None };
    let mut after = None;
    loop {
        let page = db.scan_keys(scan, after, STEP).await?;
        after = page.last().map(|key| key.id).filter(|_| page.len() == STEP as usize);
        pool.add(page.into_iter().filter_map(pool_key));
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The state of a key, as it is stored.
#[must_use]
pub fn state_of(stored: &StoredKey) -> StoredState {
    StoredState { status: stored.status, failures: u32::try_from(stored.failure_count).unwrap_or(0) }
}

/// A key as it is stored. `None` if it can't be decrypted.
#[must_use]
pub fn pool_key(stored: StoredKey) -> Option<PoolKey> {
    let StoredState { status, failures } = state_of(&stored);
    Some(PoolKey::new(stored.id, stored.secret?, status, failures))
}

/// Deletes keys of a group. Returns how many there were.
pub async fn delete(db: &Db, pool: &Pool, group: GroupId, ids: &[KeyId]) -> Result<u64, StorageError> {
    let mut deleted = 0;
    for ids in ids.chunks(STEP as usize) {
        deleted += db.delete_keys(group, ids).await?;
        pool.remove(ids);
    }
    Ok(deleted)
}

/// Gives keys a status by an operator's word. Those that become active start afresh.
pub async fn set_status(db: &Db, pool: &Pool, ids: &[KeyId], status: KeyStatus) -> Result<(), StorageError> {
    for ids in ids.chunks(STEP as usize) {
        db.set_key_status(ids, status).await?;
        pool.set_status(ids, status);
    }
    Ok(())
}
