//! Groups: made, listed, changed, deleted, counted.

use serde_json::{Value, json};
use testkit::Gate;
use testkit::app::App;
use testkit::http::Connection;
use testkit::provider::Answer;

use super::{assert_refused, columns, names};
use crate::support::{BINARY, app_and_provider};

/// What a script for 1.4.x sends to make a group.
fn fields(name: &str) -> Value {
    json!({"name": name, "channel_type": "openai", "test_model": "m", "upstreams": [{"url": "http://127.0.0.1:9", "weight": 1}]})
}

#[tokio::test]
async fn a_group_object_has_all_its_fields() {
    let app = App::start(BINARY).await;
    app.set(json!({"app_url": "https://gateway.example/"})).await;
    let full = json!({
        "name": "full_1", "display_name": " Full ", "description": "what it is for", "group_type": "standard",
        "upstreams": [{"url": "https://a.example/v1 ", "weight": 3}, {"url": "http://b.example", "weight": 0}],
        "channel_type": "openai-response", "sort": 7, "test_model": "m1", "validation_endpoint": "/v1/x?y=1",
        "param_overrides": {"n": 12_345_678_901_234_567_890_u64, "t": 0.25}, "model_redirect_rules": {"a": "b"},
        "model_redirect_strict": true, "config": {"max_retries": 5, "proxy_url": null},
        "header_rules": [{"key": "x-team-name", "value": "${GROUP_NAME}", "action": "set"}], "proxy_keys": "pk-1, pk-2",
    });
    let object = app.api().create("/api/groups", &full).await;
    let expected = json!({
        "id": object["id"], "name": "full_1", "endpoint": "https://gateway.example/proxy/full_1", "display_name": "Full",
        "description": "what it is for", "group_type": "standard",
        "upstreams": [{"url": "https://a.example/v1", "weight": 3}, {"url": "http://b.example", "weight": 0}],
        "channel_type": "openai-response", "sort": 7, "test_model": "m1", "validation_endpoint": "/v1/x?y=1",
        "param_overrides": {"n": 12_345_678_901_234_567_890_u64, "t": 0.25}, "model_redirect_rules": {"a": "b"},
        "model_redirect_strict": true, "config": {"max_retries": 5},
        "header_rules": [{"key": "X-Team-Name", "value": "${GROUP_NAME}", "action": "set"}], "proxy_keys": "pk-1, pk-2",
        "enabled": true, "warnings": [], "last_validated_at": null,
        "created_at": object["created_at"], "updated_at": object["updated_at"],
    });
    assert_eq!(object, expected);
    assert_eq!(app.api().data("/api/groups").await, json!([object]));
}

#[tokio::test]
async fn what_is_not_given_has_a_default() {
    let app = App::start(BINARY).await;
    let object = app.api().create("/api/groups", &fields("g")).await;
    for (field, default) in [
        ("display_name", json!("")),
        ("description", json!("")),
        ("group_type", json!("standard")),
        ("sort", json!(0)),
        ("validation_endpoint", json!("")),
        ("param_overrides", json!({})),
        ("model_redirect_rules", json!({})),
        ("model_redirect_strict", json!(false)),
        ("config", json!({})),
        ("header_rules", json!([])),
        ("proxy_keys", json!("")),
    ] {
        assert_eq!(object[field], default, "{field}");
    }
    assert_eq!(object["endpoint"], app.url("/proxy/g"));
}

#[tokio::test]
async fn lists_are_ordered_by_sort_then_the_newest() {
    let app = App::start(BINARY).await;
    let mut ids = Vec::new();
    for (name, sort) in [("a", 5), ("b", 1), ("c", 5), ("d", -2)] {
        let mut fields = fields(name);
        fields["sort"] = sort.into();
        fields["display_name"] = format!("Group {name}").into();
        ids.push(app.api().create("/api/groups", &fields).await["id"].clone());
    }
    let order = async || columns(&app.api().data("/api/groups").await, ["name"]).concat();
    assert_eq!(order().await, ["d", "b", "c", "a"]);
    let short = app.api().data("/api/groups/list").await;
    assert_eq!(names(&short[0]), ["id", "name", "display_name"]);
    assert_eq!(short[1], json!({"id": ids[1], "name": "b", "display_name": "Group b"}));
    assert_eq!(columns(&short, ["name"]).concat(), ["d", "b", "c", "a"]);

    let items = json!({"items": [{"id": ids[0], "sort": 0}, {"id": ids[3], "sort": 9}]});
    assert_eq!(app.api().put("/api/groups/reorder", &items).await.0, 200);
    assert_eq!(order().await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let app = App::start(BINARY).await;
    let mut given = fields("before");
    let more = json!({
        "description": "d", "param_overrides": {"a": 1}, "header_rules": [{"key": "X-A", "value": "1", "action": "set"}],
        "model_redirect_rules": {"a": "b"}, "config": {"max_retries": 1}, "proxy_keys": "pk-1", "sort": 3,
    });
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut expected = app.api().create("/api/groups", &given).await;
    let path = format!("/api/groups/{}", expected["id"]);
    let steps = [
        (json!({}), json!({})),
        (json!({"name": "after"}), json!({"name": "after", "endpoint": app.url("/proxy/after")})),
        (json!({"test_model": ""}), json!({})),
        (json!({"test_model": null, "config": null, "header_rules": null, "sort": null}), json!({})),
        (json!({"group_type": "standard"}), json!({})),
        (json!({"config": {"blacklist_threshold": 9}}), json!({"config": {"blacklist_threshold": 9}})),
        (
            json!({"config": {}, "param_overrides": {}, "header_rules": [], "model_redirect_rules": {}, "proxy_keys": "", "description": ""}),
            json!({"config": {}, "param_overrides": {}, "header_rules": [], "model_redirect_rules": {}, "proxy_keys": "", "description": ""}),
        ),
        (json!({"channel_type": "gemini", "test_model": "m2"}), json!({"channel_type": "gemini", "test_model": "m2"})),
    ];
    for (change, changed) in steps {
        let (status, body) = app.api().put(&path, &change).await;
        assert_eq!(status, 200, "{change}: {body}");
        expected.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        expected["updated_at"] = body["data"]["updated_at"].clone();
        assert_eq!(body["data"], expected, "after {change}");
        assert_eq!(app.api().data("/api/groups").await, json!([expected]));
    }
}

#[tokio::test]
async fn a_deleted_group_takes_its_keys_with_it_and_no_others() {
    let (app, provider) = app_and_provider().await;
    let gone = app.group("gone").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let stays = app.group("stays").upstream(&provider.url()).keys(["sk-1", "sk-3"]).create().await;
    let (status, body) = app.api().delete(&format!("/api/groups/{}", gone.id)).await;
    assert_eq!((status, names(&body), &body["code"]), (200, vec!["code", "message"], &json!(0)));
    assert_eq!(gone.chat("m").fetch().await.status, 404);
    assert_eq!(stays.chat("m").fetch().await.status, 200);
    assert_refused(&app.api().get(&format!("/api/keys?group_id={}", gone.id)).await, 404, "NOT_FOUND", &[]);
    let keys = app.api().data(&format!("/api/keys?group_id={}", stays.id)).await;
    assert_eq!(keys["pagination"]["total_items"], 2);
    assert_refused(&app.api().delete(&format!("/api/groups/{}", gone.id)).await, 404, "NOT_FOUND", &[]);

    let again = app.group("gone").upstream(&provider.url()).create().await;
    assert_ne!(again.id, gone.id);
    assert_eq!(again.chat("m").fetch().await.status, 503, "a new group of that name has none of the old keys");
}

#[tokio::test]
async fn requests_that_run_outlive_their_group() {
    let (mut app, provider) = app_and_provider().await;
    let gate = Gate::default();
    provider.on_key("sk-slow", Answer::json(200, &json!({"done": true})).gate(&gate));
    let rest = Answer::json(429, &json!({"error": {"message": "slow down"}})).header("retry-after", "3600");
    provider.on_key("sk-limited", rest.gate(&gate));
    let group = app.group("g").upstream(&provider.url()).keys(["sk-slow"]).create().await;
    let limited = app.group("limited").upstream(&provider.url()).keys(["sk-limited"]).create().await;
    let mut running = Vec::new();
    for group in [&group, &limited] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(group.chat("m").to_bytes()).await.unwrap();
        running.push(connection);
    }
    gate.reached(2).await;
    for group in [&group, &limited] {
        assert_eq!(app.api().delete(&format!("/api/groups/{}", group.id)).await.0, 200);
        assert_eq!(group.chat("m").fetch().await.status, 404, "no new ones");
    }
    gate.open();
    let mut statuses = Vec::new();
    for connection in running {
        statuses.push(connection.response("POST").await.unwrap().finish().await.unwrap().0.status);
    }
    assert_eq!(statuses, [200, 429]);
    app.eventually("both rows", async || app.logs("request_type=final").await.len() == 2).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    assert!(!app.output().contains("failed"), "what is told about keys that are gone harms nothing:\n{}", app.output());
}

#[tokio::test]
async fn statistics_of_a_group_count_keys_and_requests() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let group =
        app.group("g").upstream(&provider.url()).keys(["sk-dead-1", "sk-2", "sk-3"]).config(config).create().await;
    let path = format!("/api/groups/{}/stats", group.id);
    let none = json!({"total_requests": 0, "failed_requests": 0, "failure_rate": 0.0});
    let stats = |active: i64, invalid, requests: &Value| {
        let counts = [3, active, invalid].map(Value::from).to_vec();
        [vec![Value::from(counts)], vec![requests.clone(); 3]].concat()
    };
    let shown = |stats: &Value| {
        let counts = ["total_keys", "active_keys", "invalid_keys"].map(|name| stats["key_stats"][name].clone());
        let requests = ["stats_24_hour", "stats_7_day", "stats_30_day"].map(|name| stats[name].clone());
        [vec![Value::from(counts.to_vec())], requests.to_vec()].concat()
    };
    assert_eq!(shown(&app.api().data(&path).await), stats(3, 0, &none));
    for _ in 0..3 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    let some = json!({"total_requests": 3, "failed_requests": 0, "failure_rate": 0.0});
    let told = app
        .eventually("three requests counted and a reason stored", async || {
            let told = app.api().data(&path).await;
            let is_whole = shown(&told) == stats(2, 1, &some) && told["reasons"][0]["status"] == 401;
            if is_whole { Ok(told) } else { Err(told) }
        })
        .await;
    assert_eq!((&told["reasons"][0]["count"], &told["reasons_of"]), (&json!(1), &json!(1)));
    assert_refused(&app.api().get("/api/groups/9999/stats").await, 404, "NOT_FOUND", &["9999"]);
}
