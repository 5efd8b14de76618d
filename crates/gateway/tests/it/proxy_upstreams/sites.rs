//! Several providers side by side, and groups over them.

use serde_json::{Value, json};
use testkit::app::{App, GroupBuilder, GroupHandle};
use testkit::provider::MockProvider;

use crate::support::BINARY;

/// A running program that writes its log at once, and as many providers as asked for.
pub(super) async fn app_and_sites<const N: usize>() -> (App, [MockProvider; N]) {
    let app = App::start(BINARY).await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    (app, std::array::from_fn(|_| MockProvider::start()))
}

/// A group with these upstreams and weights and ten keys.
pub(super) fn group<'a>(app: &'a App, name: &str, sites: &[(&MockProvider, u32)]) -> GroupBuilder<'a> {
    let keys = (0..10).map(|n| format!("sk-{name}-{n}-0123456789"));
    let group = app.group(name).keys(keys);
    sites.iter().fold(group, |group, (site, weight)| group.upstream_weighted(&site.url(), *weight))
}

/// An aggregate of these members with their weights.
pub(super) async fn aggregate(app: &App, name: &str, members: &[(&GroupHandle, u32)]) -> GroupHandle {
    let group = app.group(name).field("group_type", json!("aggregate")).create().await;
    if members.is_empty() {
        return group;
    }
    let members: Vec<_> =
        members.iter().map(|(member, weight)| json!({"group_id": member.id, "weight": weight})).collect();
    let (status, body) =
        app.api().post(&format!("/api/groups/{}/sub-groups", group.id), &json!({"sub_groups": members})).await;
    assert_eq!(status, 200, "{body}");
    group
}

/// So many calls that must all succeed, one after the other.
pub(super) async fn calls(group: &GroupHandle, model: &str, count: usize) {
    for _ in 0..count {
        let reply = group.chat(model).fetch().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// How many requests each site has had since it was last asked.
pub(super) fn counts<const N: usize>(sites: &[MockProvider; N]) -> [u64; N] {
    let counts = std::array::from_fn(|at| sites[at].count());
    sites.iter().for_each(MockProvider::forget);
    counts
}

/// The rows of the log when there are so many, oldest first.
pub(super) async fn rows(app: &App, count: usize) -> Vec<Value> {
    let all = async || {
        let rows = app.logs("").await;
        if rows.len() == count { Ok(rows) } else { Err(rows) }
    };
    let mut rows = app.eventually(&format!("{count} rows"), all).await;
    rows.reverse();
    rows
}
