//! `GET` and `PUT /api/settings`, and the options of groups.

use serde_json::{Value, json};
use testkit::app::{AUTH_KEY, App};

use super::{assert_refused, names};
use crate::support::BINARY;

/// The settings by key.
async fn all(app: &App) -> Vec<Value> {
    let categories = app.api().data("/api/settings").await;
    let categories = categories.as_array().unwrap();
    assert!(categories.iter().all(|category| names(category) == ["category_name", "settings"]), "{categories:?}");
    categories.iter().flat_map(|category| category["settings"].as_array().unwrap().clone()).collect()
}

async fn setting(app: &App, key: &str) -> Value {
    all(app).await.into_iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no setting {key}"))
}

#[tokio::test]
async fn every_setting_is_listed_with_value_type_and_default() {
    let app = App::start(BINARY).await;
    for (key, kind, value, default) in [
        ("app_url", "string", json!(app.url("")), "http://localhost:3001"),
        ("proxy_keys", "string", json!(AUTH_KEY), ""),
        ("request_log_retention_days", "int", json!(7), "7"),
        ("request_log_write_interval_minutes", "int", json!(1), "1"),
        ("enable_request_body_logging", "bool", json!(false), "false"),
        ("request_timeout", "int", json!(600), "600"),
        ("connect_timeout", "int", json!(15), "15"),
        ("idle_conn_timeout", "int", json!(120), "120"),
        ("response_header_timeout", "int", json!(600), "600"),
        ("max_idle_conns", "int", json!(100), "100"),
        ("max_idle_conns_per_host", "int", json!(50), "50"),
        ("proxy_url", "string", json!(""), ""),
        ("max_retries", "int", json!(3), "3"),
        ("blacklist_threshold", "int", json!(3), "3"),
        ("failover_status_codes", "string", json!("401-403,408,425,429,500-599"), "401-403,408,425,429,500-599"),
        ("key_validation_interval_minutes", "int", json!(60), "60"),
        ("key_validation_concurrency", "int", json!(10), "10"),
        ("key_validation_timeout_seconds", "int", json!(20), "20"),
        ("stream_idle_timeout", "int", json!(300), "300"),
        ("rate_limit_cooldown_seconds", "int", json!(60), "60"),
        ("retry_budget_percent", "int", json!(50), "50"),
        ("blacklist_status_codes", "string", json!(""), ""),
    ] {
        let shown = setting(&app, key).await;
        assert_eq!(
            (&shown["type"], &shown["value"], &shown["default_value"]),
            (&json!(kind), &value, &json!(default)),
            "{key}"
        );
        for field in ["name", "description", "category"] {
            assert!(shown[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {key}");
        }
        for limit in ["min_value", "max_value"] {
            assert_eq!(shown[limit].is_i64(), kind == "int", "{limit} of {key}");
        }
        assert!(shown["required"].is_boolean() && shown["per_group"].is_boolean(), "{key}");
    }
}

#[tokio::test]
async fn a_change_is_all_or_nothing() {
    let app = App::start(BINARY).await;
    let before = all(&app).await;
    for (bad, words) in [
        (json!({"max_retries": 5, "request_timeout": 0}), &["request_timeout", "0"][..]),
        (json!({"max_retries": 5, "no_such_setting": 1}), &["no_such_setting"]),
        (json!({"max_retries": "5"}), &["max_retries", "\"5\""]),
        (json!({"max_retries": 5.5}), &["max_retries", "5.5"]),
        (json!({"max_retries": null}), &["max_retries", "null"]),
        (json!({"max_retries": -1}), &["max_retries", "-1"]),
        (json!({"enable_request_body_logging": "true"}), &["enable_request_body_logging", "true or false"]),
        (json!({"max_retries": 5, "app_url": "not a url"}), &["app_url"]),
        (json!({"max_retries": 5, "proxy_keys": " "}), &["proxy_keys", "empty"]),
        (json!({"failover_status_codes": "500-400"}), &["failover_status_codes", "500-400"]),
        (json!({"blacklist_status_codes": "abc"}), &["blacklist_status_codes", "abc"]),
    ] {
        assert_refused(&app.api().put("/api/settings", &bad).await, 400, "VALIDATION_FAILED", words);
        assert_eq!(all(&app).await, before, "{bad}");
    }
    app.set(json!({"max_retries": 5, "failover_status_codes": " 404, 500-503 ", "app_url": "https://x.example/base/"}))
        .await;
    assert_eq!(setting(&app, "max_retries").await["value"], 5);
    assert_eq!(setting(&app, "failover_status_codes").await["value"], "404, 500-503");
    app.set(json!({"max_retries": 3, "failover_status_codes": "401-403,408,425,429,500-599"})).await;
    assert_eq!(setting(&app, "max_retries").await["value"], 3);
}

#[tokio::test]
async fn changes_are_there_after_a_kill_and_defaults_need_no_row() {
    let mut app = App::start(BINARY).await;
    app.set(json!({"max_retries": 9, "request_timeout": 600, "proxy_keys": "pk-a,pk-b"})).await;
    app.kill9().await;
    let rows = ["SELECT setting_key, setting_value FROM system_settings ORDER BY setting_key"];
    let [rows] = app.database().run(rows);
    let expected = [("app_url", json!(app.url(""))), ("max_retries", json!(9)), ("proxy_keys", json!("pk-a,pk-b"))];
    assert_eq!(rows, expected.map(|(key, value)| vec![json!(key), value]));
    app.restart().await;
    assert_eq!(setting(&app, "max_retries").await["value"], 9);
}

#[tokio::test]
async fn options_of_groups_show_the_systems_values() {
    let app = App::start(BINARY).await;
    app.set(json!({"max_retries": 8})).await;
    let options = app.api().data("/api/groups/config-options").await;
    let options = options.as_array().unwrap();
    assert!(
        options.iter().all(|option| names(option).starts_with(&[
            "key",
            "name",
            "description",
            "default_value",
            "type"
        ])),
        "{options:?}"
    );
    let retries = options.iter().find(|option| option["key"] == "max_retries").unwrap();
    assert_eq!((&retries["min_value"], &retries["max_value"]), (&json!(0), &json!(100)));
    let value =
        |key: &str| options.iter().find(|option| option["key"] == key).map(|option| option["default_value"].clone());
    assert_eq!(value("max_retries"), Some(json!(8)), "typed, as it is now");
    assert_eq!(value("enable_request_body_logging"), Some(json!(false)));
    for of_the_system in ["app_url", "proxy_keys", "request_log_retention_days", "request_log_write_interval_minutes"] {
        assert_eq!(value(of_the_system), None, "{of_the_system}");
    }
}
