//! `GET /api/dashboard/groups`: the requests of each group, for ranking and for small charts.

use std::collections::HashMap;

use axum::extract::State;
use domain::group::{Group, GroupKind};
use domain::ids::GroupId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::stats::HourCount;

use super::buckets::{Buckets, Range};
use crate::admin::Parts;
use crate::admin::extract::Params;
use crate::admin::groups::stats::share;
use crate::admin::reply::{Data, Reply};

/// Of what time requests are wanted.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// The current hour and those before it, 24 or 168, or today and the 29 days before; 24 hours if absent.
    #[schemars(with = "Option<String>", extend("enum" = ["24h", "7d", "30d"]))]
    range: Option<Range>,
}

/// The groups over one axis.
#[derive(JsonSchema, Serialize)]
pub struct Traffic {
    /// Starts of the hours or days, RFC 3339, in the server's time zone.
    labels: Vec<String>,
    /// All groups, by `sort`, then the newest first. Requests of an aggregate are counted with its members, too.
    groups: Vec<GroupTraffic>,
}

#[derive(JsonSchema, Serialize)]
struct GroupTraffic {
    group_id: GroupId,
    name: String,
    display_name: String,
    group_type: GroupKind,
    success: u64,
    failure: u64,
    total: u64,
    /// 0 to 1, four decimals.
    failure_rate: f64,
    /// For each label.
    success_series: Vec<u64>,
    /// For each label.
    failure_series: Vec<u64>,
}

/// Groups without requests have zeros.
pub async fn traffic(State(context): Parts, Params(wanted): Params<Wanted>) -> Reply<Traffic> {
    context.sink.freshness().store_now().await;
    let buckets = Buckets::new(wanted.range.unwrap_or_default(), Timestamp::now(), &context.time_zone);
    let mut counts: HashMap<_, Vec<_>> = HashMap::new();
    for (group, hour) in context.db.hourly_counts_by_group(buckets.start(), buckets.end).await? {
        counts.entry(group).or_default().push(hour);
    }
    let groups = context.db.groups().await?.into_iter();
    let groups = groups.map(|group| {
        let hours = counts.remove(&group.id).unwrap_or_default();
        GroupTraffic::new(group, &hours, &buckets)
    });
    Ok(Data(Traffic { labels: buckets.labels(&context.time_zone), groups: groups.collect() }))
}

impl GroupTraffic {
    fn new(group: Group, hours: &[HourCount], buckets: &Buckets) -> Self {
        let success_series = buckets.sums(hours.iter().map(|count| (count.hour, count.succeeded)));
        let failure_series = buckets.sums(hours.iter().map(|count| (count.hour, count.failed)));
        let (success, failure) = (success_series.iter().sum(), failure_series.iter().sum());
        Self {
            group_id: group.id,
            name: group.spec.name,
            display_name: group.spec.display_name,
            group_type: group.spec.kind,
            success,
            failure,
            total: success + failure,
            failure_rate: share(failure, success + failure),
            success_series,
            failure_series,
        }
    }
}
