//! Tells the database what has happened to keys, in batches of at most 200 ms.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::KeyId;
use domain::key::KeyStatus;
use storage::Db;
use storage::keys::{Cooldown, KeyChange as StoredChange, KeyFailure};

use super::Job;
use crate::keyring::Changes;
use crate::keyring::changes::KeyChange;

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
        let changes = self.changes.take();
        let stored: Vec<_> = changes.iter().map(|(id, change)| stored(*id, change)).collect();
        let (switched, stored): (Vec<_>, Vec<_>) = stored.into_iter().partition(is_switch);
        let cleared: Vec<_> = changes.iter().filter(|(_, change)| change.rests_cleared).map(|(id, _)| *id).collect();
        let rests: Vec<_> = changes.iter().flat_map(|(id, change)| rests(*id, change)).collect();
        let written = async {
            for status in [KeyStatus::Active, KeyStatus::Invalid, KeyStatus::Disabled] {
                let ids = switched.iter().filter(|change| change.status == Some(status)).map(|change| change.id);
                for ids in ids.collect::<Vec<_>>().chunks(STEP) {
                    self.db.set_key_status(ids, status).await?;
                }
            }
            for stored in stored.chunks(STEP) {
                self.db.apply_key_changes(stored).await?;
            }
            for cleared in cleared.chunks(STEP) {
                self.db.delete_cooldowns(cleared).await?;
            }
            for rests in rests.chunks(STEP) {
                self.db.save_cooldowns(rests).await?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = written.await {
            self.changes.put_back(changes);
            return Err(error.context("key states could not be stored"));
        }
        Ok(())
    }
}

fn stored(id: KeyId, change: &KeyChange) -> StoredChange {
    let failure = change.fault.as_ref().map(|fault| KeyFailure {
        message: fault.message.clone(),
        status: Some(fault.status),
        at: fault.at,
    });
    StoredChange { id, status: change.status, failure_count: change.failure_count.map(i64::from), last_error: failure }
}

/// Whether a change is just what [`Db::set_key_status`] makes, for many keys at once: operators switch thousands.
fn is_switch(change: &StoredChange) -> bool {
    let StoredChange { status, failure_count, last_error, .. } = change;
    let failures = (*status == Some(KeyStatus::Active)).then_some(0);
    status.is_some() && *failure_count == failures && last_error.is_none()
}

fn rests(id: KeyId, change: &KeyChange) -> impl Iterator<Item = Cooldown> {
    change.rests.iter().map(move |(model, rest)| Cooldown {
        key_id: id,
        model: Some(model.clone()).filter(|model| !model.is_empty()),
        until: rest.until,
        guessed: rest.guessed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_a_status_and_nothing_else_is_written_for_many_at_once() {
        let change = |status, failure_count| StoredChange { id: KeyId(1), status, failure_count, last_error: None };
        for (change, expected) in [
            (change(Some(KeyStatus::Active), Some(0)), true),
            (change(Some(KeyStatus::Disabled), None), true),
            (change(Some(KeyStatus::Active), None), false),
            (change(Some(KeyStatus::Active), Some(2)), false),
            (change(Some(KeyStatus::Invalid), Some(3)), false),
            (change(None, None), false),
        ] {
            assert_eq!(is_switch(&change), expected, "{change:?}");
        }
    }
}
