//! What a batch counts for: hourly statistics and the counters of keys.

use domain::ids::{GroupId, KeyId};
use jiff::Timestamp;
use sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Query, UpdateStatement};

use crate::StorageError;
use crate::engine::{Dialect, Tx};
use crate::schema::{ApiKeys, GroupHourlyStats};
use crate::spool::Tally;
use crate::spool::tally::{HourTally, UseTally};

/// Keys an `UPDATE` takes: each looks for itself among all of them.
const KEYS: usize = 30;

pub(super) async fn add(tx: &mut Tx<'_>, dialect: Dialect, tally: &Tally) -> Result<(), StorageError> {
    let now = dialect.time(Timestamp::now());
    for (hour, sums) in &tally.hours {
        tx.execute(&upsert(dialect, *hour, sums, &now)).await?;
    }
    let uses: Vec<_> = tally.uses.iter().map(|(key, uses)| (*key, *uses)).collect();
    for uses in uses.chunks(KEYS) {
        tx.execute(&update(dialect, uses, &now)).await?;
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

/// Adds to the counters of some keys at once: a statement a key costs three times as much.
///
/// Batches of several nodes arrive in any order: the last use only moves forward.
fn update(dialect: Dialect, uses: &[(KeyId, UseTally)], now: &Expr) -> UpdateStatement {
    let (mut counts, mut times) = (CaseStatement::new(), CaseStatement::new());
    for (key, uses) in uses {
        let is_key = Expr::col(ApiKeys::Id).eq(key.0);
        let last = dialect.time(Timestamp::from_millisecond(uses.last_ms).unwrap_or_default());
        let known = Expr::col(ApiKeys::LastUsedAt);
        let is_later = known.clone().is_null().or(known.lt(last.clone()));
        counts = counts.case(is_key.clone(), uses.count);
        times = times.case(is_key.and(is_later), last);
    }
    Query::update()
        .table(ApiKeys::Table)
        .value(ApiKeys::RequestCount, Expr::col(ApiKeys::RequestCount).add(counts.finally(0)))
        .value(ApiKeys::LastUsedAt, times.finally(Expr::col(ApiKeys::LastUsedAt)))
        .value(ApiKeys::UpdatedAt, now.clone())
        .and_where(Expr::col(ApiKeys::Id).is_in(uses.iter().map(|(key, _)| key.0)))
        .take()
}
