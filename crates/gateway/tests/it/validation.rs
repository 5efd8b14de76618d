//! Invalid keys that come back by themselves.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::gate::Gate;
use testkit::provider::{Answer, MockProvider, Script};

use crate::support::app_and_provider;

/// A group with these keys, all invalid, and no scheduled validation yet.
async fn all_invalid(app: &App, provider: &MockProvider, keys: &[&str], config: Value) -> GroupHandle {
    let mut all = json!({"blacklist_threshold": 1, "key_validation_interval_minutes": 0});
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    for key in keys {
        provider.on_key(key, Script::dead());
    }
    let group = app.group("g").upstream(&provider.url()).keys(keys.iter().copied()).config(all).create().await;
    let tested = json!({"group_id": group.id, "keys_text": keys.join("\n")});
    app.api().create("/api/keys/test-multiple", &tested).await;
    provider.forget();
    group
}

/// Lets the rounds begin.
async fn schedule(app: &App, group: &GroupHandle, mut fields: Value) {
    let mut config = group.object["config"].clone();
    config["key_validation_interval_minutes"] = json!(1);
    fields["config"] = config;
    let (status, body) = app.api().put(&format!("/api/groups/{}", group.id), &fields).await;
    assert_eq!(status, 200, "{body}");
}

async fn object(app: &App, group: &GroupHandle) -> Value {
    let groups = app.api().data("/api/groups").await;
    groups.as_array().unwrap().iter().find(|object| object["id"] == group.id).unwrap().clone()
}

async fn round_ended(app: &App, group: &GroupHandle) -> Value {
    let look = async || Some(object(app, group).await).filter(|object| object["last_validated_at"].is_string());
    app.eventually("a round to have ended", look).await
}

#[tokio::test]
async fn keys_that_work_again_serve_again_and_others_stay_as_they_are() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-well-1", "sk-limited-2", "sk-dead-3", "sk-sick-4"];
    let group = all_invalid(&app, &provider, &keys, json!({})).await;
    provider.on_key("sk-well-1", Script::ok());
    provider.on_key("sk-limited-2", Script::limited(60));
    provider.on_key("sk-sick-4", Answer::new(500));
    let fields = json!({
        "header_rules": [{"key": "X-Team", "value": "blue", "action": "set"}],
        "param_overrides": {"temperature": 0.5},
    });
    schedule(&app, &group, fields).await;
    let ended = round_ended(&app, &group).await;
    let mut states = Vec::new();
    for key in keys {
        let key = app.key(&group, key).await;
        states.push(json!([key["status"], key["failure_count"], key["cooldown_until"].is_string()]));
    }
    let expected = [json!(["active", 0, false]), json!(["active", 0, true]), json!(["invalid", 2, false])];
    assert_eq!((&states[..3], &states[3]), (&expected[..], &json!(["invalid", 1, false])));
    let seen = provider.last_request();
    assert_eq!((seen.header("x-team"), &seen.json()["temperature"]), (Some("blue"), &json!(0.5)));
    let warnings = ended["warnings"].to_string();
    assert!(warnings.contains("1 of 4 invalid keys") && warnings.contains("500"), "{warnings}");
    assert_eq!(provider.count(), 4, "one call a key");
    app.eventually("the next check to be known", async || {
        let key = app.key(&group, "sk-dead-3").await;
        key["next_check_at"]
            .as_str()
            .map(str::to_owned)
            .filter(|at| Some(at.as_str()) > ended["last_validated_at"].as_str())
    })
    .await;
    assert!(app.key(&group, "sk-well-1").await["next_check_at"].is_null(), "it serves");
}

#[tokio::test]
async fn no_more_calls_of_a_group_at_once_than_it_allows() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-1", "sk-2", "sk-3", "sk-4", "sk-5", "sk-6"];
    let group = all_invalid(&app, &provider, &keys, json!({"key_validation_concurrency": 2})).await;
    let gate = Gate::default();
    for key in keys {
        provider.on_key(key, Answer::new(200).gate(&gate));
    }
    schedule(&app, &group, json!({})).await;
    provider.wait_for(2).await;
    // The same keys by hand at the same time.
    app.api().create("/api/keys/validate-group", &json!({"group_id": group.id})).await;
    for released in 1..=6 {
        gate.release(1);
        let seen = provider.wait_for(released + 2).await.len() as u64;
        assert_eq!(seen, released + 2, "two at once");
    }
    gate.open();
    round_ended(&app, &group).await;
}

#[tokio::test]
async fn groups_without_an_interval_and_disabled_ones_are_left_alone() {
    let (app, provider) = app_and_provider().await;
    let off = all_invalid(&app, &provider, &["sk-1"], json!({})).await;
    let minutely = json!({"key_validation_interval_minutes": 1});
    let disabled =
        app.group("disabled").upstream(&provider.url()).config(json!({"key_validation_interval_minutes": 0}));
    let disabled = disabled.create().await;
    app.api().put(&format!("/api/groups/{}/enabled", disabled.id), &json!({"enabled": false})).await;
    app.api().put(&format!("/api/groups/{}", disabled.id), &json!({"config": minutely})).await;
    let other = app.group("other").upstream(&provider.url()).config(minutely).create().await;
    round_ended(&app, &other).await;
    for group in [off, disabled] {
        assert!(object(&app, &group).await["last_validated_at"].is_null());
    }
    assert_eq!(provider.count(), 0);
}
