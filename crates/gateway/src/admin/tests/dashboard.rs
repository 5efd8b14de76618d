//! The dashboard, and what it warns of.

use serde_json::{Value, json};
use storage::Dsn;
use tempfile::TempDir;

use super::kit::{AUTH_KEY, Api, failure, group, open};
use super::logs::{record, store};

#[tokio::test]
async fn without_requests_everything_is_zero() {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-1 sk-2 sk-3").await;
    let first = api.pool(id).ids_of(|_| true)[0];
    api.pool(id).set_status(&[first], domain::key::KeyStatus::Invalid);
    let stats = api.get("/api/dashboard/stats").await.data();
    assert_eq!(
        stats["key_count"],
        json!({"value": 2, "sub_value": 1, "sub_value_tip": "Invalid keys", "trend": 0.0, "trend_is_growth": false})
    );
    let nothing = |value: Value| json!({"value": value, "trend": 0.0, "trend_is_growth": true});
    assert_eq!((&stats["rpm"], &stats["request_count"]), (&nothing(json!(0.0)), &nothing(json!(0))));
    assert_eq!(stats["error_rate"], nothing(json!(0.0)));
    let chart = api.get("/api/dashboard/chart").await.data();
    assert_eq!(
        (&chart["datasets"][0]["label"], &chart["datasets"][1]["label"]),
        (&json!("Successful requests"), &json!("Failed requests"))
    );
    assert_eq!(chart["datasets"][0]["data"], json!(vec![0; 24]));
    let labels = chart["labels"].as_array().unwrap();
    assert!(
        labels.len() == 24 && labels.iter().all(|label| label.as_str().unwrap().ends_with(":00:00+08:00")),
        "{labels:?}"
    );
    assert_eq!(api.get("/api/dashboard/chart?groupId=x").await.code(), failure(400, "BAD_REQUEST"));
}

#[tokio::test]
async fn charts_reach_back_a_day_a_week_or_a_month() {
    let api = Api::new().await;
    for (query, labels) in [("range=24h", 24), ("range=7d", 168), ("range=30d&groupId=1", 30)] {
        let chart = api.get(&format!("/api/dashboard/chart?{query}")).await.data();
        let groups = api.get(&format!("/api/dashboard/groups?{query}")).await.data();
        assert_eq!((&chart["labels"], &chart["datasets"][1]["data"]), (&groups["labels"], &json!(vec![0; labels])));
        assert_eq!(chart["labels"].as_array().unwrap().len(), labels, "{query}");
    }
    for path in ["chart", "groups"] {
        let refused = api.get(&format!("/api/dashboard/{path}?range=1h")).await;
        assert_eq!(refused.code(), failure(400, "BAD_REQUEST"));
        assert!(refused.error().2.contains("24h"), "{}", refused.text);
    }
}

#[tokio::test]
async fn groups_are_told_with_their_traffic_and_aggregates_apart() {
    let api = Api::new().await;
    let (quiet, all) = (api.group("quiet").await, api.aggregate("all").await);
    let of = |number, status, group| {
        let mut record = record(number, status);
        record.timestamp_ms = jiff::Timestamp::now().as_millisecond();
        record.group_id = domain::ids::GroupId(group);
        record
    };
    let busy = api.group("busy").await;
    store(&api, vec![of(1, 200, busy), of(2, 500, busy), of(3, 200, busy), of(4, 200, 99)]).await;
    let traffic = api.get("/api/dashboard/groups").await.data();
    let told = |id: i64| {
        let groups = traffic["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["group_id"] == id).unwrap();
        ["name", "group_type", "success", "failure", "total", "failure_rate"].map(|field| group[field].clone())
    };
    assert_eq!(told(busy), [json!("busy"), json!("standard"), json!(2), json!(1), json!(3), json!(0.3333)]);
    assert_eq!(told(quiet), [json!("quiet"), json!("standard"), json!(0), json!(0), json!(0), json!(0.0)]);
    assert_eq!(told(all)[..2], [json!("all"), json!("aggregate")]);
    assert_eq!(traffic["groups"].as_array().unwrap().len(), 3, "the other is gone");
    let series = &traffic["groups"][0]["success_series"];
    assert_eq!((series.as_array().unwrap().len(), &series[23], &series[22]), (24, &json!(2), &json!(0)));
}

#[tokio::test]
async fn a_proxy_key_that_opens_the_admin_api_is_warned_of() {
    let api = Api::new().await;
    api.put("/api/settings", json!({"proxy_keys": format!("pk-all,{AUTH_KEY}")})).await.done();
    let stats = api.get("/api/dashboard/stats").await.data();
    let told = |kind: &str| {
        let warnings = stats["security_warnings"].as_array().unwrap();
        let warning = warnings.iter().find(|it| it["type"] == kind);
        warning.map_or_else(String::new, |it| it["message"].as_str().unwrap().to_owned())
    };
    assert!(told("Global proxy key #2").contains("is the AUTH_KEY"), "{stats}");
}

#[tokio::test]
async fn the_api_tells_what_runs() {
    let about = Api::new().await.get("/api/about").await.data();
    let expected = ["version", "time_zone", "database", "is_encrypted"].map(|field| &about[field]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(expected, [&json!(version), &json!("+08"), &json!("sqlite"), &json!(false)]);
    let started: jiff::Timestamp = about["started_at"].as_str().unwrap().parse().unwrap();
    assert!(started <= jiff::Timestamp::now());
}

#[tokio::test]
async fn keys_that_can_be_guessed_are_warned_of() {
    let api = Api::new().await;
    let mut fields = group("team");
    fields["proxy_keys"] = json!("Zq7-Rm2Xw9Lc4Vn8Bt3Hj6Gf1Dy5Ps0Zq, 0123456789");
    api.post("/api/groups", fields).await.data();
    let stats = api.get("/api/dashboard/stats").await.data();
    let warnings = stats["security_warnings"].as_array().unwrap();
    let told: Vec<_> =
        warnings.iter().map(|it| [&it["type"], &it["severity"]].map(|text| text.as_str().unwrap())).collect();
    assert_eq!(
        told,
        [
            ["AUTH_KEY", "medium"],
            ["AUTH_KEY", "high"],
            ["AUTH_KEY", "medium"],
            ["ENCRYPTION_KEY", "high"],
            ["Global proxy key #1", "high"],
            ["Proxy key of group [team] #2", "high"],
            ["Proxy key of group [team] #2", "high"],
        ]
    );
    for warning in warnings {
        assert!(["message", "suggestion"].iter().all(|text| !warning[text].as_str().unwrap().is_empty()), "{warning}");
    }
    assert!(!stats.to_string().contains("0123456789"), "no key is shown");
}

#[tokio::test]
async fn the_encryption_status_says_what_does_not_fit() {
    let dir = TempDir::new().unwrap();
    let dsn: Dsn = dir.path().join("keys.db").display().to_string().parse().unwrap();
    let cases = [
        (None, None, ""),
        (None, Some("one"), "data_not_encrypted"),
        (Some("one"), Some("one"), ""),
        (Some("one"), None, "key_not_configured"),
        (Some("one"), Some("other"), "key_mismatch"),
    ];
    for (stored_under, key, scenario) in cases {
        let db = open(&dsn, stored_under).await;
        let api = Api::over(db.clone()).await;
        let id = api.group("g").await;
        api.add(id, "sk-1").await;
        db.close().await;
        let api = Api::over(open(&dsn, key).await).await;
        let status = api.get("/api/dashboard/encryption-status").await.data();
        assert_eq!(
            (&status["scenario_type"], &status["has_mismatch"]),
            (&json!(scenario), &json!(!scenario.is_empty()))
        );
        let warnings = api.get("/api/dashboard/stats").await.data()["security_warnings"].clone();
        let is_warned_of = |warning: &Value| !scenario.is_empty() && warning["message"] == status["message"];
        assert_eq!(warnings.as_array().unwrap().iter().any(is_warned_of), !scenario.is_empty(), "{warnings}");
        for text in ["message", "suggestion"] {
            assert_eq!(status[text].as_str().unwrap().is_empty(), scenario.is_empty(), "{status}");
        }
        api.state.db.delete_group(domain::ids::GroupId(id)).await.unwrap();
        api.state.db.close().await;
    }
}
