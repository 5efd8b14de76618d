//! Keys and groups that an operator takes out and puts back.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};

use super::assert_refused;
use crate::support::app_and_provider;

fn of(group: &GroupHandle, keys_text: &str) -> Value {
    json!({"group_id": group.id, "keys_text": keys_text})
}

async fn enable(app: &App, group: &GroupHandle, enabled: bool) -> Value {
    let (status, body) =
        app.api().put(&format!("/api/groups/{}/enabled", group.id), &json!({"enabled": enabled})).await;
    assert_eq!(status, 200, "{body}");
    body["data"].clone()
}

#[tokio::test]
async fn a_disabled_key_stays_out_until_a_person_enables_it() {
    let (mut app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let keys = ["sk-1", "sk-2", "sk-dead-3"];
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    let disabled = app.api().create("/api/keys/disable-multiple", &of(&group, "sk-1 sk-1 sk-nosuch")).await;
    assert_eq!(disabled, json!({"changed_count": 1, "ignored_count": 2}));
    let again = app.api().create("/api/keys/disable-multiple", &of(&group, "sk-1")).await;
    assert_eq!(again, json!({"changed_count": 0, "ignored_count": 1}));
    app.api().create("/api/keys/restore-multiple", &of(&group, "sk-1")).await;
    app.api().create("/api/keys/test-multiple", &of(&group, "sk-1")).await;
    app.restart().await;
    assert_eq!(app.key(&group, "sk-1").await["status"], "disabled");
    provider.forget();
    for _ in 0..4 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert_eq!(provider.count_for_key("sk-1"), 0);
    assert_eq!(app.key(&group, "sk-dead-3").await["status"], "invalid");
    let enabled = app.api().create("/api/keys/enable-multiple", &of(&group, "sk-1 sk-2 sk-dead-3")).await;
    assert_eq!(enabled, json!({"changed_count": 1, "ignored_count": 2}), "an invalid key is restored, not enabled");
    for _ in 0..2 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert_eq!(provider.count_for_key("sk-1"), 1);
}

#[tokio::test]
async fn a_disabled_group_refuses_until_it_is_enabled() {
    let (mut app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    assert_eq!(enable(&app, &group, false).await["enabled"], false);
    app.restart().await;
    let refused = group.chat("m").fetch().await;
    assert_eq!((refused.status, provider.count()), (503, 0), "{}", refused.text());
    let (_, updated) = app.api().put(&format!("/api/groups/{}", group.id), &json!({"description": "d"})).await;
    assert_eq!(updated["data"]["enabled"], false, "other changes leave it disabled");
    assert_eq!(enable(&app, &group, true).await["enabled"], true);
    assert_eq!(group.chat("m").fetch().await.status, 200);
    let nowhere = app.api().put("/api/groups/9999/enabled", &json!({"enabled": true})).await;
    assert_refused(&nowhere, 404, "NOT_FOUND", &["9999"]);
}
