//! Aggregates and their members.

use serde_json::json;

use super::kit::{Api, failure, group};

async fn api_with_members() -> (Api, i64, i64, i64) {
    let api = Api::new().await;
    let (one, two, all) = (api.group("one").await, api.group("two").await, api.aggregate("all").await);
    (api, one, two, all)
}

#[tokio::test]
async fn members_are_added_weighed_listed_and_taken_out() {
    let (api, one, two, all) = api_with_members().await;
    api.add(one, "sk-1 sk-2").await;
    let path = format!("/api/groups/{all}/sub-groups");
    let members = json!({"sub_groups": [{"group_id": one, "weight": 10}, {"group_id": two, "weight": 0}]});
    api.post(&path, members).await.done();
    api.put(&format!("{path}/{two}/weight"), json!({"weight": 1000})).await.done();

    let listed = api.get(&path).await.data();
    assert_eq!(listed[0]["group"]["name"], "one");
    let keys = |member: usize| {
        [&listed[member]["total_keys"], &listed[member]["active_keys"], &listed[member]["invalid_keys"]]
    };
    assert_eq!((keys(0), keys(1)), ([&json!(2), &json!(2), &json!(0)], [&json!(0), &json!(0), &json!(0)]));
    assert_eq!((&listed[0]["weight"], &listed[1]["weight"]), (&json!(10), &json!(1000)));

    let parents = api.get(&format!("/api/groups/{one}/parent-aggregate-groups")).await.data();
    assert_eq!(parents, json!([{"group_id": all, "name": "all", "display_name": "", "weight": 10}]));

    api.delete(&format!("{path}/{one}")).await.done();
    assert_eq!(api.get(&path).await.data().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_change_of_members_is_in_force_at_once() {
    let (api, one, _, all) = api_with_members().await;
    let members = || match &api.state.publisher.current().route("all").unwrap().target {
        crate::snapshot::Target::Aggregate(aggregate) => aggregate.members().count(),
        crate::snapshot::Target::Service(_) => panic!("no aggregate"),
    };
    let path = format!("/api/groups/{all}/sub-groups");
    api.post(&path, json!({"sub_groups": [{"group_id": one, "weight": 1}]})).await.done();
    assert_eq!(members(), 1);
    api.delete(&format!("{path}/{one}")).await.done();
    assert_eq!(members(), 0);
}

#[tokio::test]
async fn members_must_be_standard_groups_that_are_alike() {
    let (api, one, two, all) = api_with_members().await;
    let other = api.aggregate("other").await;
    let mut gemini = group("gemini");
    gemini["channel_type"] = json!("gemini");
    let gemini = api.post("/api/groups", gemini).await.data()["id"].clone();
    let mut elsewhere = group("elsewhere");
    elsewhere["validation_endpoint"] = json!("/v1/models");
    let elsewhere = api.post("/api/groups", elsewhere).await.data()["id"].clone();
    let mut explicit = group("explicit");
    explicit["validation_endpoint"] = json!("/v1/chat/completions");
    let explicit = api.post("/api/groups", explicit).await.data()["id"].clone();

    let path = format!("/api/groups/{all}/sub-groups");
    api.post(&path, json!({"sub_groups": [{"group_id": one, "weight": 1}]})).await.done();
    let cases = [
        (json!([{"group_id": other, "weight": 1}]), failure(400, "VALIDATION_FAILED")),
        (json!([{"group_id": gemini, "weight": 1}]), failure(400, "VALIDATION_FAILED")),
        (json!([{"group_id": elsewhere, "weight": 1}]), failure(400, "VALIDATION_FAILED")),
        (json!([{"group_id": two, "weight": 1001}]), failure(400, "VALIDATION_FAILED")),
        (json!([{"group_id": two, "weight": -1}]), failure(400, "VALIDATION_FAILED")),
        (json!([]), failure(400, "VALIDATION_FAILED")),
        (json!([{"group_id": 99, "weight": 1}]), failure(404, "NOT_FOUND")),
        (json!([{"group_id": two, "weight": 1}, {"group_id": one, "weight": 1}]), failure(409, "DUPLICATE_RESOURCE")),
    ];
    for (members, expected) in cases {
        assert_eq!(api.post(&path, json!({"sub_groups": members})).await.code(), expected, "{members}");
    }
    assert_eq!(api.get(&path).await.data().as_array().map(Vec::len), Some(1), "all or none");
    api.post(&path, json!({"sub_groups": [{"group_id": explicit, "weight": 1}]})).await.done();

    let members = json!({"sub_groups": [{"group_id": two, "weight": 1}]});
    let of_standard = api.post(&format!("/api/groups/{one}/sub-groups"), members).await;
    assert_eq!(of_standard.code(), failure(400, "VALIDATION_FAILED"));
    assert_eq!(api.put(&format!("{path}/{two}/weight"), json!({"weight": 1})).await.code(), failure(404, "NOT_FOUND"));
}

#[tokio::test]
async fn linked_groups_keep_channel_and_endpoint() {
    let (api, one, _, all) = api_with_members().await;
    let members = json!({"sub_groups": [{"group_id": one, "weight": 1}]});
    api.post(&format!("/api/groups/{all}/sub-groups"), members).await.done();
    for (id, change) in [
        (one, json!({"channel_type": "anthropic"})),
        (one, json!({"validation_endpoint": "/v1/models"})),
        (all, json!({"channel_type": "anthropic"})),
    ] {
        let reply = api.put(&format!("/api/groups/{id}"), change.clone()).await;
        assert_eq!(reply.code(), failure(400, "VALIDATION_FAILED"), "{change}");
    }
    let same = json!({"channel_type": "openai", "validation_endpoint": "/v1/chat/completions", "description": "d"});
    assert_eq!(api.put(&format!("/api/groups/{one}"), same).await.data()["description"], "d");
}

#[tokio::test]
async fn an_aggregate_takes_no_keys() {
    let (api, _, _, all) = api_with_members().await;
    assert_eq!(api.keys("add-multiple", all, "sk-1").await.code(), failure(400, "VALIDATION_FAILED"));
}
