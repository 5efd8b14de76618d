//! What is changed on one node is in force on all.

use serde_json::json;
use testkit::app::GroupHandle;

use super::fleet::{Fleet, Node};

async fn status(node: &Node, group: &GroupHandle) -> u16 {
    group.on(&node.app).chat("gpt-4o").fetch().await.status
}

async fn changes_of_operators(fleet: Fleet) {
    let group = fleet.group(&["sk-1", "sk-2"], json!({})).await;
    let api = |node: usize| fleet.nodes[node].app.api();
    fleet.all("requests to be served", async |node| status(node, &group).await == 200).await;

    api(1).create("/api/keys/add-multiple", &json!({"group_id": group.id, "keys_text": "sk-3\nsk-4"})).await;
    fleet.all("new keys", async |node| node.has(&group, [4, 0]).await).await;
    api(2).create("/api/keys/delete-multiple", &json!({"group_id": group.id, "keys_text": "sk-1"})).await;
    fleet.all("a deleted key", async |node| node.has(&group, [3, 0]).await).await;
    fleet.nodes[0].switch("disable", &group, "sk-2").await;
    fleet.all("a disabled key", async |node| node.has(&group, [2, 0]).await).await;
    fleet.nodes[1].switch("enable", &group, "sk-2").await;
    fleet.all("an enabled key", async |node| node.has(&group, [3, 0]).await).await;

    fleet.nodes[2].app.set(json!({"proxy_keys": "pk-of-all"})).await;
    fleet
        .all("a setting", async |node| {
            let request = node.app.proxied("POST", "g", "/v1/chat/completions", "pk-of-all");
            request.json(&json!({"model": "m"})).fetch().await.status == 200
        })
        .await;
    let enabled = |enabled: bool| json!({"enabled": enabled});
    for (node, is_enabled, expected) in [(1, false, 503), (0, true, 200)] {
        let (code, _) = api(node).put(&format!("/api/groups/{}/enabled", group.id), &enabled(is_enabled)).await;
        assert_eq!(code, 200);
        fleet.all("the switch", async |node| status(node, &group).await == expected).await;
    }
    assert_eq!(api(2).request("DELETE", &format!("/api/groups/{}", group.id)).fetch().await.status, 200);
    fleet.all("the group's end", async |node| status(node, &group).await == 404).await;
}

#[tokio::test]
async fn changes_of_operators_are_in_force_on_all_nodes_with_redis() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    changes_of_operators(fleet).await;
}

#[tokio::test]
async fn changes_of_operators_are_in_force_on_all_nodes_without_redis() {
    let Some(fleet) = Fleet::without_redis().await else { return };
    changes_of_operators(fleet).await;
}

async fn failures_are_counted_together(fleet: Fleet) {
    let group = fleet.group(&["sk-dead-1", "sk-2"], json!({"blacklist_threshold": 3})).await;
    let failures = || fleet.provider.count_for_key("sk-dead-1");
    for (number, node) in (1..).zip(&fleet.nodes) {
        while failures() < number {
            assert_eq!(status(node, &group).await, 200);
        }
    }
    fleet.all("the third failure", async |node| node.has(&group, [1, 1]).await).await;
    assert_eq!(failures(), 3);
}

#[tokio::test]
async fn a_key_fails_for_all_nodes_together_with_redis() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    failures_are_counted_together(fleet).await;
}

#[tokio::test]
async fn a_key_fails_for_all_nodes_together_without_redis() {
    let Some(fleet) = Fleet::without_redis().await else { return };
    failures_are_counted_together(fleet).await;
}

async fn rests_are_shared(fleet: Fleet) {
    let group = fleet.group(&["sk-limited-1", "sk-2"], json!({})).await;
    let rests =
        async |node: &Node| !node.key(&group, "sk-limited-1").await["cooling_models"].as_array().unwrap().is_empty();
    while !rests(&fleet.nodes[1]).await {
        assert_eq!(status(&fleet.nodes[1], &group).await, 200);
    }
    fleet.all("the rest", async |node| rests(node).await).await;
    fleet.nodes[2].switch("disable", &group, "sk-limited-1").await;
    fleet.nodes[2].switch("enable", &group, "sk-limited-1").await;
    fleet.all("the rest's end", async |node| !rests(node).await).await;
}

#[tokio::test]
async fn a_key_rests_on_all_nodes_with_redis() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    rests_are_shared(fleet).await;
}

#[tokio::test]
async fn a_key_rests_on_all_nodes_without_redis() {
    let Some(fleet) = Fleet::without_redis().await else { return };
    rests_are_shared(fleet).await;
}
