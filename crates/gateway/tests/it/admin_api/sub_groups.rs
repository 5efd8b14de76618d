//! Aggregate groups: putting sub-groups in, weighing them, taking them out.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::MockProvider;

use super::{assert_refused, columns, names};
use crate::support::app_and_provider;

async fn aggregate(app: &App, name: &str) -> u64 {
    let fields =
        json!({"name": name, "group_type": "aggregate", "channel_type": "openai", "proxy_keys": format!("pk-{name}")});
    app.api().create("/api/groups", &fields).await["id"].as_u64().unwrap()
}

async fn member(app: &App, provider: &MockProvider, name: &str) -> GroupHandle {
    app.group(name).upstream(&provider.url()).keys([format!("sk-{name}")]).create().await
}

fn members(weights: &[(u64, i64)]) -> Value {
    let members: Vec<_> = weights.iter().map(|(id, weight)| json!({"group_id": id, "weight": weight})).collect();
    json!({"sub_groups": members})
}

#[tokio::test]
async fn sub_groups_come_are_weighed_and_go_and_traffic_follows_at_once() {
    let (app, provider) = app_and_provider().await;
    let all = aggregate(&app, "all").await;
    let (a, b) = (member(&app, &provider, "a").await, member(&app, &provider, "b").await);
    let path = format!("/api/groups/{all}/sub-groups");
    let call = async || app.proxied("GET", "all", "/v1/models", "pk-all").fetch().await.status;
    assert_eq!(call().await, 503, "no sub-group yet");
    assert_eq!(app.api().post(&path, &members(&[(a.id, 3), (b.id, 0)])).await.0, 200);
    let listed = app.api().data(&path).await;
    assert_eq!(names(&listed[0])[..5], ["group", "weight", "total_keys", "active_keys", "invalid_keys"]);
    assert_eq!(listed[0]["group"]["name"], "a");
    assert_eq!(
        columns(&listed, ["weight", "total_keys", "active_keys", "invalid_keys"]),
        [[3, 1, 1, 0], [0, 1, 1, 0]].map(|row| row.map(Value::from))
    );
    let parents = app.api().data(&format!("/api/groups/{}/parent-aggregate-groups", b.id)).await;
    assert_eq!(parents, json!([{"group_id": all, "name": "all", "display_name": "", "weight": 0}]));

    for _ in 0..4 {
        assert_eq!(call().await, 200);
    }
    assert_eq!((provider.count_for_key("sk-a"), provider.count_for_key("sk-b")), (4, 0), "weight 0 takes none");
    let weigh =
        async |sub: u64, weight| app.api().put(&format!("{path}/{sub}/weight"), &json!({"weight": weight})).await;
    assert_eq!(weigh(b.id, 3).await.0, 200);
    for _ in 0..4 {
        assert_eq!(call().await, 200);
    }
    assert_eq!((provider.count_for_key("sk-a"), provider.count_for_key("sk-b")), (6, 2));
    assert_eq!(app.api().delete(&format!("{path}/{}", a.id)).await.0, 200);
    for _ in 0..2 {
        assert_eq!(call().await, 200);
    }
    assert_eq!((provider.count_for_key("sk-a"), provider.count_for_key("sk-b")), (6, 4));
    assert_eq!(app.api().delete(&format!("/api/groups/{}", b.id)).await.0, 200);
    assert_eq!((call().await, app.api().data(&path).await), (503, json!([])), "a deleted member leaves its aggregates");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_is_added() {
    let (app, provider) = app_and_provider().await;
    let (all, other) = (aggregate(&app, "all").await, aggregate(&app, "other").await);
    let a = member(&app, &provider, "a").await;
    let gemini = app.group("gemini").channel("gemini").upstream(&provider.url()).create().await;
    let elsewhere =
        app.group("elsewhere").upstream(&provider.url()).field("validation_endpoint", json!("/x")).create().await;
    let path = format!("/api/groups/{all}/sub-groups");
    for (given, status, code, words) in [
        (members(&[]), 400, "VALIDATION_FAILED", &["sub_groups"][..]),
        (members(&[(a.id, -1)]), 400, "VALIDATION_FAILED", &["weight", "-1", "1000"]),
        (members(&[(a.id, 1001)]), 400, "VALIDATION_FAILED", &["weight", "1001"]),
        (members(&[(a.id, 1), (gemini.id, 1)]), 400, "VALIDATION_FAILED", &["gemini", "channel type"]),
        (members(&[(a.id, 1), (elsewhere.id, 1)]), 400, "VALIDATION_FAILED", &["elsewhere", "validation endpoint"]),
        (members(&[(a.id, 1), (other, 1)]), 400, "VALIDATION_FAILED", &["other", "aggregate"]),
        (members(&[(a.id, 1), (9999, 1)]), 404, "NOT_FOUND", &["9999"]),
    ] {
        assert_refused(&app.api().post(&path, &given).await, status, code, words);
        assert_eq!(app.api().data(&path).await, json!([]), "{given}");
    }
    assert_eq!(app.api().post(&path, &members(&[(a.id, 1)])).await.0, 200);
    let twice = app.api().post(&path, &members(&[(a.id, 1)])).await;
    assert_refused(&twice, 409, "DUPLICATE_RESOURCE", &[]);
    let in_standard = app.api().post(&format!("/api/groups/{}/sub-groups", a.id), &members(&[(elsewhere.id, 1)])).await;
    assert_refused(&in_standard, 400, "VALIDATION_FAILED", &["not an aggregate"]);
    assert_refused(&app.api().delete(&format!("{path}/{}", gemini.id)).await, 404, "NOT_FOUND", &[]);
    let weigh = app.api().put(&format!("{path}/{}/weight", a.id), &json!({"weight": 1001})).await;
    assert_refused(&weigh, 400, "VALIDATION_FAILED", &["weight"]);
}

#[tokio::test]
async fn members_stay_alike_and_aggregates_have_no_keys_of_their_own() {
    let (app, provider) = app_and_provider().await;
    let all = aggregate(&app, "all").await;
    let a = member(&app, &provider, "a").await;
    assert_eq!(app.api().post(&format!("/api/groups/{all}/sub-groups"), &members(&[(a.id, 1)])).await.0, 200);
    let path = format!("/api/groups/{}", a.id);
    for change in [json!({"channel_type": "gemini"}), json!({"validation_endpoint": "/v1/other"})] {
        let field = change.as_object().unwrap().keys().next().unwrap().clone();
        assert_refused(&app.api().put(&path, &change).await, 400, "VALIDATION_FAILED", &[&field]);
    }
    assert_refused(
        &app.api().put(&path, &json!({"group_type": "aggregate"})).await,
        400,
        "VALIDATION_FAILED",
        &["group_type"],
    );
    let keys = json!({"group_id": all, "keys_text": "sk-1"});
    for call in ["add-multiple", "delete-multiple", "restore-multiple", "test-multiple"] {
        let refused = app.api().post(&format!("/api/keys/{call}"), &keys).await;
        assert_refused(&refused, 400, "VALIDATION_FAILED", &["aggregate"]);
    }
}
