//! `GET /api/about`: what runs here.

use axum::extract::State;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::Parts;
use super::openapi::schema::Rfc3339;
use super::reply::Data;

/// What runs here, and how.
#[derive(JsonSchema, Serialize)]
pub struct About {
    version: &'static str,
    /// Of day and hour borders: a name such as `Asia/Shanghai`, or an offset.
    time_zone: String,
    /// `sqlite`, `postgres` or `mysql`.
    #[schemars(extend("enum" = ["sqlite", "postgres", "mysql"]))]
    database: &'static str,
    /// Whether provider keys are stored under an `ENCRYPTION_KEY`.
    is_encrypted: bool,
    /// Whether this node leads: deletes old log rows and validates keys for all nodes on its database.
    is_leader: bool,
    /// The node that does, as `HOST:PORT`; null if this one knows of none.
    leader: Option<String>,
    #[schemars(with = "Rfc3339")]
    started_at: Timestamp,
}

/// As things are.
pub async fn about(State(context): Parts) -> Data<About> {
    let now = Timestamp::now();
    Data(About {
        version: env!("CARGO_PKG_VERSION"),
        time_zone: name(&context.time_zone, now),
        database: context.db.kind(),
        is_encrypted: context.encryption_key.is_some(),
        is_leader: context.metrics.leadership.is_leading(),
        leader: context.metrics.leadership.leader(),
        started_at: now.checked_sub(context.started.elapsed()).unwrap_or(now),
    })
}

fn name(zone: &TimeZone, now: Timestamp) -> String {
    zone.iana_name().map_or_else(|| zone.to_offset(now).to_string(), str::to_owned)
}
