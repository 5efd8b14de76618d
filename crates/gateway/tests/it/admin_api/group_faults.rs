//! Groups that are refused: which field, what was given, what is allowed.

use serde_json::{Value, json};
use testkit::app::App;

use super::assert_refused;
use crate::support::BINARY;

fn good() -> Value {
    json!({"name": "g", "channel_type": "openai", "test_model": "m", "upstreams": [{"url": "http://127.0.0.1:9", "weight": 1}]})
}

/// A field with a value that is not allowed, and words that the message must hold.
fn faults() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let upstream = |url: &str, weight: i64| json!([{"url": url, "weight": weight}]);
    let rule = |key: &str, action: &str| json!([{"key": key, "value": "v", "action": action}]);
    vec![
        ("name", json!(""), &["name"]),
        ("name", json!("Upper"), &["name", "Upper", "a-z"]),
        ("name", json!("a b"), &["name"]),
        ("name", json!("ä"), &["name"]),
        ("name", json!("a/b"), &["name"]),
        ("name", json!("x".repeat(101)), &["name", "100"]),
        ("name", json!(1), &["name"]),
        ("display_name", json!("x".repeat(256)), &["display_name", "255"]),
        ("description", json!("x".repeat(513)), &["description", "512"]),
        ("channel_type", json!("azure"), &["channel_type", "azure", "anthropic"]),
        ("group_type", json!("other"), &["group_type", "aggregate"]),
        ("upstreams", json!([]), &["upstreams"]),
        ("upstreams", json!("http://127.0.0.1"), &["upstreams"]),
        ("upstreams", upstream("", 1), &["upstreams"]),
        ("upstreams", upstream("127.0.0.1:80", 1), &["upstreams", "http"]),
        ("upstreams", upstream("ftp://127.0.0.1", 1), &["upstreams", "http"]),
        ("upstreams", upstream("http://127.0.0.1", -1), &["upstreams"]),
        ("upstreams", upstream("http://127.0.0.1", 1001), &["upstreams", "1000"]),
        ("upstreams", upstream("http://127.0.0.1", 0), &["upstreams", "weight"]),
        ("validation_endpoint", json!("v1/chat"), &["validation_endpoint", "slash"]),
        ("config", json!({"no_such": 1}), &["config", "no_such"]),
        ("config", json!({"app_url": "http://x"}), &["config", "app_url"]),
        ("config", json!({"max_retries": -1}), &["config.max_retries", "-1"]),
        ("config", json!({"failover_status_codes": "99-1000"}), &["config.failover_status_codes"]),
        ("config", json!({"request_timeout": 0}), &["config.request_timeout"]),
        ("config", json!([1]), &["config"]),
        ("header_rules", rule("X-A", "append"), &["header_rules"]),
        ("header_rules", rule("X A", "set"), &["header"]),
        ("model_redirect_rules", json!({"a": ""}), &["model_redirect_rules"]),
        ("model_redirect_rules", json!({"a": 1}), &["model_redirect_rules"]),
        ("param_overrides", json!([1]), &["param_overrides"]),
        ("sort", json!("first"), &["sort"]),
    ]
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_is_made_or_changed() {
    let app = App::start(BINARY).await;
    let stays = app
        .api()
        .create(
            "/api/groups",
            &json!({"name": "stays", "channel_type": "openai", "test_model": "m", "upstreams": good()["upstreams"]}),
        )
        .await;
    for (field, value, words) in faults() {
        let mut body = good();
        body[field] = value.clone();
        assert_refused(&app.api().post("/api/groups", &body).await, 400, "VALIDATION_FAILED", words);
        let path = format!("/api/groups/{}", stays["id"]);
        assert_refused(&app.api().put(&path, &json!({field: value})).await, 400, "VALIDATION_FAILED", words);
    }
    assert_eq!(app.api().data("/api/groups").await, json!([stays]));
}

#[tokio::test]
async fn what_a_new_group_needs_is_asked_for() {
    let app = App::start(BINARY).await;
    for field in ["name", "channel_type", "test_model", "upstreams"] {
        let mut body = good();
        body.as_object_mut().unwrap().shift_remove(field);
        assert_refused(&app.api().post("/api/groups", &body).await, 400, "VALIDATION_FAILED", &[field]);
    }
}

#[tokio::test]
async fn a_name_can_be_taken_only_once() {
    let app = App::start(BINARY).await;
    app.api().create("/api/groups", &good()).await;
    assert_refused(&app.api().post("/api/groups", &good()).await, 409, "DUPLICATE_RESOURCE", &["name"]);
    let mut other = good();
    other["name"] = "other".into();
    let path = format!("/api/groups/{}", app.api().create("/api/groups", &other).await["id"]);
    assert_refused(&app.api().put(&path, &json!({"name": "g"})).await, 409, "DUPLICATE_RESOURCE", &["name"]);
    assert_eq!(app.api().put(&path, &json!({"name": "other"})).await.0, 200, "its own name is free");
}

#[tokio::test]
async fn a_credential_in_an_upstream_is_refused_and_not_repeated() {
    let app = App::start(BINARY).await;
    let mut body = good();
    body["upstreams"] = json!([{"url": "https://user:hunter2@127.0.0.1", "weight": 1}]);
    let refused = app.api().post("/api/groups", &body).await;
    assert_refused(&refused, 400, "VALIDATION_FAILED", &["upstreams", "header rules"]);
    assert!(!refused.1.to_string().contains("hunter2"), "{}", refused.1);
}

#[tokio::test]
async fn groups_that_are_not_there_are_404() {
    let app = App::start(BINARY).await;
    assert_refused(&app.api().put("/api/groups/77", &json!({"name": "x"})).await, 404, "NOT_FOUND", &["77"]);
    assert_refused(&app.api().delete("/api/groups/77").await, 404, "NOT_FOUND", &["77"]);
    for id in ["abc", "1.5", "99999999999999999999"] {
        let (status, body) = app.api().delete(&format!("/api/groups/{id}")).await;
        assert_eq!((status, &body["code"]), (400, &json!("BAD_REQUEST")), "{id}: {body}");
    }
}
