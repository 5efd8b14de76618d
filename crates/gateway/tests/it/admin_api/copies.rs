//! Copies of groups.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};

use super::{assert_refused, names};
use crate::support::app_and_provider;

async fn copy(app: &App, id: u64, body: Value) -> Value {
    let made = app.api().create(&format!("/api/groups/{id}/copy"), &body).await;
    assert_eq!(names(&made), ["group"]);
    let is_idle = async || app.api().data("/api/tasks/status").await["is_running"] == false;
    app.eventually("the keys to be there", is_idle).await;
    made["group"].clone()
}

/// Secret and status of a group's keys.
async fn keys(app: &App, group: &Value) -> Vec<(String, String)> {
    let page = app.api().data(&format!("/api/keys?sort=id&order=asc&group_id={}", group["id"])).await;
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(|key| (text(key, "key_value"), text(key, "status"))).collect()
}

async fn with_three_states() -> (App, testkit::provider::MockProvider, GroupHandle) {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let group = app
        .group("g")
        .upstream(&provider.url())
        .keys(["sk-1", "sk-dead-2", "sk-off-3"])
        .config(config)
        .field("display_name", json!("Team"))
        .field("param_overrides", json!({"temperature": 0.5}))
        .create()
        .await;
    let body = |keys: &str| json!({"group_id": group.id, "keys_text": keys});
    app.api().create("/api/keys/disable-multiple", &body("sk-off-3")).await;
    app.api().create("/api/keys/test-multiple", &body("sk-dead-2")).await;
    let known = format!("/api/keys?group_id={}&status=invalid", group.id);
    app.eventually("the database to know", async || app.api().data(&known).await["pagination"]["total_items"] == 1)
        .await;
    (app, provider, group)
}

#[tokio::test]
async fn a_copy_has_everything_but_the_name() {
    let (app, _provider, group) = with_three_states().await;
    let made = copy(&app, group.id, json!({})).await;
    let differing: Vec<_> = names(&made).into_iter().filter(|name| made[*name] != group.object[*name]).collect();
    assert!(
        differing.iter().all(|name| name.ends_with("_at") || ["id", "name", "display_name", "endpoint"].contains(name))
    );
    assert_eq!((&made["name"], &made["display_name"]), (&json!("g_copy"), &json!("Team Copy")));
    let state = |key: &str, status: &str| (key.to_owned(), status.to_owned());
    assert_eq!(
        keys(&app, &made).await,
        [state("sk-1", "active"), state("sk-dead-2", "active"), state("sk-off-3", "disabled")]
    );
    let reply = app.proxied("POST", "g_copy", "/v1/chat/completions", group.proxy_key()).json(&json!({"model": "m"}));
    assert_eq!(reply.fetch().await.status, 200, "it serves");
}

#[tokio::test]
async fn keys_are_copied_as_asked() {
    let (app, _provider, group) = with_three_states().await;
    let valid = copy(&app, group.id, json!({"copy_keys": "valid_only"})).await;
    assert_eq!((&valid["name"], keys(&app, &valid).await.len()), (&json!("g_copy"), 1));
    let status = app.api().data("/api/tasks/status").await;
    assert_eq!((&status["task_type"], &status["group_name"]), (&json!("KEY_IMPORT"), &json!("g_copy")));
    assert_eq!(status["result"], json!({"added_count": 1, "ignored_count": 0}));
    let none = copy(&app, group.id, json!({"copy_keys": "none"})).await;
    assert_eq!((&none["name"], keys(&app, &none).await.len()), (&json!("g_copy_2"), 0));
    let path = format!("/api/groups/{}/copy", group.id);
    let refused = app.api().post(&path, &json!({"copy_keys": "some"})).await;
    assert_refused(&refused, 400, "VALIDATION_FAILED", &["copy_keys", "some", "valid_only"]);
    assert_refused(&app.api().post("/api/groups/9999/copy", &json!({})).await, 404, "NOT_FOUND", &["9999"]);
}

#[tokio::test]
async fn a_copied_aggregate_has_the_same_sub_groups() {
    let (app, _provider, group) = with_three_states().await;
    let fields = json!({"name": "all", "channel_type": "openai", "group_type": "aggregate"});
    let all = app.api().create("/api/groups", &fields).await;
    let path = format!("/api/groups/{}/sub-groups", all["id"]);
    let (status, _) = app.api().post(&path, &json!({"sub_groups": [{"group_id": group.id, "weight": 7}]})).await;
    assert_eq!(status, 200);
    let made = copy(&app, all["id"].as_u64().unwrap(), json!({})).await;
    let members = app.api().data(&format!("/api/groups/{}/sub-groups", made["id"])).await;
    assert_eq!((&members[0]["group"]["id"], &members[0]["weight"]), (&json!(group.id), &json!(7)));
}
