//! Shares of a group's upstreams.

use serde_json::json;
use testkit::provider::Script;
use testkit::provider::errors::Kind;

use super::sites::{app_and_sites, calls, counts, group};

#[tokio::test(flavor = "multi_thread")]
async fn each_upstream_gets_its_share() {
    let (app, sites) = app_and_sites::<3>().await;
    let [a, b, c] = &sites;
    for (name, weights, shares) in [
        ("equal", [1, 1, 1], [14, 14, 14]),
        ("unequal", [4, 2, 1], [24, 12, 6]),
        ("one-off", [5, 0, 1], [35, 0, 7]),
        ("one-only", [0, 3, 0], [0, 42, 0]),
    ] {
        let sites_and_weights = [(a, weights[0]), (b, weights[1]), (c, weights[2])];
        let group = group(&app, name, &sites_and_weights).create().await;
        calls(&group, "gpt-4o", 42).await;
        assert_eq!(counts(&sites), shares, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_say_nothing_of_keys() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let group = group(&app, "g", &[(a, 2), (b, 1)]).create().await;
    calls(&group, "gpt-4o", 30).await;
    for n in 0..10 {
        let key = format!("sk-g-{n}-0123456789");
        assert_eq!(a.count_for_key(&key) + b.count_for_key(&key), 3, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_off_is_no_last_resort() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, off] = &sites;
    a.otherwise(Script::fails(Kind::ServerError));
    let group = group(&app, "g", &[(a, 1), (off, 0)]).config(json!({"max_retries": 1})).create().await;
    for _ in 0..8 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 500);
    }
    assert_eq!(counts(&sites), [16, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_weights_holds_from_the_next_request_on() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let group = group(&app, "g", &[(a, 1), (b, 0)]).create().await;
    calls(&group, "gpt-4o", 5).await;
    let upstreams = json!([{"url": a.url(), "weight": 0}, {"url": b.url(), "weight": 1}]);
    let (status, body) = app.api().put(&format!("/api/groups/{}", group.id), &json!({"upstreams": upstreams})).await;
    assert_eq!(status, 200, "{body}");
    calls(&group, "gpt-4o", 5).await;
    assert_eq!(counts(&sites), [5, 5]);
}
