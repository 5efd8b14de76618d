//! `/health`: for people, container health checks and load balancers. No key is asked for, so nothing is told that matters.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Parts;
use super::openapi::schema::Rfc3339;
use crate::events::outages::Away;

/// The process as 1.4.x tells of it.
#[derive(JsonSchema, Serialize)]
pub struct Health {
    status: &'static str,
    #[schemars(with = "Rfc3339")]
    timestamp: Timestamp,
    uptime: String,
}

/// `GET /health`
pub async fn health(State(context): Parts) -> Json<Health> {
    let uptime = hours_minutes_seconds(context.started.elapsed());
    Json(Health { status: "healthy", timestamp: Timestamp::now(), uptime })
}

/// Nothing but a word.
#[derive(JsonSchema, Serialize)]
pub struct Liveness {
    status: &'static str,
}

/// `GET /health/live`: the process answers.
pub async fn live() -> Json<Liveness> {
    Json(Liveness { status: "live" })
}

/// Whether requests may come, and why not.
#[derive(JsonSchema, Serialize)]
pub struct Readiness {
    status: &'static str,
    /// What is in the way.
    reasons: Vec<&'static str>,
    /// What is away although requests are served.
    degraded: Vec<Away>,
}

/// `GET /health/ready`: requests may be sent here. Answered out of memory: whoever asks takes one that is slow for none.
pub async fn ready(State(context): Parts) -> (StatusCode, Json<Readiness>) {
    let mut reasons = Vec::new();
    if context.draining.is_cancelled() {
        reasons.push("draining");
    }
    // Whoever has started serves from memory: an outage of what nodes share is to be none of theirs.
    let degraded = context.outages.known();
    let (code, status) =
        if reasons.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (code, Json(Readiness { status, reasons, degraded }))
}

/// As Go prints durations, in whole seconds: `26h3m4s`, `3m0s`, `4s`.
fn hours_minutes_seconds(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_reads_as_in_go() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (180, "3m0s"), (3600, "1h0m0s"), (93_784, "26h3m4s")] {
            assert_eq!(hours_minutes_seconds(Duration::from_secs(seconds)), text);
        }
    }
}
