//! `GET /api/dashboard/stats`: four figures with their trends, and what is unsafe.

use axum::extract::State;
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Number;
use storage::stats::{RequestCount, end_of_hour, hours_before};

use super::all_but_aggregates;
use super::warnings::{self, SecurityWarning};
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts};
use crate::clock;
use crate::events::key_states::KeyTotals;
use crate::keyring::States;

/// Minutes over which the rate of requests is taken.
const RATE_MINUTES: u32 = 10;

/// What the console shows first.
#[derive(JsonSchema, Serialize)]
pub struct Stats {
    /// Keys that may serve, resting ones included; beside it the invalid ones.
    key_count: Card,
    /// Requests a minute, over the last 10 minutes.
    rpm: Card,
    /// Requests of the last 24 hours.
    request_count: Card,
    /// Share of them that failed, in percent.
    error_rate: Card,
    /// All keys.
    keys: KeyTotals,
    security_warnings: Vec<SecurityWarning>,
}

#[derive(JsonSchema, Serialize)]
struct Card {
    value: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_value: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_value_tip: Option<String>,
    #[serde(flatten)]
    trend: Trend,
}

/// How a figure has changed against the period before.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
struct Trend {
    /// Percent; of the error rate percentage points.
    trend: f64,
    /// Whether that is good: more requests, fewer errors.
    trend_is_growth: bool,
}

/// Requests of aggregates are counted with their members.
pub async fn stats(State(context): Parts) -> Reply<Stats> {
    context.sink.freshness().store_now().await;
    let groups = context.db.groups().await?;
    let (now, counted) = (Timestamp::now(), all_but_aggregates(&groups));
    let end = end_of_hour(now);
    let (start, before) = (hours_before(end, 24), hours_before(end, 48));
    let current = context.db.request_count(&counted, start, end).await?;
    let previous = context.db.request_count(&counted, before, start).await?;
    let (rate, trend) = error_rate(current, previous);
    let states = context.keyring.states(clock::mono_ms());
    Ok(Data(Stats {
        key_count: key_count(states),
        keys: states.into(),
        rpm: rpm(&context, now).await?,
        request_count: Card::new(current.total.into(), growth(current.total, previous.total)),
        error_rate: Card::new(real(rate), trend),
        security_warnings: warnings::all(&context, &groups).await?,
    }))
}

fn key_count(keys: States) -> Card {
    Card {
        value: keys.active().into(),
        sub_value: Some(keys.invalid),
        sub_value_tip: Some(Message::InvalidKeys.to_string()),
        trend: Trend { trend: 0.0, trend_is_growth: false },
    }
}

async fn rpm(context: &Context, now: Timestamp) -> Result<Card, storage::StorageError> {
    let earlier = |periods: u32| now.checked_sub(Span::new().minutes(periods * RATE_MINUTES)).unwrap_or(now);
    let current = context.db.count_requests(earlier(1), now).await?;
    let previous = context.db.count_requests(earlier(2), earlier(1)).await?;
    Ok(Card::new(real(float(current) / f64::from(RATE_MINUTES)), growth(current, previous)))
}

impl Card {
    fn new(value: Number, trend: Trend) -> Self {
        Self { value, sub_value: None, sub_value_tip: None, trend }
    }
}

/// Something after nothing is a growth of 100 %.
fn growth(current: u64, previous: u64) -> Trend {
    let trend = match (current, previous) {
        (0, 0) => 0.0,
        (_, 0) => 100.0,
        _ => (float(current) - float(previous)) / float(previous) * 100.0,
    };
    Trend { trend, trend_is_growth: trend >= 0.0 }
}

/// The rate in percent. Without requests before, its trend is the rate itself.
fn error_rate(current: RequestCount, previous: RequestCount) -> (f64, Trend) {
    let rate =
        |count: RequestCount| if count.total == 0 { 0.0 } else { float(count.failed) / float(count.total) * 100.0 };
    let trend = rate(current) - rate(previous);
    let is_good = if previous.total == 0 { trend <= 0.0 } else { trend < 0.0 };
    (rate(current), Trend { trend, trend_is_growth: is_good })
}

fn real(value: f64) -> Number {
    Number::from_f64(value).unwrap_or_else(|| 0.into())
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 requests")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_grow_in_percent_of_those_before() {
        let cases = [
            ((0, 0), (0.0, true)),
            ((5, 0), (100.0, true)),
            ((0, 5), (-100.0, false)),
            ((5, 5), (0.0, true)),
            ((6, 4), (50.0, true)),
        ];
        for ((current, previous), (trend, trend_is_growth)) in cases {
            assert_eq!(growth(current, previous), Trend { trend, trend_is_growth }, "{current} after {previous}");
        }
    }

    #[test]
    fn a_falling_error_rate_is_good() {
        let cases = [
            ((0, 0), (0, 0), 0.0, 0.0, true),
            ((0, 4), (0, 0), 0.0, 0.0, true),
            ((1, 4), (0, 0), 25.0, 25.0, false),
            ((1, 4), (2, 4), 25.0, -25.0, true),
            ((1, 4), (1, 4), 25.0, 0.0, false),
            ((0, 0), (1, 4), 0.0, -25.0, true),
        ];
        for ((failed, total), (failed_before, total_before), rate, trend, trend_is_growth) in cases {
            let before = RequestCount { total: total_before, failed: failed_before };
            let told = error_rate(RequestCount { total, failed }, before);
            assert_eq!(told, (rate, Trend { trend, trend_is_growth }), "{failed} of {total} after {before:?}");
        }
    }
}
