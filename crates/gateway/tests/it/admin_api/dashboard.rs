//! Dashboard and integration info, of a program that has served requests.

use serde_json::{Value, json};
use testkit::App;
use testkit::http::Request;
use testkit::provider::MockProvider;

use super::names;
use crate::support::app_and_provider;

/// A group that serves, one whose key is dead, and an aggregate over the first; one request to each.
async fn three_requests() -> (App, MockProvider, [Value; 3]) {
    let (app, provider) = app_and_provider().await;
    let alpha = app.group("alpha").upstream(&provider.url()).keys(["sk-alpha"]).create().await;
    let beta = app.group("beta").upstream(&provider.url()).keys(["sk-dead-beta"]).create().await;
    let both = json!({"name": "both", "group_type": "aggregate", "channel_type": "openai", "proxy_keys": "pk-both"});
    let both = app.api().create("/api/groups", &both).await["id"].clone();
    let members = json!({"sub_groups": [{"group_id": alpha.id, "weight": 10}]});
    assert_eq!(app.api().post(&format!("/api/groups/{both}/sub-groups"), &members).await.0, 200);
    for (group, status) in [("alpha", 200), ("beta", 503), ("both", 200)] {
        let request = app.proxied("POST", group, "/v1/chat/completions", &format!("pk-{group}"));
        assert_eq!(request.json(&json!({"model": "gpt-4o"})).fetch().await.status, status, "{group}");
    }
    (app, provider, [json!(alpha.id), json!(beta.id), both])
}

fn sum(chart: &Value, line: usize) -> u64 {
    chart["datasets"][line]["data"].as_array().unwrap().iter().map(|hour| hour.as_u64().unwrap()).sum()
}

#[tokio::test]
async fn requests_are_counted_once_and_for_each_group() {
    let (app, _provider, groups) = three_requests().await;
    let stats = app
        .eventually("three requests are counted", async || {
            let stats = app.api().data("/api/dashboard/stats").await;
            (stats["request_count"]["value"] == 3).then_some(stats)
        })
        .await;
    assert_eq!(names(&stats), ["key_count", "rpm", "request_count", "error_rate", "keys", "security_warnings"]);
    assert_eq!(
        (&stats["request_count"]["trend"], &stats["request_count"]["trend_is_growth"]),
        (&json!(100.0), &json!(true))
    );
    assert_eq!(stats["rpm"]["value"], json!(0.3));
    assert!((stats["error_rate"]["value"].as_f64().unwrap() - 100.0 / 3.0).abs() < 1e-9, "{stats}");
    assert_eq!(stats["error_rate"]["trend_is_growth"], false);

    let chart = app.api().data("/api/dashboard/chart").await;
    assert_eq!((sum(&chart, 0), sum(&chart, 1)), (2, 1), "the aggregate's request is its member's");
    for (group, expected) in groups.iter().zip([(2, 0), (0, 1), (1, 0)]) {
        let chart = app.api().data(&format!("/api/dashboard/chart?groupId={group}")).await;
        assert_eq!((sum(&chart, 0), sum(&chart, 1)), expected, "{group}");
    }
    assert_eq!(
        names(&app.api().data("/api/dashboard/encryption-status").await),
        ["has_mismatch", "scenario_type", "message", "suggestion"]
    );
}

#[tokio::test]
async fn a_group_answers_for_itself_only_at_the_very_path() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let get = async |path: &str| Request::get(&app.url(path)).fetch().await;
    let told = get("/proxy/g/api/integration/info?key=pk-g").await;
    assert_eq!((told.status, &told.json()["data"][0]["name"]), (200, &json!("g")));
    assert_eq!(get("/api/integration/info?key=pk-g").await.json()["data"][0]["path"], "/proxy/g");
    assert_eq!(provider.count(), 0);

    get("/proxy/g/v1/api/integration/info?key=pk-g").await;
    app.proxied("POST", "g", "/api/integration/info", "pk-g").json(&json!({})).fetch().await;
    let paths: Vec<_> = provider.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/v1/api/integration/info", "/api/integration/info"]);
}
