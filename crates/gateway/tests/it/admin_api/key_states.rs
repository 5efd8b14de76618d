//! Restoring, clearing and testing keys.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::{Answer, MockProvider, Script};

use super::names;
use crate::support::app_and_provider;

/// Two groups with the same keys, of which two are invalid in the first.
async fn two_invalid() -> (App, MockProvider, GroupHandle, GroupHandle) {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-dead-1", "sk-dead-2", "sk-good-3"];
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config.clone()).create().await;
    let other = app.group("other").upstream(&provider.url()).keys(keys).config(config).create().await;
    for _ in 0..3 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert_eq!(statuses(&app, &group).await, ["invalid", "invalid", "active"]);
    let stored = format!("/api/keys?group_id={}&status=invalid", group.id);
    let stored = async || app.api().data(&stored).await["pagination"]["total_items"] == 2;
    app.eventually("the database to know it too", stored).await;
    (app, provider, group, other)
}

async fn statuses(app: &App, group: &GroupHandle) -> Vec<Value> {
    let page = app.api().data(&format!("/api/keys?sort=id&order=asc&group_id={}", group.id)).await;
    page["items"].as_array().unwrap().iter().map(|key| key["status"].clone()).collect()
}

fn of(group: &GroupHandle, keys_text: &str) -> Value {
    json!({"group_id": group.id, "keys_text": keys_text})
}

#[tokio::test]
async fn chosen_keys_are_restored_and_serve_at_once() {
    let (app, provider, group, other) = two_invalid().await;
    for key in ["sk-dead-1", "sk-dead-2"] {
        provider.on_key(key, Script::ok());
    }
    let restored = app.api().create("/api/keys/restore-multiple", &of(&group, "sk-dead-1 sk-good-3 sk-nosuch")).await;
    assert_eq!(restored, json!({"restored_count": 1, "ignored_count": 2, "total_in_group": 3}));
    assert_eq!(statuses(&app, &group).await, ["active", "invalid", "active"]);
    assert_eq!(app.key(&group, "sk-dead-1").await["failure_count"], 0);
    provider.forget();
    for _ in 0..4 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert_eq!([1, 2].map(|number| provider.count_for_key(&format!("sk-dead-{number}"))), [2, 0]);
    let (status, body) = app.api().post("/api/keys/restore-all-invalid", &json!({"group_id": group.id})).await;
    assert_eq!((status, body), (200, json!({"code": 0, "message": "1 keys restored"})));
    assert_eq!(
        (statuses(&app, &group).await, statuses(&app, &other).await),
        (vec![json!("active"); 3], vec![json!("active"); 3])
    );
}

#[tokio::test]
async fn invalid_keys_are_cleared_and_no_others() {
    let (app, _provider, group, other) = two_invalid().await;
    let (status, body) = app.api().post("/api/keys/clear-all-invalid", &json!({"group_id": group.id})).await;
    assert_eq!((status, body), (200, json!({"code": 0, "message": "2 keys cleared"})));
    assert_eq!((statuses(&app, &group).await, statuses(&app, &other).await.len()), (vec![json!("active")], 3));
    assert_eq!(group.chat("m").fetch().await.status, 200);
    let (_, body) = app.api().post("/api/keys/clear-all-invalid", &json!({"group_id": group.id})).await;
    assert_eq!(body["message"], "0 keys cleared");
}

#[tokio::test]
async fn a_restored_key_stays_restored_over_a_kill() {
    let (mut app, _provider, group, _other) = two_invalid().await;
    app.api().create("/api/keys/restore-multiple", &of(&group, "sk-dead-1")).await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(app.key(&group, "sk-dead-1").await["status"], "active");
}

#[tokio::test]
async fn a_test_calls_the_provider_and_tells_what_it_said() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-good-1", "sk-dead-2", "sk-limited-3", "sk-overloaded-4"];
    let config = json!({"blacklist_threshold": 2});
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    let body = of(&group, "sk-dead-2 sk-good-1 sk-limited-3 sk-overloaded-4 sk-nosuch-5");
    let test = async || app.api().create("/api/keys/test-multiple", &body).await;
    let tested = test().await;
    assert_eq!(names(&tested), ["results", "total_duration"]);
    assert!(tested["total_duration"].is_u64(), "{tested}");
    let results = tested["results"].as_array().unwrap();
    assert!(results.iter().all(|result| names(result) == ["key_value", "is_valid", "error"]), "{results:?}");
    let told: Vec<_> =
        results.iter().map(|result| (result["key_value"].as_str().unwrap(), result["is_valid"] == true)).collect();
    let expected = [
        ("sk-dead-2", false),
        ("sk-good-1", true),
        ("sk-limited-3", true),
        ("sk-overloaded-4", false),
        ("sk-nosuch-5", false),
    ];
    assert_eq!(told, expected, "in the order of the text");
    let errors: Vec<_> = results.iter().map(|result| result["error"].as_str().unwrap()).collect();
    assert!(errors[0].starts_with("[status 401] Incorrect API key"), "{errors:?}");
    assert_eq!((errors[1], errors[2]), ("", ""));
    assert!(errors[3].starts_with("[status 503] ") && errors[4].contains("not in the group"), "{errors:?}");
    let request = provider.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path()), ("POST", "/v1/chat/completions"));
    assert_eq!(request.json(), json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}));

    let state = async |key: &str| {
        let key = app.key(&group, key).await;
        json!([key["status"], key["failure_count"], !key["cooldown_until"].is_null()])
    };
    assert_eq!(state("sk-dead-2").await, json!(["active", 1, false]), "one failure more");
    assert_eq!(state("sk-limited-3").await, json!(["active", 0, true]), "alive, and resting");
    assert_eq!(state("sk-overloaded-4").await, json!(["active", 0, false]), "told nothing");
    test().await;
    assert_eq!(state("sk-dead-2").await, json!(["invalid", 2, false]), "at the threshold");
    provider.on_key("sk-dead-2", Script::ok());
    test().await;
    assert_eq!(state("sk-dead-2").await, json!(["active", 0, false]), "a good test restores");
    assert_eq!(app.logs("").await.len(), 0, "tests are no requests of clients");
}

#[tokio::test]
async fn tests_follow_channel_endpoint_overrides_and_rules() {
    let (app, provider) = app_and_provider().await;
    let cases = [
        ("openai", json!({}), "/v1/chat/completions", "authorization"),
        ("openai-response", json!({}), "/v1/responses", "authorization"),
        ("anthropic", json!({}), "/v1/messages", "x-api-key"),
        ("gemini", json!({}), "/v1beta/models/gpt-4o-mini:generateContent", "x-goog-api-key"),
        ("openai", json!({"validation_endpoint": "/v2/ping?deep=1"}), "/v2/ping?deep=1", "authorization"),
        (
            "gemini",
            json!({"validation_endpoint": "/stale"}),
            "/v1beta/models/gpt-4o-mini:generateContent",
            "x-goog-api-key",
        ),
    ];
    provider.on_path("/v2/ping", Answer::json(200, &json!({})));
    let rules = json!([{"key": "X-Team", "value": "${GROUP_NAME}", "action": "set"}]);
    for (number, (channel, fields, target, carrier)) in cases.into_iter().enumerate() {
        let group = app.group(&format!("g{number}")).channel(channel).upstream(&provider.url()).keys(["sk-1"]);
        let group = group.field("header_rules", rules.clone());
        let fields = fields.as_object().unwrap().clone().into_iter();
        let group = fields.fold(group, |group, (name, value)| group.field(&name, value)).create().await;
        let tested = app.api().create("/api/keys/test-multiple", &of(&group, "sk-1")).await;
        assert_eq!(tested["results"][0]["is_valid"], true, "{channel}: {tested}");
        let request = provider.last_request();
        assert_eq!((request.target.as_str(), request.headers.has(carrier)), (target, true), "{channel}");
        assert_eq!(request.header("x-team"), Some(format!("g{number}").as_str()));
    }
}
