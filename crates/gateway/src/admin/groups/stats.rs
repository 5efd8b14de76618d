//! `GET /api/groups/{id}/stats`

use axum::extract::State;
use domain::ids::GroupId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use storage::stats::{RequestCount, Windows};

use super::find;
use crate::admin::extract::InPath;
use crate::admin::openapi::schema::Rfc3339;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts, keys};
use crate::clock;
use reasons::Reason;

mod reasons;

/// Keys and requests of a group.
#[derive(JsonSchema, Serialize)]
pub struct GroupStats {
    key_stats: KeyStats,
    /// Why invalid keys are out: the most frequent reasons.
    reasons: Vec<Reason>,
    /// Of how many keys these are the reasons: all invalid ones, or the 20,000 that are looked at.
    reasons_of: usize,
    stats_24_hour: RequestStats,
    stats_7_day: RequestStats,
    stats_30_day: RequestStats,
}

/// How many keys a group has: each is usable, cooling, invalid, disabled or unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct KeyStats {
    total_keys: u64,
    /// Those that may serve, resting ones included.
    active_keys: u64,
    invalid_keys: u64,
    /// Those that can serve now, whatever the model.
    usable_keys: u64,
    /// Active ones that rest now, altogether or for some model.
    cooling_keys: u64,
    /// Those of them that rest for some models only, and serve the others.
    cooling_for_some_models_keys: u64,
    disabled_keys: u64,
    /// Those that can't be decrypted.
    unreadable_keys: u64,
    /// When the first rest ends; null if no key rests.
    #[schemars(with = "Option<Rfc3339>")]
    next_wake_at: Option<Timestamp>,
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
    context.sink.freshness().store_now().await;
    let Windows { day, week, month } =
        context.db.group_stats(&[id], Timestamp::now()).await?.remove(&id).unwrap_or_default();
    let (reasons, reasons_of) = reasons::of_group(&context, id).await?;
    Ok(Data(GroupStats {
        reasons,
        reasons_of,
        key_stats: KeyStats::of(&context, id, keys::count(&context.db, id).await?),
        stats_24_hour: day.into(),
        stats_7_day: week.into(),
        stats_30_day: month.into(),
    }))
}

impl KeyStats {
    /// Memory knows the states first, the database knows all `stored` keys: those that can't be decrypted aren't in memory.
    pub fn of(context: &Context, group: GroupId, stored: u64) -> Self {
        let states = context.keyring.pool(group).states(clock::mono_ms());
        let count = |keys: usize| u64::try_from(keys).unwrap_or(u64::MAX);
        Self {
            total_keys: stored,
            active_keys: count(states.active()),
            invalid_keys: count(states.invalid),
            usable_keys: count(states.usable),
            cooling_keys: count(states.cooling),
            cooling_for_some_models_keys: count(states.cooling_for_some_models),
            disabled_keys: count(states.disabled),
            unreadable_keys: stored.saturating_sub(count(states.total())),
            next_wake_at: states.first_wake_ms.map(clock::wall_time_of),
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

/// What share of the whole a part is: 0 to 1, four decimals.
#[expect(clippy::cast_precision_loss, reason = "four decimals are kept")]
pub fn share(part: u64, whole: u64) -> f64 {
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
