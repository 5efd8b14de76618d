//! `GET /api/dashboard/chart`: successes and failures of the last 24 hours, by the hour.

use axum::extract::State;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::stats::{GroupChoice, HourCount, end_of_hour, hours_before};

use super::all_but_aggregates;
use crate::admin::Parts;
use crate::admin::extract::Params;
use crate::admin::keys::list::group_id;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};

const HOURS: usize = 24;
const HOUR_S: i64 = 3600;
/// Colours by which clients know the two lines.
const GREEN: &str = "rgba(10, 200, 110, 1)";
const RED: &str = "rgba(255, 70, 70, 1)";

/// Whose requests are wanted.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// One group, an aggregate too; all groups if absent.
    #[serde(rename = "groupId")]
    #[schemars(with = "Option<i64>")]
    group_id: Option<String>,
}

/// Two lines over one axis.
#[derive(JsonSchema, Serialize)]
pub struct Chart {
    /// Starts of the hours, RFC 3339, in the server's time zone.
    labels: Vec<String>,
    datasets: [Dataset; 2],
}

#[derive(JsonSchema, Serialize)]
struct Dataset {
    label: String,
    data: [u64; HOURS],
    color: &'static str,
}

/// The current hour and the 23 before it.
pub async fn chart(State(context): Parts, Params(wanted): Params<Wanted>) -> Reply<Chart> {
    let groups = match wanted.group_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => GroupChoice::Only(vec![group_id(Some(id))?]),
        None => all_but_aggregates(&context.db.groups().await?),
    };
    let end = end_of_hour(Timestamp::now());
    let start = hours_before(end, 24);
    let counts = context.db.hourly_counts(&groups, start, end).await?;
    let line = |label: Message, color, value| Dataset {
        label: label.to_string(),
        data: by_hour(start, &counts, value),
        color,
    };
    Ok(Data(Chart {
        labels: (1..=24).rev().map(|hours| label(hours_before(end, hours), &context.time_zone)).collect(),
        datasets: [
            line(Message::SuccessfulRequests, GREEN, |count| count.succeeded),
            line(Message::FailedRequests, RED, |count| count.failed),
        ],
    }))
}

fn by_hour(start: Timestamp, counts: &[HourCount], value: fn(&HourCount) -> u64) -> [u64; HOURS] {
    let mut data = [0; HOURS];
    for count in counts {
        let hour = usize::try_from((count.hour.as_second() - start.as_second()) / HOUR_S);
        if let Some(place) = hour.ok().and_then(|hour| data.get_mut(hour)) {
            *place += value(count);
        }
    }
    data
}

/// An offset of nothing is written `Z`, as 1.4.x does.
fn label(hour: Timestamp, zone: &TimeZone) -> String {
    match zone.to_offset(hour) {
        Offset::UTC => hour.to_string(),
        offset => hour.display_with_offset(offset).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_hour_is_named_in_the_servers_time_zone() {
        let hour = at("2026-11-23T20:00:00Z");
        assert_eq!(label(hour, &TimeZone::UTC), "2026-11-23T20:00:00Z");
        assert_eq!(label(hour, &TimeZone::fixed(jiff::tz::offset(8))), "2026-11-24T04:00:00+08:00");
    }

    #[test]
    fn hours_without_requests_are_zero() {
        let count = |hour, succeeded| HourCount { hour: at(hour), succeeded, failed: 0 };
        let counts = [count("2026-11-22T21:00:00Z", 5), count("2026-11-23T20:00:00Z", 7)];
        let data = by_hour(at("2026-11-22T21:00:00Z"), &counts, |count| count.succeeded);
        assert_eq!((data[0], data[23], data.iter().sum::<u64>()), (5, 7, 12));
    }
}
