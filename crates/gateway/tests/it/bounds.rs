//! What is driven to its bound from outside and has no better place. ARCHITECTURE.md lists all bounds with their tests.

use serde_json::json;
use testkit::http::Request;
use testkit::provider::errors::openai;
use testkit::provider::{Answer, MockProvider};
use testkit::{App, within};
use tokio::task::JoinSet;

use crate::support::BINARY;
use crate::support::keys::{key_of, key_state};

#[tokio::test]
async fn a_model_name_that_no_model_has_is_not_kept() {
    let (app, provider) = (App::start(BINARY).await, MockProvider::start());
    for (name, length, state) in [("longest", 512, "active 0 cooling "), ("longer", 513, "active 0 cooling *")] {
        let (key, model) = (key_of(name, "limited"), "m".repeat(length));
        provider.on_key(&key, openai::rate_limited(&model, 60));
        let group = app.group(name).upstream(&provider.url()).keys([&key]).create().await;
        group.chat(&model).fetch().await;
        let state = if length == 512 { format!("{state}{model}") } else { state.to_owned() };
        assert_eq!(key_state(&app, &group, &key).await, state, "{name}");
        assert_eq!(provider.last_request().model(), Some(model), "it is sent as it came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_list_that_is_too_long_to_be_held_passes_as_it_came() {
    let (app, provider) = (App::start(BINARY).await, MockProvider::start());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]);
    let group = group.field("model_redirect_rules", json!({"asked": "sent"})).create().await;
    for (megabytes, changed) in [(7, true), (9, false)] {
        let list =
            json!({"object": "list", "data": [{"id": "m", "object": "model", "pad": "x".repeat(megabytes << 20)}]});
        provider.otherwise(Answer::json(200, &list));
        let reply = group.request("GET", "/v1/models").fetch().await;
        let names: Vec<_> = reply.json()["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
        assert_eq!(names.contains(&json!("asked")), changed, "{megabytes} MB: {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_wait_for_the_database_hold_up_nobody_else() {
    let (app, provider) = (App::start(BINARY).await, MockProvider::start());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let lock = app.database().lock();
    let mut changes = JoinSet::new();
    for number in 1..=100 {
        let api = app.api();
        changes.spawn(async move { api.put("/api/settings", &json!({"request_timeout": number})).await });
    }
    for _ in 0..20 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
        assert_eq!(Request::get(&app.url("/health/ready")).fetch().await.status, 200);
        assert_eq!(app.api().get("/api/logs").await.0, 200);
    }
    drop(lock);
    while let Some(change) = within("each change to be made", changes.join_next()).await {
        let (status, body) = change.unwrap();
        assert_eq!(status, 200, "{body}");
    }
}
