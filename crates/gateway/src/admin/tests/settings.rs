//! Settings.

use serde_json::{Value, json};

use super::kit::{Api, failure};

async fn value(api: &Api, key: &str) -> Value {
    let categories = api.get("/api/settings").await.data();
    let settings = categories.as_array().unwrap().iter().flat_map(|category| category["settings"].as_array().unwrap());
    let setting = settings.into_iter().find(|setting| setting["key"] == key).unwrap();
    setting["value"].clone()
}

#[tokio::test]
async fn a_change_is_in_force_when_the_call_returns() {
    let api = Api::new().await;
    let change = json!({"max_retries": 9, "proxy_keys": "pk-new", "app_url": "https://new.example"});
    api.put("/api/settings", change).await.done();
    let snapshot = api.state.publisher.current();
    assert_eq!(snapshot.settings.max_retries, 9);
    assert!(snapshot.proxy_keys.contains(&crate::snapshot::proxy_keys::digest_of("pk-new")));
    assert_eq!(value(&api, "max_retries").await, 9);
    assert_eq!(api.post("/api/groups", super::kit::group("g")).await.data()["endpoint"], "https://new.example/proxy/g");

    api.put("/api/settings", json!({"max_retries": 3})).await.done();
    assert_eq!(value(&api, "max_retries").await, 3);
    assert!(!api.state.db.stored_settings().await.unwrap().contains_key("max_retries"), "the default needs no row");
}

#[tokio::test]
async fn one_wrong_value_and_nothing_is_changed() {
    let api = Api::new().await;
    for (wrong, part) in [
        (json!({"max_retries": 9, "request_timeout": "600"}), "request_timeout"),
        (json!({"max_retries": 9, "request_timeout": 0}), "request_timeout"),
        (json!({"max_retries": 9, "no_such_setting": 1}), "no_such_setting"),
        (json!({"max_retries": 9, "proxy_keys": ""}), "proxy_keys"),
        (json!({"max_retries": 9, "failover_status_codes": "abc"}), "failover_status_codes"),
    ] {
        let reply = api.put("/api/settings", wrong).await;
        assert_eq!(reply.code(), failure(400, "VALIDATION_FAILED"), "{part}");
        assert!(reply.error().2.contains(part), "{}", reply.text);
    }
    assert_eq!(value(&api, "max_retries").await, 3);
    assert_eq!(api.call("PUT", "/api/settings", "[]").await.code(), failure(400, "INVALID_JSON"));
}
