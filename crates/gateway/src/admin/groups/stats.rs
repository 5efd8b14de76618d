//! `GET /api/groups/{id}/stats`

use axum::extract::State;
use domain::ids::GroupId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use storage::stats::{RequestCount, Windows};

use super::find;
use crate::admin::extract::InPath;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts, keys};
use crate::clock;

/// Keys and requests of a group.
#[derive(JsonSchema, Serialize)]
pub struct GroupStats {
    key_stats: KeyStats,
    stats_24_hour: RequestStats,
    stats_7_day: RequestStats,
    stats_30_day: RequestStats,
}

/// How many keys a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[expect(clippy::struct_field_names, reason = "clients know the fields by these names")]
pub struct KeyStats {
    total_keys: u64,
    /// Those that may serve, resting ones included.
    active_keys: u64,
    invalid_keys: u64,
}

#[derive(Debug, PartialEq, JsonSchema, Serialize)]
struct RequestStats {
    total_requests: u64,
    failed_requests: u64,
    /// 0 to 1, four decimals.
    failure_rate: f64,
}

/// Keys as they are now, and the requests of the last 24 hours, 7 days and 30 days.
pub async fn stats(State(context): Parts, InPath(id): InPath<GroupId>) -> Reply<GroupStats> {
    find(&context, id).await?;
    let Windows { day, week, month } =
        context.db.group_stats(&[id], Timestamp::now()).await?.remove(&id).unwrap_or_default();
    Ok(Data(GroupStats {
        key_stats: KeyStats::of(&context, id, keys::count(&context.db, id).await?),
        stats_24_hour: day.into(),
        stats_7_day: week.into(),
        stats_30_day: month.into(),
    }))
}

impl KeyStats {
    /// Memory knows the states first, the database knows all `stored` keys: those that can't be decrypted aren't in memory.
    pub fn of(context: &Context, group: GroupId, stored: u64) -> Self {
        let census = context.keyring.pool(group).census(None, clock::mono_ms());
        let count = |keys: usize| u64::try_from(keys).unwrap_or(u64::MAX);
        Self {
            total_keys: stored,
            active_keys: count(census.total.saturating_sub(census.invalid + census.disabled)),
            invalid_keys: count(census.invalid),
        }
    }
}

impl From<RequestCount> for RequestStats {
    fn from(count: RequestCount) -> Self {
        Self {
            total_requests: count.total,
            failed_requests: count.failed,
            failure_rate: share(count.failed, count.total),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "four decimals are kept")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_rate_has_four_decimals() {
        for (failed, total, rate) in [(0, 0, 0.0), (0, 5, 0.0), (1, 3, 0.3333), (2, 3, 0.6667), (5, 5, 1.0)] {
            let stats = RequestStats::from(RequestCount { total, failed });
            assert_eq!(stats, RequestStats { total_requests: total, failed_requests: failed, failure_rate: rate });
        }
    }
}
