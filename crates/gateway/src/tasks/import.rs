//! Keys from a text into a group. The text may hold a million: beside it, a batch of them at most is in memory twice.

use std::collections::HashSet;

use domain::ids::{GroupId, KeyId};
use domain::key::text::{Entry, entries};
use domain::secret::{Secret, mask};
use serde_json::{Value, json};
use storage::keys::{Imported, SLICE};
use storage::{Db, StorageError};

use super::{Ignored, Progress, Reason};
use crate::key_store;
use crate::keyring::Pool;

/// Adds the keys of `text` to a group.
pub async fn run(progress: Progress, db: Db, pool: &Pool, group: GroupId, text: String) -> anyhow::Result<Value> {
    let (mut added, mut ignored, mut first) = (0, 0, None);
    let mut rest = entries(&text);
    loop {
        let (blanks, batch): (Vec<_>, Vec<_>) = rest.by_ref().take(SLICE).partition(|entry| entry.key.is_empty());
        let given = blanks.len() + batch.len();
        if given == 0 {
            return Ok(json!({"added_count": added, "ignored_count": ignored}));
        }
        let keys: Vec<_> = batch.iter().map(|entry| Secret::from(&*entry.key)).collect();
        let stored = key_store::add(&db, pool, group, &keys).await?;
        first = first.or(stored.added.first().map(|(_, id)| *id));
        added += stored.added.len();
        ignored += given - stored.added.len();
        report(&progress, &blanks, |_| Reason::Blank);
        report_known(&progress, &db, group, &batch, &stored, first).await?;
        progress.advance(given).await?;
    }
}

fn report(progress: &Progress, entries: &[Entry<'_>], reason: impl Fn(usize) -> Reason) {
    let ignored = |(place, entry): (usize, &Entry<'_>)| Ignored {
        line: entry.line,
        key: mask(&entry.key),
        reason: reason(place),
    };
    progress.ignored(entries.iter().enumerate().take(progress.room_for_ignored()).map(ignored));
}

/// Tells of the keys of a batch that were not added: the group has had them since before the first key of this import, or since.
async fn report_known(
    progress: &Progress,
    db: &Db,
    group: GroupId,
    batch: &[Entry<'_>],
    stored: &Imported,
    first: Option<KeyId>,
) -> Result<(), StorageError> {
    let added: HashSet<usize> = stored.added.iter().map(|(place, _)| *place).collect();
    let known = batch.iter().enumerate().filter(|(place, _)| !added.contains(place));
    let known: Vec<_> = known.take(progress.room_for_ignored()).map(|(_, entry)| entry).collect();
    if known.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = known.iter().map(|entry| Secret::from(&*entry.key)).collect();
    let found = db.find_keys(group, &keys).await?;
    let is_older = |id: KeyId| first.is_none_or(|first| id < first);
    let older: HashSet<usize> = found.into_iter().filter(|(_, id)| is_older(*id)).map(|(place, _)| place).collect();
    progress.ignored(known.iter().enumerate().map(|(place, entry)| Ignored {
        line: entry.line,
        key: mask(&entry.key),
        reason: if older.contains(&place) { Reason::AlreadyInGroup } else { Reason::RepeatedInText },
    }));
    Ok(())
}
