//! Tells the database what has happened to keys, in batches of at most 200 ms.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::ids::KeyId;
use domain::notice::Notice;
use storage::keys::{Cooldown, KeyChange as StoredChange, KeyChanges, KeyFailure};
use storage::{Db, StorageError};

use super::Job;
use crate::keyring::Changes;
use crate::keyring::changes::{KeyChange, Taken};

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(100);

/// Rows written in one transaction: others can use the database between.
const STEP: usize = 1000;

/// The job.
pub struct PersistKeys {
    /// Where to.
    pub db: Db,
    /// Where from.
    pub changes: Arc<Changes>,
}

impl Job for PersistKeys {
    const NAME: &'static str = "persist_keys";

    async fn due(&mut self) {
        self.changes.wait().await;
        tokio::time::sleep(GATHER).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let mut left = self.changes.take();
        let stored = self.store(&mut left).await;
        self.changes.put_back(left);
        stored.context("key states could not be stored")
    }
}

impl PersistKeys {
    /// Stores changes in steps, and takes away those that are stored.
    async fn store(&self, left: &mut Taken) -> Result<(), StorageError> {
        while !left.changes.is_empty() {
            let mut step: Vec<_> = left.changes.iter().take(STEP).collect();
            step.sort_unstable_by_key(|(id, _)| **id);
            self.db.store_key_changes(&to_store(&step, left.numbers)).await?;
            let done: Vec<_> = step.into_iter().map(|(id, _)| *id).collect();
            for id in done {
                left.changes.remove(&id);
            }
        }
        Ok(())
    }
}

fn to_store(changes: &[(&KeyId, &KeyChange)], numbers: Option<(u64, u64)>) -> KeyChanges {
    let changes = || changes.iter().map(|(id, change)| (**id, *change));
    KeyChanges {
        states: changes().map(|(id, change)| state(id, change)).collect(),
        rested: changes().filter(|(_, change)| change.rests_cleared).map(|(id, _)| id).collect(),
        rests: changes().flat_map(|(id, change)| rests(id, change)).collect(),
        notice: Notice { news: changes().map(|(id, change)| change.news(id)).collect(), numbers, ..Notice::default() },
    }
}

fn state(id: KeyId, change: &KeyChange) -> StoredChange {
    let failure = change.fault.as_ref().map(|fault| KeyFailure {
        message: fault.message.clone(),
        status: Some(fault.status),
        at: fault.at,
    });
    StoredChange { id, status: change.status, failures: change.failures, last_error: failure }
}

fn rests(id: KeyId, change: &KeyChange) -> impl Iterator<Item = Cooldown> {
    change.rests.iter().filter(|(_, rest)| rest.is_long).map(move |(model, rest)| Cooldown {
        key_id: id,
        model: Some(model.clone()).filter(|model| !model.is_empty()),
        until: rest.until,
        guessed: rest.guessed,
    })
}
