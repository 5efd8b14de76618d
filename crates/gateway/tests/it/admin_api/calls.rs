//! What an operator sees of the provider: its models, and one call and its answer.

use serde_json::{Value, json};
use testkit::provider::{Answer, Script};

use super::assert_refused;
use crate::support::app_and_provider;

#[tokio::test]
async fn the_models_of_each_provider_are_listed() {
    let (app, provider) = app_and_provider().await;
    let openai = json!({"object": "list", "data": [{"id": "gpt-b"}, {"id": "gpt-a"}]});
    let gemini = json!({"models": [{"name": "models/gemini-a"}, {"name": "models/gemini-b"}]});
    let anthropic = json!({"data": [{"type": "model", "id": "claude-a"}], "has_more": false});
    let cases = [
        ("openai", Value::Null, "/v1/models", openai.clone(), json!(["gpt-b", "gpt-a"])),
        ("openai", json!("/api/v3/chat/completions?a=b"), "/api/v3/models", openai, json!(["gpt-b", "gpt-a"])),
        ("gemini", Value::Null, "/v1beta/models", gemini, json!(["gemini-a", "gemini-b"])),
        ("anthropic", Value::Null, "/v1/models", anthropic, json!(["claude-a"])),
    ];
    for (number, (channel, endpoint, path, list, names)) in cases.into_iter().enumerate() {
        provider.on_path(path, Answer::json(200, &list));
        let rules = json!([{"key": "X-Team", "value": "blue", "action": "set"}]);
        let group = app.group(&format!("g{number}")).channel(channel).upstream(&provider.url()).keys(["sk-1"]);
        let group = group.field("validation_endpoint", endpoint).field("header_rules", rules).create().await;
        let models = app.api().data(&format!("/api/groups/{}/models", group.id)).await;
        assert_eq!(models, json!({"models": names}), "{channel}");
        let seen = provider.last_request();
        assert_eq!((seen.path(), seen.header("x-team"), seen.header("content-type")), (path, Some("blue"), None));
    }
}

#[tokio::test]
async fn a_provider_that_lists_no_models_is_quoted() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-dead-key-1"]).create().await;
    let path = format!("/api/groups/{}/models", group.id);
    let said = json!({"error": {"message": "Incorrect API key provided: sk-dead-key-1"}});
    provider.on_key("sk-dead-key-1", Answer::json(401, &said));
    assert_refused(&app.api().get(&path).await, 502, "UPSTREAM_ERROR", &["[status 401]", "Incorrect", "sk-d****ey-1"]);
    provider.on_key("sk-dead-key-1", Answer::new(200));
    assert_refused(&app.api().get(&path).await, 502, "UPSTREAM_ERROR", &["no list of models"]);
    provider.on_key("sk-dead-key-1", Answer::close());
    assert_refused(&app.api().get(&path).await, 502, "UPSTREAM_ERROR", &[]);
    assert_eq!(app.key(&group, "sk-dead-key-1").await["failure_count"], 0, "a look does nothing to the key");
}

#[tokio::test]
async fn a_try_shows_what_was_said_and_never_the_key() {
    let (app, provider) = app_and_provider().await;
    let key = "sk-secret-key-1";
    let rules = json!([{"key": "X-Key", "value": "${API_KEY}", "action": "set"}]);
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&format!("{}/base", provider.url())).keys([key]).config(config);
    let group = group.field("header_rules", rules).create().await;
    let said = json!({"error": {"message": format!("{key} is no key")}});
    provider.on_key(key, Answer::json(401, &said).header("x-echo", key));
    let path = format!("/api/groups/{}/try", group.id);
    let exchange = app.api().create(&path, &json!({})).await;
    assert!(!exchange.to_string().contains(key), "{exchange}");
    assert_eq!(exchange["key"], "sk-s****ey-1");
    let (request, response) = (&exchange["request"], &exchange["response"]);
    assert_eq!(request["url"], format!("{}/base/v1/chat/completions", provider.url()));
    let has = |headers: &Value, name: &str, value: &str| {
        headers.as_array().unwrap().contains(&json!({"name": name, "value": value}))
    };
    assert!(has(&request["headers"], "x-key", "sk-s****ey-1"), "{request}");
    assert!(has(&request["headers"], "authorization", "Bearer sk-s****ey-1"), "{request}");
    let sent: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!(sent, provider.last_request().json());
    assert_eq!((&request["method"], &response["status"]), (&json!("POST"), &json!(401)));
    assert!(has(&response["headers"], "x-echo", "sk-s****ey-1"), "{response}");
    assert!(response["body"].as_str().unwrap().contains("sk-s****ey-1 is no key") && exchange["duration_ms"].is_u64());
    assert_eq!(app.key(&group, key).await["failure_count"], 0, "a look does nothing to the key");

    provider.on_key(key, Answer::close());
    let exchange = app.api().create(&path, &json!({})).await;
    assert!(exchange["error"].is_string() && exchange.get("response").is_none(), "{exchange}");
}

#[tokio::test]
async fn a_key_that_serves_is_preferred_and_a_disabled_one_never_used() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let keys = ["sk-dead-1", "sk-well-2", "sk-off-3"];
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    let of = |keys: &str| json!({"group_id": group.id, "keys_text": keys});
    provider.on_key("sk-dead-1", Script::dead());
    app.api().create("/api/keys/test-multiple", &of("sk-dead-1")).await;
    app.api().create("/api/keys/disable-multiple", &of("sk-off-3")).await;
    let path = format!("/api/groups/{}/try", group.id);
    let tried = async || {
        app.api().create(&path, &json!({})).await;
        provider.last_request().header("authorization").unwrap().to_owned()
    };
    for _ in 0..3 {
        assert_eq!(tried().await, "Bearer sk-well-2");
    }
    app.api().create("/api/keys/delete-multiple", &of("sk-well-2")).await;
    assert_eq!(tried().await, "Bearer sk-dead-1");
    app.api().create("/api/keys/delete-multiple", &of("sk-dead-1")).await;
    let refused = app.api().post(&path, &json!({})).await;
    assert_refused(&refused, 503, "NO_KEYS_AVAILABLE", &["disabled"]);
    assert_refused(&app.api().post("/api/groups/9999/try", &json!({})).await, 404, "NOT_FOUND", &["9999"]);
}
