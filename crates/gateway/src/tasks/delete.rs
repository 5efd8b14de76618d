//! Keys out of a group: those of a text, or chosen ones.

use domain::ids::{GroupId, KeyId};
use domain::key::text::entries;
use domain::secret::Secret;
use serde_json::{Value, json};
use storage::Db;

use super::Progress;
use crate::key_store::{self, STEP};
use crate::keyring::Pool;

/// Deletes the keys of `text` that the group has.
pub async fn run(progress: Progress, db: Db, pool: &Pool, group: GroupId, text: String) -> anyhow::Result<Value> {
    let (mut deleted, mut given) = (0, 0);
    let mut rest = entries(&text);
    loop {
        let batch: Vec<_> = rest.by_ref().take(STEP as usize).map(|entry| Secret::from(&*entry.key)).collect();
        if batch.is_empty() {
            return Ok(json!({"deleted_count": deleted, "ignored_count": given - deleted.min(given)}));
        }
        let mut ids: Vec<_> = db.find_keys(group, &batch).await?.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        deleted += key_store::delete(&db, pool, group, &ids).await?;
        given += batch.len() as u64;
        progress.advance(batch.len())?;
    }
}

/// Deletes the keys with these ids.
pub async fn run_ids(
    progress: Progress,
    db: Db,
    pool: &Pool,
    group: GroupId,
    ids: Vec<KeyId>,
) -> anyhow::Result<Value> {
    let mut deleted = 0;
    for ids in ids.chunks(STEP as usize) {
        deleted += key_store::delete(&db, pool, group, ids).await?;
        progress.advance(ids.len())?;
    }
    Ok(json!({"deleted_count": deleted, "ignored_count": ids.len() as u64 - deleted}))
}
