//! Changes of keys' states, written in batches.

use domain::ids::KeyId;
use domain::key::KeyStatus;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Query, UpdateStatement};

use crate::engine::Dialect;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

/// What has changed about a key; `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The key.
    pub id: KeyId,
    /// New status.
    pub status: Option<KeyStatus>,
    /// New count of its own failures in a row.
    pub failure_count: Option<i64>,
    /// Its latest failure.
    pub last_error: Option<KeyFailure>,
}

/// How a key failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFailure {
    /// What the provider said, with secrets masked.
    pub message: String,
    /// The status it came with, if there was an answer.
    pub status: Option<u16>,
    /// When.
    pub at: Timestamp,
}

impl Db {
    /// Gives keys a status, and those that become active no failures, in one transaction. Keys that are gone are passed over.
    pub async fn set_key_status(&self, ids: &[KeyId], status: KeyStatus) -> Result<(), StorageError> {
        let mut update = Query::update().table(ApiKeys::Table).value(ApiKeys::Status, status.as_str()).take();
        if status == KeyStatus::Active {
            update.value(ApiKeys::FailureCount, 0);
        }
        let update = update
            .value(ApiKeys::UpdatedAt, self.dialect().time(Timestamp::now()))
            .and_where(self.dialect().is_among(ApiKeys::Id, ids.iter().map(|id| id.0)))
            .take();
        self.engine().execute(&update).await.map(drop)
    }

    /// Writes changes of keys in one transaction. Keys that are gone are passed over.
    pub async fn apply_key_changes(&self, changes: &[KeyChange]) -> Result<(), StorageError> {
        let now = Timestamp::now();
        let mut tx = self.engine().begin().await?;
        for change in changes {
            tx.execute(&update(self.dialect(), change, now)).await?;
        }
        tx.commit().await
    }
}

fn update(dialect: Dialect, change: &KeyChange, now: Timestamp) -> UpdateStatement {
    let mut update = Query::update().table(ApiKeys::Table).and_where(Expr::col(ApiKeys::Id).eq(change.id.0)).take();
    update.value(ApiKeys::UpdatedAt, dialect.time(now));
    if let Some(status) = change.status {
        update.value(ApiKeys::Status, status.as_str());
    }
    if let Some(count) = change.failure_count {
        update.value(ApiKeys::FailureCount, count);
    }
    if let Some(failure) = &change.last_error {
        update.values([
            (ApiKeys::LastError, failure.message.as_str().into()),
            (ApiKeys::LastErrorAt, dialect.time(failure.at)),
            (ApiKeys::LastStatus, failure.status.map(i32::from).into()),
        ]);
    }
    update
}
