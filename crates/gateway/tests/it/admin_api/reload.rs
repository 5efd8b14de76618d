//! A change is in force when its call returns, and leaves alone what is running.

use serde_json::json;
use testkit::Gate;
use testkit::app::{App, GroupHandle};
use testkit::provider::{Answer, MockProvider, Script};

use crate::support::app_and_provider;

async fn put(app: &App, group: &GroupHandle, fields: serde_json::Value) {
    let (status, body) = app.api().put(&format!("/api/groups/{}", group.id), &fields).await;
    assert_eq!(status, 200, "{fields}: {body}");
}

/// Attempts that the provider sees of one request.
async fn attempts(provider: &MockProvider, group: &GroupHandle) -> u64 {
    provider.forget();
    group.chat("gpt-4o").fetch().await;
    provider.count()
}

#[tokio::test]
async fn settings_of_the_system_and_of_a_group_count_at_once() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    app.set(json!({"blacklist_threshold": 0})).await;
    let keys: Vec<_> = (0..8).map(|number| format!("sk-{number}")).collect();
    let group = app.group("g").upstream(&provider.url()).keys(keys).create().await;
    assert_eq!(attempts(&provider, &group).await, 4);
    app.set(json!({"max_retries": 1})).await;
    assert_eq!(attempts(&provider, &group).await, 2);
    put(&app, &group, json!({"config": {"max_retries": 0}})).await;
    assert_eq!(attempts(&provider, &group).await, 1);
    app.set(json!({"max_retries": 5})).await;
    assert_eq!(attempts(&provider, &group).await, 1, "the group's own has the last word");
    put(&app, &group, json!({"config": {}})).await;
    assert_eq!(attempts(&provider, &group).await, 6);

    provider.otherwise(Answer::json(404, &json!({"error": {"message": "no"}})));
    assert_eq!(attempts(&provider, &group).await, 1);
    app.set(json!({"failover_status_codes": "404"})).await;
    assert_eq!(attempts(&provider, &group).await, 6);
}

#[tokio::test]
async fn proxy_keys_open_and_close_at_once() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).proxy_keys("pk-old").create().await;
    let opens = async |key: &str| app.proxied("GET", "g", "/v1/models", key).fetch().await.status == 200;
    assert_eq!((opens("pk-old").await, opens("pk-new").await), (true, false));
    put(&app, &group, json!({"proxy_keys": "pk-new,pk-newer"})).await;
    assert_eq!((opens("pk-old").await, opens("pk-new").await, opens("pk-newer").await), (false, true, true));
    app.set(json!({"proxy_keys": "pk-global"})).await;
    assert_eq!((opens("pk-global").await, opens(testkit::app::AUTH_KEY).await), (true, false));
    app.set(json!({"proxy_keys": "pk-other"})).await;
    assert!(!opens("pk-global").await);
}

#[tokio::test]
async fn a_changed_group_serves_as_changed_and_running_requests_as_they_began() {
    let (app, old) = app_and_provider().await;
    let new = MockProvider::start();
    let gate = Gate::default();
    old.on_path("/v1/slow", Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let group = app.group("g").upstream(&old.url()).keys(["sk-1"]).create().await;
    let mut running = group.request("POST", "/v1/slow").json(&json!({"model": "m", "stream": true})).send().await;
    assert_eq!(running.event().await.unwrap().as_deref(), Some("data: 1"));
    let fields = json!({
        "upstreams": [{"url": format!("{}/base", new.url()), "weight": 1}],
        "param_overrides": {"temperature": 0.5},
        "model_redirect_rules": {"fast": "gpt-4o-mini"},
        "header_rules": [{"key": "X-Team", "value": "blue", "action": "set"}],
    });
    put(&app, &group, fields).await;
    assert_eq!(group.chat("fast").fetch().await.status, 200);
    let seen = new.last_request();
    assert_eq!((seen.path(), seen.header("x-team")), ("/base/v1/chat/completions", Some("blue")));
    assert_eq!((&seen.json()["model"], &seen.json()["temperature"]), (&json!("gpt-4o-mini"), &json!(0.5)));
    assert_eq!(old.count(), 1);
    put(&app, &group, json!({"name": "renamed"})).await;
    assert_eq!(group.chat("m").fetch().await.status, 404, "the old name is gone");
    assert_eq!(app.proxied("GET", "renamed", "/v1/models", "pk-g").fetch().await.status, 200);
    gate.open();
    assert_eq!(running.event().await.unwrap().as_deref(), Some("data: 2"));
    assert_eq!(running.event().await.unwrap(), None);
}

#[tokio::test]
async fn states_of_keys_and_upstreams_outlive_changes_of_the_group() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 2});
    let group = app
        .group("g")
        .upstream(&provider.url())
        .keys(["sk-dead-1", "sk-limited-2", "sk-3"])
        .config(config)
        .create()
        .await;
    for _ in 0..3 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    }
    let states = async || {
        let mut states = Vec::new();
        for key in ["sk-dead-1", "sk-limited-2", "sk-3"] {
            let key = app.key(&group, key).await;
            states.push(json!([key["status"], key["failure_count"], key["cooldown_until"].is_null()]));
        }
        states
    };
    let before = states().await;
    assert_eq!(before[1], json!(["active", 0, false]));
    put(&app, &group, json!({"description": "changed", "config": {"blacklist_threshold": 9}})).await;
    app.set(json!({"max_retries": 1})).await;
    assert_eq!(states().await, before);
}
