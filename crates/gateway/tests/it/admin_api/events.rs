//! The stream of events.

use serde_json::json;
use testkit::app::App;
use testkit::http::Request;
use testkit::provider::Script;

use crate::support::events::{listen, until};
use crate::support::{BINARY, app_and_provider};

#[tokio::test]
async fn keys_tasks_and_settings_are_told_as_they_change() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-ok-1", "sk-ok-2"]).create().await;
    let mut events = listen(&app).await;
    let keys = until(&mut events, "keys", |_| true).await;
    assert_eq!((&keys["group_id"], &keys["active"]), (&json!(group.id), &json!(2)));

    let added = json!({"group_id": group.id, "keys_text": "sk-ok-3 sk-ok-4 sk-ok-5"});
    app.api().create("/api/keys/add-async", &added).await;
    until(&mut events, "keys", |keys| keys["total"] == 5).await;
    let task = until(&mut events, "task", |task| task["is_running"] == false).await;
    assert_eq!((&task["task_type"], &task["result"]["added_count"]), (&json!("KEY_IMPORT"), &json!(3)));

    app.set(json!({"max_retries": 9})).await;
    until(&mut events, "settings", |_| true).await;
    until(&mut events, "groups", |_| true).await;
}

#[tokio::test]
async fn guards_are_told_when_they_begin() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    let keys = (0..30).map(|number| format!("sk-{number}"));
    let group = app.group("g").upstream(&provider.url()).keys(keys).create().await;
    let mut events = listen(&app).await;
    for _ in 0..8 {
        group.chat("gpt-4o").fetch().await;
    }
    let guards = until(&mut events, "guards", |_| true).await;
    assert_eq!(guards["group_id"], group.id);
    assert!(guards["at_work"][0].as_str().unwrap().starts_with("mass refusal: "), "{guards}");
}

#[tokio::test]
async fn only_who_has_the_key_may_listen() {
    let app = App::start(BINARY).await;
    let refused = Request::get(&app.url("/api/events")).fetch().await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("UNAUTHORIZED")));
}

#[tokio::test]
async fn a_listener_does_not_hold_up_the_end() {
    let mut app = App::start(BINARY).await;
    app.group("g").upstream("http://127.0.0.1:9").keys(["sk-1"]).create().await;
    let mut events = listen(&app).await;
    until(&mut events, "keys", |_| true).await;
    app.terminate();
    while events.event().await.unwrap().is_some() {}
    assert!(app.wait_exit().await.success());
}
