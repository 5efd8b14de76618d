//! The dashboard, and what it warns of.

use serde_json::{Value, json};
use storage::Dsn;
use tempfile::TempDir;

use super::kit::{Api, group, open};

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
    assert_eq!(api.get("/api/dashboard/chart?groupId=x").await.code(), (400, "BAD_REQUEST".to_owned()));
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
        for text in ["message", "suggestion"] {
            assert_eq!(status[text].as_str().unwrap().is_empty(), scenario.is_empty(), "{status}");
        }
        api.state.db.delete_group(domain::ids::GroupId(id)).await.unwrap();
        api.state.db.close().await;
    }
}
