//! Changes of keys' states, written in batches.

use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::notice::{Failures, Notice};
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Func, Query, UpdateStatement};

use super::Cooldown;
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
    /// What becomes of its count of failures in a row, to which other nodes add, too.
    pub failures: Failures,
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

/// What happened to some keys, in the order of their ids. Their uses are counted in that order, too: transactions that lock rows in the same order
/// never wait for each other in vain.
#[derive(Clone, Debug, Default)]
pub struct KeyChanges {
    /// New states.
    pub states: Vec<KeyChange>,
    /// Keys all of whose rests are over.
    pub rested: Vec<KeyId>,
    /// Rests that have begun, at most one of a key and model.
    pub rests: Vec<Cooldown>,
    /// The same, as other nodes are told.
    pub notice: Notice,
}

impl Db {
    /// Gives keys a status, and those that become active no failures, in one transaction. Keys that are gone are passed over.
    pub async fn set_key_status(&self, ids: &[KeyId], status: KeyStatus) -> Result<(), StorageError> {
        self.engine().execute(&switch(self.dialect(), ids, status, Timestamp::now())).await.map(drop)
    }

    /// Writes what happened to keys in one transaction. Keys that are gone are passed over.
    pub async fn store_key_changes(&self, changes: &KeyChanges) -> Result<(), StorageError> {
        let now = Timestamp::now();
        let mut tx = self.engine().begin().await?;
        // Operators switch thousands.
        let (switched, others): (Vec<_>, Vec<_>) = changes.states.iter().partition(|change| is_switch(change));
        for status in [KeyStatus::Active, KeyStatus::Invalid, KeyStatus::Disabled] {
            let ids = switched.iter().filter(|change| change.status == Some(status)).map(|change| change.id);
            let ids: Vec<_> = ids.collect();
            if !ids.is_empty() {
                tx.execute(&switch(self.dialect(), &ids, status, now)).await?;
            }
        }
        for change in others {
            tx.execute(&update(self.dialect(), change, now)).await?;
        }
        self.delete_cooldowns(&mut tx, &changes.rested).await?;
        self.save_cooldowns(&mut tx, &changes.rests).await?;
        self.commit(tx, &changes.notice).await
    }
}

fn switch(dialect: Dialect, ids: &[KeyId], status: KeyStatus, now: Timestamp) -> UpdateStatement {
    let mut update = Query::update().table(ApiKeys::Table).value(ApiKeys::Status, status.as_str()).take();
    if status == KeyStatus::Active {
        update.value(ApiKeys::FailureCount, 0);
    }
    update
        .value(ApiKeys::UpdatedAt, dialect.time(now))
        .and_where(dialect.is_among(ApiKeys::Id, ids.iter().map(|id| id.0)))
        .take()
}

/// Whether a change is just what [`switch`] makes.
fn is_switch(change: &KeyChange) -> bool {
    let KeyChange { status, failures, last_error, .. } = change;
    let expected = if *status == Some(KeyStatus::Active) { Failures::FORGIVEN } else { Failures::default() };
    status.is_some() && *failures == expected && last_error.is_none()
}

fn update(dialect: Dialect, change: &KeyChange, now: Timestamp) -> UpdateStatement {
    let mut update = Query::update().table(ApiKeys::Table).and_where(Expr::col(ApiKeys::Id).eq(change.id.0)).take();
    update.value(ApiKeys::UpdatedAt, dialect.time(now));
    if let Some(status) = change.status {
        update.value(ApiKeys::Status, status.as_str());
    }
    let Failures { forgiven, added } = change.failures;
    if forgiven {
        update.value(ApiKeys::FailureCount, i64::from(added));
    } else if added > 0 {
        let before = Func::coalesce([Expr::col(ApiKeys::FailureCount), 0.into()]);
        update.value(ApiKeys::FailureCount, Expr::expr(before).add(i64::from(added)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_a_status_and_nothing_else_is_written_for_many_at_once() {
        let change = |status, failures| KeyChange { id: KeyId(1), status, failures, last_error: None };
        let (none, one) = (Failures::default(), Failures::default().and_one());
        for (change, expected) in [
            (change(Some(KeyStatus::Active), Failures::FORGIVEN), true),
            (change(Some(KeyStatus::Disabled), none), true),
            (change(Some(KeyStatus::Active), none), false),
            (change(Some(KeyStatus::Active), one), false),
            (change(Some(KeyStatus::Invalid), one), false),
            (change(None, none), false),
        ] {
            assert_eq!(is_switch(&change), expected, "{change:?}");
        }
    }
}
