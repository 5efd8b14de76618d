//! Reads from the database what others have changed, and puts it in force.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::guards::Fate;
use domain::ids::{GroupId, KeyId};
use domain::notice::Notice;
use storage::keys::{KeyScan, PoolKey as StoredKey};
use storage::{Db, StorageError};

use super::wanted::Wanted;
use crate::key_store::rests::StoredRests;
use crate::key_store::{pool_key, state_of};
use crate::keyring::{Keyring, Pool, Verdicts};
use crate::snapshot::Service;
use crate::snapshot::build::Publisher;

/// Keys read by their ids at once.
const IDS: usize = 2_000;
/// Keys of a group read at once.
const KEYS_A_PAGE: u32 = 10_000;

/// Takes up what others have changed.
pub struct CatchUp {
    /// Where it stands.
    pub db: Db,
    /// All keys here.
    pub keyring: Arc<Keyring>,
    /// Puts groups and settings in force.
    pub publisher: Arc<Publisher>,
}

impl CatchUp {
    /// Takes up what happened to keys elsewhere, as far as it is only told: nothing is read.
    pub fn hear(&self, notice: &Notice) {
        for news in &notice.news {
            let service = self.publisher.current().service(news.group).cloned();
            self.keyring.pool(news.group).hear(news, verdicts(service.as_deref()));
        }
    }

    /// The same of what no row says: rests.
    pub fn hear_rests(&self, notice: &Notice) {
        notice.news.iter().for_each(|news| self.keyring.pool(news.group).hear_rests(news));
    }

    /// Reads what is wanted. What has been read is wanted no longer, but for keys that have just changed here: what is stored of them
    /// will soon be another.
    pub async fn read(&self, wanted: &mut Wanted) -> Result<(), StorageError> {
        if wanted.everything {
            self.want_everything(wanted).await?;
        }
        if wanted.configuration {
            self.publisher.refresh().await?;
            wanted.configuration = false;
        }
        while let Some(group) = wanted.gone.pop_first() {
            self.keyring.forget(group);
        }
        while let Some(group) = wanted.groups.first().copied() {
            let unsettled = self.read_group(group).await?;
            wanted.keys.extend(unsettled.into_iter().map(|key| (key, group)));
            wanted.groups.remove(&group);
        }
        if wanted.rests {
            self.read_rests().await?;
            wanted.rests = false;
        }
        self.read_keys(&mut wanted.keys).await
    }

    async fn want_everything(&self, wanted: &mut Wanted) -> Result<(), StorageError> {
        let groups: HashSet<_> = self.db.groups().await?.into_iter().map(|group| group.id).collect();
        let gone = self.keyring.groups().into_iter().filter(|group| !groups.contains(group)).collect();
        let groups = groups.into_iter().collect();
        *wanted = Wanted { configuration: true, gone, groups, rests: true, ..Wanted::default() };
        Ok(())
    }

    /// Those that are stored.
    async fn read_rests(&self) -> Result<(), StorageError> {
        let rests = StoredRests::read(&self.db).await?;
        for group in self.keyring.groups() {
            let pool = self.keyring.pool(group);
            rests.resume(&pool, &pool.ids_of(|key| rests.has(key.id)));
        }
        Ok(())
    }

    async fn read_group(&self, group: GroupId) -> Result<Vec<KeyId>, StorageError> {
        let _reading = self.keyring.changes().reading();
        let mut here = self.keyring.pool(group).ids_of(|_| true);
        here.sort_unstable();
        let (scan, mut after, mut unsettled) = (KeyScan { group: Some(group), status: None }, None, Vec::new());
        loop {
            let page = self.db.scan_keys(scan, after, KEYS_A_PAGE).await?;
            let is_last = page.len() < KEYS_A_PAGE as usize;
            after = page.last().map(|key| key.id).or(after);
            let read = if is_last { here.len() } else { here.partition_point(|id| Some(*id) <= after) };
            let expected: Vec<_> = here.drain(..read).map(|id| (id, group)).collect();
            unsettled.extend(self.take_up(page, &expected));
            if is_last {
                return Ok(unsettled);
            }
        }
    }

    async fn read_keys(&self, wanted: &mut BTreeMap<KeyId, GroupId>) -> Result<(), StorageError> {
        let mut later = BTreeMap::new();
        while !wanted.is_empty() {
            let _reading = self.keyring.changes().reading();
            let step: Vec<_> = wanted.iter().take(IDS).map(|(key, group)| (*key, *group)).collect();
            let ids: Vec<_> = step.iter().map(|(key, _)| *key).collect();
            let unsettled: HashSet<_> = self.take_up(self.db.keys_of(&ids).await?, &step).into_iter().collect();
            later.extend(step.into_iter().filter(|(key, _)| unsettled.contains(key)));
            for key in ids {
                wanted.remove(&key);
            }
        }
        *wanted = later;
        Ok(())
    }

    /// Makes memory what rows say; keys that are `expected` and have no row are gone. Returns those of which memory knows more.
    fn take_up(&self, rows: Vec<StoredKey>, expected: &[(KeyId, GroupId)]) -> Vec<KeyId> {
        let (snapshot, changes) = (self.publisher.current(), self.keyring.changes());
        let stored: HashSet<_> = rows.iter().map(|row| row.id).collect();
        let (mut new, mut gone): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        let mut unsettled = Vec::new();
        for row in rows {
            let (pool, group) = (self.keyring.pool(row.group_id), row.group_id);
            if pool.get(row.id).is_some() {
                let verdicts = verdicts(snapshot.service(group).map(AsRef::as_ref));
                unsettled.extend((!pool.settle(row.id, state_of(&row), verdicts)).then_some(row.id));
            } else if !changes.is_newer(row.id)
                && let Some(key) = pool_key(row)
            {
                new.entry(group).or_default().push(key);
            }
        }
        for (key, group) in expected.iter().filter(|(key, _)| !stored.contains(key)) {
            gone.entry(*group).or_default().push(*key);
        }
        let pool = |group: GroupId| -> Arc<Pool> { self.keyring.pool(group) };
        for (group, keys) in new {
            pool(group).add(keys);
        }
        for (group, keys) in gone {
            pool(group).remove(&keys);
        }
        unsettled
    }
}

/// How a group decides. Nothing is decided for one that is not in force.
fn verdicts(service: Option<&Service>) -> Verdicts<impl FnOnce(usize) -> Fate> {
    let threshold = service.map_or(0, |service| service.settings.blacklist_threshold);
    Verdicts {
        threshold: u32::try_from(threshold).unwrap_or(0),
        fate: move |active| service.map_or(Fate::Rest, |service| service.fate_of_one(active)),
    }
}

#[cfg(test)]
mod tests;
