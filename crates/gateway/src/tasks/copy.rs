//! The keys of one group into another.

use domain::ids::GroupId;
use domain::key::KeyStatus;
use serde_json::{Value, json};
use storage::Db;
use storage::keys::{KeyScan, SLICE};

use super::Progress;
use crate::key_store;
use crate::keyring::Pool;

/// Adds the keys that `from` finds to the group `to`. They start afresh there, but those that a person has disabled stay so. Keys that
/// can't be decrypted are left out.
pub async fn run(progress: Progress, db: Db, pool: &Pool, from: KeyScan, to: GroupId) -> anyhow::Result<Value> {
    let (mut added, mut ignored, mut after) = (0, 0, None);
    loop {
        let page = db.scan_keys(from, after, u32::try_from(SLICE)?).await?;
        let Some(last) = page.last() else {
            return Ok(json!({"added_count": added, "ignored_count": ignored}));
        };
        after = Some(last.id);
        let given = page.len();
        let (keys, statuses): (Vec<_>, Vec<_>) =
            page.into_iter().filter_map(|key| Some((key.secret?, key.status))).unzip();
        let stored = key_store::add(&db, pool, to, &keys).await?;
        let is_disabled = |place: usize| statuses.get(place) == Some(&KeyStatus::Disabled);
        let disabled: Vec<_> =
            stored.added.iter().filter(|(place, _)| is_disabled(*place)).map(|(_, id)| *id).collect();
        key_store::set_status(&db, pool, &disabled, KeyStatus::Disabled).await?;
        added += stored.added.len();
        ignored += given - stored.added.len();
        progress.advance(given)?;
    }
}
