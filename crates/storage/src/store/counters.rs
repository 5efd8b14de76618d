//! What a batch counts for: hourly statistics and the counters of keys.

use domain::ids::{GroupId, KeyId};
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, OnConflict, Query, UpdateStatement};

use crate::StorageError;
use crate::engine::{Dialect, Tx};
use crate::schema::{ApiKeys, GroupHourlyStats};
use crate::spool::Tally;
use crate::spool::tally::{HourTally, UseTally};

pub(super) async fn add(tx: &mut Tx<'_>, dialect: Dialect, tally: &Tally) -> Result<(), StorageError> {
    let now = dialect.time(Timestamp::now());
    for (hour, sums) in &tally.hours {
        tx.execute(&upsert(dialect, *hour, sums, &now)).await?;
    }
    for (key, uses) in &tally.uses {
        tx.execute(&update(dialect, *key, *uses, &now)).await?;
    }
    Ok(())
}

const SUMS: [GroupHourlyStats; 5] = [
    GroupHourlyStats::SuccessCount,
    GroupHourlyStats::FailureCount,
    GroupHourlyStats::PromptTokens,
    GroupHourlyStats::CompletionTokens,
    GroupHourlyStats::CachedTokens,
];

fn upsert(
    dialect: Dialect,
    (hour_ms, group): (i64, GroupId),
    sums: &HourTally,
    now: &Expr,
) -> sea_query::InsertStatement {
    let hour = Timestamp::from_millisecond(hour_ms).unwrap_or_default();
    let mut on_conflict = OnConflict::columns([GroupHourlyStats::Time, GroupHourlyStats::GroupId]);
    on_conflict.update_column(GroupHourlyStats::UpdatedAt);
    for column in SUMS {
        on_conflict.value(column, dialect.plus_inserted(GroupHourlyStats::Table, column));
    }
    Query::insert()
        .into_table(GroupHourlyStats::Table)
        .columns(
            [
                GroupHourlyStats::Time,
                GroupHourlyStats::GroupId,
                GroupHourlyStats::CreatedAt,
                GroupHourlyStats::UpdatedAt,
            ]
            .into_iter()
            .chain(SUMS),
        )
        .values_panic([
            dialect.hour(hour),
            group.0.into(),
            now.clone(),
            now.clone(),
            sums.succeeded.into(),
            sums.failed.into(),
            sums.prompt_tokens.into(),
            sums.completion_tokens.into(),
            sums.cached_tokens.into(),
        ])
        .on_conflict(on_conflict)
        .take()
}

/// Batches of several nodes arrive in any order: the last use only moves forward.
fn update(dialect: Dialect, key: KeyId, uses: UseTally, now: &Expr) -> UpdateStatement {
    let last = dialect.time(Timestamp::from_millisecond(uses.last_ms).unwrap_or_default());
    let known = || Expr::col(ApiKeys::LastUsedAt);
    let is_later = known().is_null().or(known().lt(last.clone()));
    Query::update()
        .table(ApiKeys::Table)
        .value(ApiKeys::RequestCount, Expr::col(ApiKeys::RequestCount).add(uses.count))
        .value(ApiKeys::LastUsedAt, Expr::case(is_later, last).finally(known()))
        .value(ApiKeys::UpdatedAt, now.clone())
        .and_where(Expr::col(ApiKeys::Id).eq(key.0))
        .take()
}
