//! Provider keys.

use std::collections::BTreeMap;

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Query};

use crate::engine::Row;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

mod change;
mod cooldowns;
mod encryption;
mod faults;
mod import;
mod list;
mod reencrypt;
mod remove;
mod scan;
mod select;

pub use change::{KeyChange, KeyChanges, KeyFailure};
pub use cooldowns::Cooldown;
pub use encryption::{EncryptionState, Scenario};
pub use faults::Fault;
pub use import::{Imported, SLICE};
pub use list::{KeyFilter, KeyOrder, KeySearch, KeySort};
pub use reencrypt::{Reencrypted, Reencryption};
pub use scan::{KeyScan, PoolKey};

/// How many keys a group has, by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// Those that may serve, resting ones included.
    pub active: u64,
    /// Those that failed too often.
    pub invalid: u64,
    /// Those that a person switched off.
    pub disabled: u64,
}

impl KeyCounts {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.active + self.invalid + self.disabled
    }
}

impl Db {
    /// Counts the keys of every group that has any.
    pub async fn key_counts(&self) -> Result<BTreeMap<GroupId, KeyCounts>, StorageError> {
        let query = Query::select()
            .columns([ApiKeys::GroupId, ApiKeys::Status])
            .expr_as(Expr::col(ApiKeys::Id).count(), "keys")
            .from(ApiKeys::Table)
            .group_by_columns([ApiKeys::GroupId, ApiKeys::Status])
            .take();
        let mut counts: BTreeMap<_, KeyCounts> = BTreeMap::new();
        for row in self.engine().fetch(&query).await? {
            let of_group = counts.entry(GroupId(row.int(ApiKeys::GroupId)?)).or_default();
            let keys = row.int("keys")?.unsigned_abs();
            match status(&row)? {
                KeyStatus::Active => of_group.active += keys,
                KeyStatus::Invalid => of_group.invalid += keys,
                KeyStatus::Disabled => of_group.disabled += keys,
            }
        }
        Ok(counts)
    }

    /// Replaces an operator's remark on a key, at most 255 characters.
    pub async fn set_notes(&self, id: KeyId, notes: &str) -> Result<(), StorageError> {
        let update = Query::update()
            .table(ApiKeys::Table)
            .value(ApiKeys::Notes, notes)
            .value(ApiKeys::UpdatedAt, self.dialect().time(Timestamp::now()))
            .and_where(Expr::col(ApiKeys::Id).eq(id.0))
            .take();
        if self.engine().execute(&update).await? == 0 { Err(StorageError::NotFound) } else { Ok(()) }
    }
}

/// A status that nobody of us wrote must not serve.
fn status_of(word: &str) -> KeyStatus {
    word.parse().unwrap_or(KeyStatus::Invalid)
}

fn status(row: &Row) -> Result<KeyStatus, StorageError> {
    Ok(status_of(&row.text(ApiKeys::Status)?))
}
