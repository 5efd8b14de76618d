//! Putting a backup into a database.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Seek};

use domain::group::SubGroup;
use domain::ids::GroupId;
use domain::notice::Notice;
use sea_query::{Expr, Query};

use super::record::{GroupRecord, KeyRecord, Record, SettingRecord, SubGroupRecord};
use super::{BackupError, BackupFault, Checked, Counts};
use crate::engine::{Row, Tx};
use crate::schema::{ApiKeys, Groups, SystemSettings};
use crate::{Db, StorageError};

/// Rows an `INSERT` takes: databases limit the parameters of a statement.
const ROWS: usize = 500;

/// What becomes of groups whose names the database has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is restored at all.
    #[default]
    Refuse,
    /// They stay as they are, with their keys; so do settings that were changed. Only the rest is restored.
    Keep,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// What is new. Settings take the place of those that were there.
    pub counts: Counts,
    /// Ids of the new groups.
    pub groups: Vec<GroupId>,
    /// Names of the groups that stayed as they are.
    pub kept: Vec<String>,
}

impl Db {
    /// Restores a backup in one transaction: all of it or, after an error, nothing.
    ///
    /// Others can't write meanwhile, which for a million keys takes the better part of a minute.
    pub async fn restore<R: BufRead + Seek>(
        &self,
        backup: &mut Checked<R>,
        existing: Existing,
    ) -> Result<Restored, BackupError> {
        let mut restore = Restore::begin(self, backup.groups(), existing).await?;
        backup.rewind()?;
        let mut keys = Vec::new();
        loop {
            match backup.next_record()? {
                Record::Setting(setting) => restore.setting(&setting).await?,
                Record::Group(group) => restore.group(&group).await?,
                Record::SubGroup(link) => restore.sub_group(&link).await?,
                Record::Key(key) => keys.push(key),
                Record::End(_) => break,
            }
            if keys.len() == ROWS {
                restore.keys(&keys).await?;
                keys.clear();
            }
        }
        restore.keys(&keys).await?;
        let Restore { tx, done, .. } = restore;
        let notice = Notice { configuration: true, groups: done.groups.clone(), ..Notice::default() };
        self.commit(tx, &notice).await?;
        Ok(done)
    }
}

struct Restore<'d> {
    db: &'d Db,
    tx: Tx<'static>,
    /// Settings that stay as they are.
    kept_settings: HashSet<String>,
    /// Groups by name, those of the database first.
    ids: HashMap<String, GroupId>,
    done: Restored,
}

impl<'d> Restore<'d> {
    async fn begin<'g>(
        db: &'d Db,
        groups: impl Iterator<Item = &'g str>,
        existing: Existing,
    ) -> Result<Self, BackupError> {
        let mut tx = db.engine().begin().await?;
        let rows = tx.fetch(Query::select().columns([Groups::Id, Groups::Name]).from(Groups::Table)).await?;
        let id = |row: &Row| Ok((row.text(Groups::Name)?, GroupId(row.int(Groups::Id)?)));
        let ids = rows.iter().map(id).collect::<Result<HashMap<_, _>, StorageError>>()?;
        let mut kept: Vec<_> = groups.filter(|name| ids.contains_key(*name)).map(str::to_owned).collect();
        kept.sort_unstable();
        let kept_settings = match existing {
            Existing::Refuse if !kept.is_empty() => return Err(BackupFault::Taken(kept).into()),
            Existing::Refuse => HashSet::new(),
            Existing::Keep => stored_settings(&mut tx).await?,
        };
        Ok(Self { db, tx, kept_settings, ids, done: Restored { kept, ..Restored::default() } })
    }

    async fn setting(&mut self, setting: &SettingRecord) -> Result<(), StorageError> {
        if self.kept_settings.contains(&setting.key) {
            return Ok(());
        }
        self.done.counts.settings += 1;
        self.db.put_setting_in(&mut self.tx, &setting.key, &setting.value).await
    }

    async fn group(&mut self, GroupRecord { enabled, spec }: &GroupRecord) -> Result<(), StorageError> {
        if self.keeps(&spec.name) {
            return Ok(());
        }
        let id = self.db.insert_group_in(&mut self.tx, spec, *enabled).await?.id;
        self.ids.insert(spec.name.clone(), id);
        self.done.groups.push(id);
        self.done.counts.groups += 1;
        Ok(())
    }

    /// A group that stays as it is keeps the members it has.
    async fn sub_group(&mut self, link: &SubGroupRecord) -> Result<(), StorageError> {
        if self.keeps(&link.group) {
            return Ok(());
        }
        let (group_id, sub_group_id) = (self.id(&link.group)?, self.id(&link.sub_group)?);
        self.done.counts.sub_groups += 1;
        self.db.add_sub_group_in(&mut self.tx, SubGroup { group_id, sub_group_id, weight: link.weight }).await
    }

    async fn keys(&mut self, keys: &[KeyRecord]) -> Result<(), StorageError> {
        let new = keys.iter().filter(|key| !self.keeps(&key.group));
        let rows = new.map(|key| self.row(key)).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.done.counts.keys += rows.len() as u64;
        let mut insert = Query::insert().into_table(ApiKeys::Table).columns(COLUMNS).take();
        for row in rows {
            insert.values_panic(row);
        }
        self.tx.execute(&insert).await.map(drop)
    }

    fn keeps(&self, group: &str) -> bool {
        self.done.kept.binary_search_by(|kept| kept.as_str().cmp(group)).is_ok()
    }

    fn id(&self, group: &str) -> Result<GroupId, StorageError> {
        self.ids.get(group).copied().ok_or(StorageError::NotFound)
    }

    /// In the order of [`COLUMNS`].
    fn row(&self, key: &KeyRecord) -> Result<[Expr; COLUMNS.len()], StorageError> {
        let dialect = self.db.dialect();
        let stored = self.db.cipher().store(&key.key)?;
        let time = |at: Option<_>| at.map_or(Expr::null(), |at| dialect.time(at));
        Ok([
            stored.value.into(),
            stored.hash.into(),
            self.id(&key.group)?.0.into(),
            key.status.as_str().into(),
            key.notes.as_str().into(),
            key.request_count.into(),
            key.failure_count.into(),
            time(key.last_used_at),
            key.last_error.as_deref().into(),
            time(key.last_error_at),
            key.last_status.map(i32::from).into(),
            dialect.time(key.created_at),
            dialect.time(jiff::Timestamp::now()),
        ])
    }
}

async fn stored_settings(tx: &mut Tx<'_>) -> Result<HashSet<String>, StorageError> {
    let query = Query::select().column(SystemSettings::SettingKey).from(SystemSettings::Table).take();
    tx.fetch(&query).await?.iter().map(|row| row.text(SystemSettings::SettingKey)).collect()
}

const COLUMNS: [ApiKeys; 13] = [
    ApiKeys::KeyValue,
    ApiKeys::KeyHash,
    ApiKeys::GroupId,
    ApiKeys::Status,
    ApiKeys::Notes,
    ApiKeys::RequestCount,
    ApiKeys::FailureCount,
    ApiKeys::LastUsedAt,
    ApiKeys::LastError,
    ApiKeys::LastErrorAt,
    ApiKeys::LastStatus,
    ApiKeys::CreatedAt,
    ApiKeys::UpdatedAt,
];
