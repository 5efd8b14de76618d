//! Keys that rest on a guess are asked again before it ends.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::app::GroupHandle;
use testkit::provider::{MockProvider, Script};

use super::{PATIENCE, calls, group, keys, slow_down, states, until_answered};
use crate::support::app_and_provider;

/// Calls until the provider has been asked so often.
async fn until_asked(group: &GroupHandle, provider: &MockProvider, times: u64) {
    let start = Instant::now();
    while provider.count() < times {
        assert!(start.elapsed() < PATIENCE, "asked {} times", provider.count());
        calls(group, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_a_second_each_in_turn_and_a_success_wakes_all() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(slow_down());
    let keys = keys(3);
    let group = group(&app, &provider, &keys, json!({})).await;
    assert_eq!((calls(&group, 1).await, provider.count()), (0, 3));
    let refused = group.chat("gpt-4o").fetch().await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("NO_KEYS_AVAILABLE")));
    assert!(refused.headers.has("retry-after"));
    until_asked(&group, &provider, 6).await;
    let asked = provider.requests();
    let of_probes: Vec<_> = asked[3..].iter().map(|request| request.key.clone().unwrap()).collect();
    assert_eq!(of_probes, keys);
    for pair in asked[2..].windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(700), "one a second");
    }
    assert_eq!(states(&app, &group).await, (0, 3));
    provider.otherwise(Script::ok());
    until_answered(&group).await;
    assert_eq!(states(&app, &group).await, (0, 0));
    assert_eq!(calls(&group, 6).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_the_provider_named_is_kept() {
    let (app, provider) = app_and_provider().await;
    let keys = keys(2);
    provider.on_key(&keys[0], Script::limited(3_000));
    provider.on_key(&keys[1], slow_down());
    let group = group(&app, &provider, &keys, json!({})).await;
    assert_eq!(calls(&group, 1).await, 0);
    until_asked(&group, &provider, 4).await;
    assert_eq!((provider.count_for_key(&keys[0]), provider.count_for_key(&keys[1])), (1, 3));
    provider.otherwise(Script::ok());
    provider.on_key(&keys[1], Script::ok());
    until_answered(&group).await;
    assert_eq!(states(&app, &group).await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_an_aggregate_comes_back_by_a_probe_too() {
    let (app, provider) = app_and_provider().await;
    let other = MockProvider::start();
    provider.otherwise(slow_down());
    let limited = app.group("limited").upstream(&provider.url()).keys(keys(2)).create().await;
    let well = app.group("well").upstream(&other.url()).keys(["sk-well-0123456789"]).create().await;
    let all = app.group("all").field("group_type", json!("aggregate")).create().await;
    let members = json!({"sub_groups": [{"group_id": limited.id, "weight": 1}, {"group_id": well.id, "weight": 1}]});
    assert_eq!(app.api().post(&format!("/api/groups/{}/sub-groups", all.id), &members).await.0, 200);
    assert_eq!(calls(&all, 10).await, 10, "the other member answers");
    assert_eq!(states(&app, &limited).await, (0, 2));
    provider.otherwise(Script::ok());
    provider.forget();
    let start = Instant::now();
    while provider.count() == 0 {
        assert!(start.elapsed() < PATIENCE, "the member is not asked again");
        assert_eq!(calls(&all, 1).await, 1);
    }
    assert_eq!(states(&app, &limited).await, (0, 0));
}
