//! Writing a backup.

use std::collections::HashMap;
use std::mem;

use domain::group::Group;
use domain::ids::{GroupId, KeyId};
use domain::key::Key;
use jiff::Timestamp;
use serde::Serialize;

use super::record::{Counts, FORMAT, GroupRecord, Head, KeyRecord, Record, SettingRecord, SubGroupRecord, VERSION};
use super::seal::{Passphrase, Seal};
use super::{BackupError, BackupFault, StorageError};
use crate::Db;
use crate::keys::Scenario;

/// Keys read at once.
const STEP: u32 = 1000;

/// A backup that is being written, a part at a time.
#[derive(Debug)]
pub struct Export {
    db: Db,
    head: Head,
    seal: Option<Seal>,
    names: HashMap<GroupId, String>,
    counts: Counts,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Beginning,
    KeysAfter(Option<KeyId>),
    Nothing,
}

impl Export {
    /// A backup of `db`, sealed if there is a passphrase. That takes some hundred milliseconds of CPU time.
    pub fn new(db: Db, passphrase: Option<&Passphrase>) -> Result<Self, BackupError> {
        let (seal, seal_head) = passphrase.map(Seal::new).transpose().map_err(StorageError::from)?.unzip();
        let head = Head { format: FORMAT.to_owned(), version: VERSION, created_at: Timestamp::now(), seal: seal_head };
        Ok(Self { db, head, seal, names: HashMap::new(), counts: Counts::default(), next: Next::Beginning })
    }

    /// The next lines; `None` behind the last.
    ///
    /// What is changed meanwhile may be in the backup or not. Errors with [`BackupFault::UnreadableKeys`] if a sample
    /// says that the `ENCRYPTION_KEY` is another one; single keys that can't be read are counted and left out.
    pub async fn next(&mut self) -> Result<Option<String>, BackupError> {
        match mem::replace(&mut self.next, Next::Nothing) {
            Next::Beginning => self.beginning().await.map(Some),
            Next::KeysAfter(after) => self.keys(after).await.map(Some),
            Next::Nothing => Ok(None),
        }
    }

    /// What was written so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The first line, settings, groups and members.
    async fn beginning(&mut self) -> Result<String, BackupError> {
        let misfit = self.db.encryption_state().await?.scenario;
        if matches!(misfit, Some(Scenario::KeyMismatch | Scenario::KeyNotConfigured)) {
            return Err(BackupFault::UnreadableKeys.into());
        }
        let (groups, links) = (self.db.every_group().await?, self.db.sub_groups().await?);
        let settings = self.db.stored_settings().await?;
        self.names = groups.iter().map(|group| (group.id, group.spec.name.clone())).collect();
        let mut text = to_line(&self.head);
        for (key, value) in settings {
            self.write(&mut text, &Record::Setting(SettingRecord { key, value }))?;
        }
        for Group { enabled, spec, .. } in groups {
            self.write(&mut text, &Record::Group(GroupRecord { enabled, spec }))?;
        }
        for link in links {
            if let (Some(group), Some(sub_group)) = (self.name(link.group_id), self.name(link.sub_group_id)) {
                let link = SubGroupRecord { group, sub_group, weight: link.weight };
                self.write(&mut text, &Record::SubGroup(link))?;
            }
        }
        self.next = Next::KeysAfter(None);
        Ok(text)
    }

    /// A page of keys, and the last line if it is the last page.
    async fn keys(&mut self, after: Option<KeyId>) -> Result<String, BackupError> {
        let page = self.db.keys_after(after, STEP).await?;
        let last = page.last().map(|key| key.id).filter(|_| page.len() == STEP as usize);
        let mut text = String::new();
        for key in page {
            self.key(&mut text, key)?;
        }
        match last {
            Some(last) => self.next = Next::KeysAfter(Some(last)),
            None => self.write(&mut text, &Record::End(self.counts))?,
        }
        Ok(text)
    }

    /// Keys of a group that came or went meanwhile are none of the backup's.
    fn key(&mut self, text: &mut String, mut key: Key) -> Result<(), BackupError> {
        let Some(group) = self.names.get(&key.group_id) else { return Ok(()) };
        let Some(secret) = key.secret.take() else {
            self.counts.left_out += 1;
            return Ok(());
        };
        let record = Record::Key(KeyRecord::new(group, secret, key));
        self.write(text, &record)
    }

    fn name(&self, group: GroupId) -> Option<String> {
        self.names.get(&group).cloned()
    }

    fn write(&mut self, text: &mut String, record: &Record) -> Result<(), BackupError> {
        self.counts.add(record);
        let line = to_line(record);
        match &mut self.seal {
            Some(seal) => {
                text.push_str(&seal.seal(line).map_err(StorageError::from)?);
                text.push('\n');
            }
            None => text.push_str(&line),
        }
        Ok(())
    }
}

fn to_line(value: &impl Serialize) -> String {
    // Texts, numbers and maps with text keys always serialise.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}
