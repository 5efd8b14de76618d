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

/// Entries that are put into the order of the database's index at a time: in any other order each batch would change most of the
/// index. What fits into one batch keeps its order.
const WINDOW: usize = 40 * SLICE;

/// Adds the keys of `text` to a group.
pub async fn run(progress: Progress, db: Db, pool: &Pool, group: GroupId, text: String) -> anyhow::Result<Value> {
    let (mut added, mut ignored, mut first) = (0, 0, None);
    let mut rest = entries(&text);
    loop {
        let mut window: Vec<_> = rest.by_ref().take(WINDOW).collect();
        if window.is_empty() {
            return Ok(json!({"added_count": added, "ignored_count": ignored}));
        }
        if window.len() > SLICE {
            window.sort_by_cached_key(|entry| db.index_order(&entry.key));
        }
        for slice in window.chunks(SLICE) {
            let (blanks, batch): (Vec<_>, Vec<_>) = slice.iter().partition(|entry| entry.key.is_empty());
            let keys: Vec<_> = batch.iter().map(|entry| Secret::from(&*entry.key)).collect();
            let stored = key_store::add(&db, pool, group, &keys).await?;
            first = first.or(stored.added.iter().map(|(_, id)| *id).min());
            added += stored.added.len();
            ignored += slice.len() - stored.added.len();
            report_blanks(&progress, &blanks);
            report_known(&progress, &db, group, &batch, &stored, first).await?;
            progress.advance(slice.len())?;
        }
    }
}

fn report_blanks(progress: &Progress, blanks: &[&Entry<'_>]) {
    let ignored = |entry: &&Entry<'_>| Ignored { line: entry.line, key: mask(&entry.key), reason: Reason::Blank };
    progress.ignored(blanks.iter().take(progress.room_for_ignored()).map(ignored));
}

/// Tells of the keys of a batch that were not added: the group has had them since before the first key of this import, or since.
async fn report_known(
    progress: &Progress,
    db: &Db,
    group: GroupId,
    batch: &[&Entry<'_>],
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
