//! Groups.

use domain::ids::GroupId;
use serde_json::{Value, json};

use super::kit::{Api, failure, group};

fn names(groups: &Value) -> Vec<&str> {
    groups.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_new_group_is_shown_in_full_and_in_force() {
    let api = Api::new().await;
    let object = api.post("/api/groups", group("one")).await.data();
    assert_eq!(object["endpoint"], "http://gate.example/proxy/one");
    let expected = json!({
        "id": 1, "name": "one", "display_name": "", "description": "", "group_type": "standard",
        "upstreams": [{"url": "http://127.0.0.1:9", "weight": 1}], "channel_type": "openai", "sort": 0,
        "test_model": "m", "validation_endpoint": "", "param_overrides": {}, "model_redirect_rules": {},
        "model_redirect_strict": false, "config": {}, "header_rules": [], "proxy_keys": "", "enabled": true,
        "warnings": [], "last_validated_at": null,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&object[field], value, "{field}");
    }
    assert!(object["created_at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(api.state.publisher.current().route("one").is_some());
    assert_eq!(api.get("/api/groups").await.data(), json!([object]));
}

#[tokio::test]
async fn lists_are_ordered_by_sort_and_then_newest_first() {
    let api = Api::new().await;
    for name in ["a", "b", "c"] {
        api.group(name).await;
    }
    assert_eq!(names(&api.get("/api/groups").await.data()), ["c", "b", "a"]);
    let reorder = json!({"items": [{"id": 1, "sort": 1}, {"id": 2, "sort": 2}, {"id": 3, "sort": 3}]});
    api.put("/api/groups/reorder", reorder).await.done();
    let short = api.get("/api/groups/list").await.data();
    assert_eq!(short[0], json!({"id": 1, "name": "a", "display_name": ""}));
    assert_eq!(names(&short), ["a", "b", "c"]);
    assert_eq!(
        api.put("/api/groups/reorder", json!({"items": [{"id": 9, "sort": 1}]})).await.code(),
        failure(404, "NOT_FOUND")
    );
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_is_in_force() {
    let api = Api::new().await;
    let id = api.group("one").await;
    let path = format!("/api/groups/{id}");
    let change = r#"{"name": "two", "config": {"max_retries": 1}, "param_overrides": {"top_p": 1.10}}"#;
    let changed = api.call("PUT", &path, change).await;
    assert_eq!((&changed.data()["name"], &changed.data()["test_model"]), (&json!("two"), &json!("m")));
    assert!(changed.text.contains(r#""param_overrides":{"top_p":1.10}"#), "numbers keep their form: {}", changed.text);
    let snapshot = api.state.publisher.current();
    assert!(snapshot.route("one").is_none() && snapshot.route("two").is_some());
    assert_eq!(snapshot.service(GroupId(id)).unwrap().settings.max_retries, 1);
}

#[tokio::test]
async fn of_two_updates_at_once_none_is_lost() {
    let api = Api::new().await;
    let path = format!("/api/groups/{}", api.group("one").await);
    let (one, two) =
        tokio::join!(api.put(&path, json!({"description": "d"})), api.put(&path, json!({"display_name": "n"})));
    assert_eq!((one.status, two.status), (200, 200));
    let group = api.get("/api/groups").await.data();
    assert_eq!((&group[0]["description"], &group[0]["display_name"]), (&json!("d"), &json!("n")));
}

#[tokio::test]
async fn what_1_4_x_took_and_we_can_not_use_is_a_warning() {
    let api = Api::new().await;
    let id = GroupId(api.group("one").await);
    let mut spec = api.state.db.group(id).await.unwrap().spec;
    spec.config.insert("no_such".to_owned(), json!(1));
    api.state.db.update_group(id, &spec).await.unwrap();
    let warnings = api.get("/api/groups").await.data()[0]["warnings"].clone();
    assert!(warnings[0].as_str().unwrap().contains("no_such"), "{warnings}");
}

#[tokio::test]
async fn names_are_unique_and_ids_must_exist() {
    let api = Api::new().await;
    let id = api.group("one").await;
    api.group("two").await;
    assert_eq!(api.post("/api/groups", group("one")).await.code(), failure(409, "DUPLICATE_RESOURCE"));
    let rename = api.put(&format!("/api/groups/{id}"), json!({"name": "two"})).await;
    assert_eq!(rename.code(), failure(409, "DUPLICATE_RESOURCE"));
    for reply in [
        api.put("/api/groups/99", json!({})).await,
        api.delete("/api/groups/99").await,
        api.get("/api/groups/99/stats").await,
    ] {
        assert_eq!(reply.code(), failure(404, "NOT_FOUND"));
    }
    assert_eq!(api.put("/api/groups/x", json!({})).await.code(), failure(400, "BAD_REQUEST"));
}

#[tokio::test]
async fn wrong_fields_are_named_with_what_is_allowed() {
    let api = Api::new().await;
    let mut wrong = group("one");
    wrong["header_rules"] = json!([{"key": "Host", "value": "x"}]);
    let (status, code, message) = api.post("/api/groups", wrong).await.error();
    assert_eq!((status, code.as_str()), (400, "VALIDATION_FAILED"));
    assert!(message.contains("Host"), "{message}");

    let mut wrong = group("one");
    wrong["upstreams"] = json!("https://api.example.com");
    let (_, code, message) = api.post("/api/groups", wrong).await.error();
    assert!(code == "VALIDATION_FAILED" && message.starts_with("upstreams: "), "{message}");
    assert_eq!(api.call("POST", "/api/groups", "{").await.code(), failure(400, "INVALID_JSON"));
    assert_eq!(api.get("/api/groups").await.data(), json!([]), "nothing was made");
}

#[tokio::test]
async fn a_deleted_group_is_gone_with_its_keys() {
    let api = Api::new().await;
    let id = api.group("one").await;
    api.add(id, "sk-1 sk-2").await;
    api.delete(&format!("/api/groups/{id}")).await.done();
    assert!(api.state.publisher.current().route("one").is_none());
    assert!(api.pool(id).keys().is_empty());
    assert!(api.state.db.key_counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn options_show_the_systems_values_typed() {
    let api = Api::new().await;
    api.put("/api/settings", json!({"max_retries": 7})).await.done();
    let options = api.get("/api/groups/config-options").await.data();
    let options = options.as_array().unwrap();
    let find = |key: &str| options.iter().find(|option| option["key"] == key);
    let retries = find("max_retries").unwrap();
    assert_eq!(retries["default_value"], 7);
    assert!(retries["name"].is_string() && retries["description"].is_string());
    assert!(find("app_url").is_none() && find("proxy_keys").is_none());
}

#[tokio::test]
async fn statistics_of_a_group_without_requests_are_zero() {
    let api = Api::new().await;
    let id = api.group("one").await;
    api.add(id, "sk-1 sk-2 sk-3").await;
    let first = api.pool(id).keys()[0].id;
    api.pool(id).set_status(&[first], domain::key::KeyStatus::Invalid);
    let none = json!({"total_requests": 0, "failed_requests": 0, "failure_rate": 0.0});
    let expected = json!({
        "key_stats": {
            "total_keys": 3, "active_keys": 2, "invalid_keys": 1, "usable_keys": 2, "cooling_keys": 0,
            "cooling_for_some_models_keys": 0, "disabled_keys": 0, "unreadable_keys": 0, "next_wake_at": null,
        },
        "reasons": [], "reasons_of": 0,
        "stats_24_hour": none, "stats_7_day": none, "stats_30_day": none,
    });
    assert_eq!(api.get(&format!("/api/groups/{id}/stats")).await.data(), expected);
}
