//! What is still there after the program has ended, in order or not.

use serde_json::{Value, json};
use testkit::App;
use testkit::app::{AUTH_KEY, GroupHandle};
use testkit::provider::{MockProvider, Script};

use crate::support::{BINARY, builder};

async fn calls(group: &GroupHandle, times: usize) {
    for _ in 0..times {
        group.chat("gpt-4o").fetch().await;
    }
}

/// A group in which every key has met another fate.
async fn many_fates() -> (App, MockProvider, GroupHandle) {
    let (app, provider) = (builder().start().await, MockProvider::start());
    provider.on_key("sk-once", Script::sequence([Script::dead()]));
    provider.on_key("sk-hour", Script::limited(3600));
    let group = app.group("g").upstream(&provider.url()).config(json!({"blacklist_threshold": 2, "max_retries": 10}));
    let group = group.keys(["sk-good", "sk-dead-1", "sk-hour", "sk-once"]).create().await;
    calls(&group, 8).await;
    (app, provider, group)
}

async fn states(app: &App, group: &GroupHandle) -> Vec<Value> {
    let mut keys = Vec::new();
    for secret in ["sk-good", "sk-dead-1", "sk-hour", "sk-once"] {
        let key = app.key(group, secret).await;
        keys.push(json!([secret, key["status"], key["failure_count"], !key["cooldown_until"].is_null()]));
    }
    keys
}

#[tokio::test]
async fn key_states_survive_an_orderly_restart_and_a_kill() {
    let (mut app, provider, group) = many_fates().await;
    let expected = [
        json!(["sk-good", "active", 0, false]),
        json!(["sk-dead-1", "invalid", 2, false]),
        json!(["sk-hour", "active", 0, true]),
        json!(["sk-once", "active", 0, false]),
    ];
    let stored = app.eventually("the states to be stored", async || {
        let invalid = app.api().data(&format!("/api/keys?group_id={}&status=invalid", group.id)).await;
        let known = states(&app, &group).await;
        if invalid["pagination"]["total_items"] == 1 && known == expected { Ok(()) } else { Err(known) }
    });
    stored.await;
    // States are written in batches of 200 ms at most; what is seen in the database is there for good.
    app.eventually("the long rest to be stored", async || {
        let statement = ["SELECT model FROM key_cooldowns"];
        app.database().run(statement) == [vec![vec![json!("gpt-4o")]]]
    })
    .await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(states(&app, &group).await, expected);
    let dead = app.key(&group, "sk-dead-1").await;
    assert_eq!(dead["last_status"], 401, "what the provider said: {dead}");

    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    app.restart().await;
    assert_eq!(states(&app, &group).await, expected);

    provider.forget();
    calls(&group, 4).await;
    assert_eq!((provider.count_for_key("sk-dead-1"), provider.count_for_key("sk-hour")), (0, 0), "neither is used");
}

#[tokio::test]
async fn a_key_refused_just_before_the_signal_stays_invalid() {
    let (mut app, provider) = (builder().start().await, MockProvider::start());
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-dead-1", "sk-2"]).config(config).create().await;
    calls(&group, 2).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    app.restart().await;
    assert_eq!(app.key(&group, "sk-dead-1").await["status"], "invalid");
}

#[tokio::test]
async fn groups_keys_and_settings_are_there_at_once_after_a_kill() {
    let (mut app, provider) = (builder().start().await, MockProvider::start());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    app.set(json!({"max_retries": 7, "proxy_keys": "pk-global-1,pk-global-2"})).await;
    let shown = async |app: &App| {
        let (groups, settings) = (app.api().data("/api/groups").await, app.api().data("/api/settings").await);
        (groups, settings, app.key(&group, "sk-1").await["id"].clone())
    };
    let before = shown(&app).await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(shown(&app).await, before);
    for (key, status) in [("pk-g", 200), ("pk-global-2", 200), (AUTH_KEY, 401)] {
        let reply = app.proxied("GET", "g", "/v1/models", key).fetch().await;
        assert_eq!(reply.status, status, "{key}");
    }
}

#[tokio::test]
async fn a_later_admin_key_locks_no_client_out() {
    let (app, provider) = (builder().start().await, MockProvider::start());
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut first = app;
    first.kill9().await;
    let later = first.beside(BINARY).env("AUTH_KEY", "sk-another-admin-key-987654321").start().await;
    assert_eq!(later.api().get("/api/groups").await.0, 401);
    assert_eq!(later.proxied("GET", "g", "/v1/models", AUTH_KEY).fetch().await.status, 200, "the stored proxy key");
}
