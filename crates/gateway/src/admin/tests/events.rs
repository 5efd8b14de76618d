//! What listeners are told.

use domain::key::KeyStatus;
use serde_json::{Value, json};

use super::kit::Api;
use crate::events::picture::Picture;

/// Tells what has changed since `last`, and what a listener hears of it.
async fn news(api: &Api, last: &mut Picture) -> Vec<Value> {
    let (_, mut listener) = api.state.events.listen();
    api.state.events.tell(last);
    let mut heard = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::ZERO, listener.next()).await {
        heard.push(serde_json::to_value(event).unwrap());
    }
    heard
}

fn keys(group: i64, [total, active, invalid]: [u32; 3]) -> Value {
    let data = json!({
        "group_id": group, "total": total, "active": active, "usable": active, "cooling": 0, "cooling_for_some_models": 0,
        "invalid": invalid, "disabled": 0, "next_wake_at": null,
    });
    json!({"event": "keys", "data": data})
}

#[tokio::test]
async fn a_change_is_told_once() {
    let (api, mut last) = (Api::new().await, Picture::default());
    assert_eq!(news(&api, &mut last).await, [] as [Value; 0]);
    let id = api.group("g").await;
    let groups = json!({"event": "groups", "data": {}});
    assert_eq!(news(&api, &mut last).await, [groups.clone(), keys(id, [0, 0, 0])]);
    api.add(id, "sk-1 sk-2").await;
    assert_eq!(news(&api, &mut last).await, [keys(id, [2, 2, 0])]);
    let pool = api.pool(id);
    pool.set_status(&[pool.keys()[0].id], KeyStatus::Invalid);
    assert_eq!(news(&api, &mut last).await, [keys(id, [2, 1, 1])]);
    // One goes, another comes: the figures are the same, the keys are not.
    pool.set_status(&[pool.keys()[0].id], KeyStatus::Active);
    pool.set_status(&[pool.keys()[1].id], KeyStatus::Invalid);
    assert_eq!(news(&api, &mut last).await, [keys(id, [2, 1, 1])]);
    assert_eq!(api.put("/api/settings", json!({"max_retries": 7})).await.done(), "Settings updated");
    assert_eq!(news(&api, &mut last).await, [json!({"event": "settings", "data": {}}), groups]);
    assert_eq!(news(&api, &mut last).await, [] as [Value; 0]);
}

#[tokio::test]
async fn requests_that_were_logged_are_told_of_once() {
    let (api, mut last) = (Api::new().await, Picture::default());
    news(&api, &mut last).await;
    api.state.sink.freshness().add(3);
    assert_eq!(news(&api, &mut last).await, [json!({"event": "requests", "data": {}})]);
    assert_eq!(news(&api, &mut last).await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_outage_is_told_when_it_begins_and_to_whoever_comes_later() {
    let (api, mut last) = (Api::new().await, Picture::default());
    api.state.outages.look().await;
    assert_eq!(news(&api, &mut last).await, [] as [Value; 0]);
    api.state.db.close().await;
    api.state.outages.look().await;
    let outage = json!({"event": "degraded", "data": {"away": ["database"]}});
    assert_eq!(news(&api, &mut last).await, std::slice::from_ref(&outage));
    assert_eq!(news(&api, &mut last).await, [] as [Value; 0]);
    let (first, _) = api.state.events.listen();
    assert_eq!(serde_json::to_value(first).unwrap(), json!([outage]));
}

#[tokio::test]
async fn who_begins_to_listen_is_told_how_things_stand() {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-1").await;
    let (first, _) = api.state.events.listen();
    assert_eq!(serde_json::to_value(first).unwrap(), json!([keys(id, [1, 1, 0])]));
}
