//! `GET /api/dashboard/chart`: successes and failures of the last hours or days.

use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::stats::{GroupChoice, HourCount};

use super::all_but_aggregates;
use super::buckets::{Buckets, Range};
use crate::admin::Parts;
use crate::admin::extract::Params;
use crate::admin::keys::list::group_id;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};

/// Colours by which clients know the two lines.
const GREEN: &str = "rgba(10, 200, 110, 1)";
const RED: &str = "rgba(255, 70, 70, 1)";

/// Whose requests are wanted, and of what time.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// One group, an aggregate too; all groups if absent.
    #[serde(rename = "groupId")]
    #[schemars(with = "Option<i64>")]
    group_id: Option<String>,
    /// The current hour and those before it, 24 or 168, or today and the 29 days before; 24 hours if absent.
    #[schemars(with = "Option<String>", extend("enum" = ["24h", "7d", "30d"]))]
    range: Option<Range>,
}

/// Two lines over one axis.
#[derive(JsonSchema, Serialize)]
pub struct Chart {
    /// Starts of the hours or days, RFC 3339, in the server's time zone.
    labels: Vec<String>,
    datasets: [Dataset; 2],
}

#[derive(JsonSchema, Serialize)]
struct Dataset {
    label: String,
    data: Vec<u64>,
    color: &'static str,
}

/// Hours and days without requests are zero.
pub async fn chart(State(context): Parts, Params(wanted): Params<Wanted>) -> Reply<Chart> {
    context.sink.freshness().store_now().await;
    let groups = match wanted.group_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => GroupChoice::Only(vec![group_id(Some(id))?]),
        None => all_but_aggregates(&context.db.groups().await?),
    };
    let buckets = Buckets::new(wanted.range.unwrap_or_default(), Timestamp::now(), &context.time_zone);
    let counts = context.db.hourly_counts(&groups, buckets.start(), buckets.end).await?;
    let line = |label: Message, color, value: fn(&HourCount) -> u64| Dataset {
        label: label.to_string(),
        data: buckets.sums(counts.iter().map(|count| (count.hour, value(count)))),
        color,
    };
    Ok(Data(Chart {
        labels: buckets.labels(&context.time_zone),
        datasets: [
            line(Message::SuccessfulRequests, GREEN, |count| count.succeeded),
            line(Message::FailedRequests, RED, |count| count.failed),
        ],
    }))
}
