//! What nodes share is away: no request fails, no row of the log is lost or doubled, no change is forgotten.

use std::time::Duration;

use serde_json::json;
use testkit::Script;
use testkit::http::Request;
use tokio::time::Instant;

use super::clients::Clients;
use super::fleet::{Fleet, Node};
use crate::support::events::{listen, until};

#[tokio::test(flavor = "multi_thread")]
async fn successful_requests_send_no_command_to_redis() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3"], json!({})).await;
    let redis = fleet.redis.as_ref().unwrap();
    let (before, begun) = (redis.commands(), Instant::now());
    let mut clients = Clients::of(&fleet, &group);
    clients.stand_it().await;
    let sent = clients.stop().await;
    let commands = redis.commands() - before;
    // Nodes send themselves a message every two seconds.
    let beats = fleet.nodes.len() as u64 * (begun.elapsed().as_secs() / 2 + 2);
    assert!(commands <= beats, "{commands} commands while {sent} requests were answered");
    fleet.books_agree(sent..=sent).await;
}

/// What is read from a network that is slow comes so much later.
const SLOW: Duration = Duration::from_millis(50);
/// Enough for a connection to be made and to do something.
const RESET_AFTER_BYTES: u64 = 3000;

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_be_away() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3", "sk-4"], json!({"blacklist_threshold": 1})).await;
    let mut clients = Clients::of(&fleet, &group);
    let mut events = listen(&fleet.nodes[0].app).await;
    fleet.redis_is_there(false).await;
    until(&mut events, "degraded", |data| data["away"] == json!(["redis"])).await;
    fleet.all("a word of it", async |node| node.app.output().contains("Redis is away")).await;
    fleet.provider.on_key("sk-1", Script::dead());
    fleet.all("the bad key", async |node| node.has(&group, [3, 1]).await).await;
    fleet.nodes[1].switch("disable", &group, "sk-2").await;
    fleet.all("the disabled key", async |node| node.has(&group, [2, 1]).await).await;
    clients.stand_it().await;
    fleet.redis_is_there(true).await;
    let again = async |node: &Node| node.app.output().matches("connected to Redis").count() == 2;
    fleet.all("a second connection", again).await;
    fleet.nodes[2].switch("enable", &group, "sk-2").await;
    fleet.all("the enabled key", async |node| node.has(&group, [3, 1]).await).await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_may_be_away() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3", "sk-4"], json!({"blacklist_threshold": 1})).await;
    let mut clients = Clients::of(&fleet, &group);
    clients.go_on().await;
    let mut events = listen(&fleet.nodes[0].app).await;
    fleet.database_is_there(false).await;
    fleet.provider.on_key("sk-1", Script::dead());
    clients.stand_it().await;
    until(&mut events, "degraded", |data| data["away"] == json!(["database"])).await;
    // Nobody waits for what can't be.
    let refused = fleet.nodes[0].app.api().get("/api/groups").await;
    assert_eq!((refused.0, &refused.1["code"]), (503, &json!("DATABASE_ERROR")));
    fleet.database_is_there(true).await;
    fleet.all("the bad key", async |node| node.has(&group, [3, 1]).await).await;
    until(&mut events, "degraded", |data| data["away"] == json!([])).await;
    clients.go_on().await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
    let app = &fleet.nodes[0].app;
    let stored = || app.database().run(["SELECT count(*) FROM api_keys WHERE status = 'invalid'"]);
    app.eventually("the state to be stored", async || stored() == [[[json!(1)]]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_may_be_cut_off_from_everything() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3", "sk-4"], json!({"blacklist_threshold": 1})).await;
    let mut clients = Clients::of(&fleet, &group);
    let leader = fleet.leader().await;
    for network in fleet.nodes[leader].networks() {
        network.stall().await;
    }
    fleet.nodes[(leader + 1) % 3].switch("disable", &group, "sk-4").await;
    clients.stand_it().await;
    fleet.successor_of(leader).await;
    for network in fleet.nodes[leader].networks() {
        network.pass().await;
    }
    fleet.all("the disabled key", async |node| node.has(&group, [3, 0]).await).await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes two minutes: `make cluster`"]
async fn the_network_may_lose_connections_without_a_word() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3", "sk-4"], json!({"blacklist_threshold": 1})).await;
    let mut clients = Clients::of(&fleet, &group);
    clients.go_on().await;
    let leader = fleet.leader().await;
    for network in fleet.nodes[leader].networks() {
        network.stall().await;
    }
    fleet.nodes[(leader + 1) % 3].switch("disable", &group, "sk-4").await;
    clients.stand_it().await;
    for network in fleet.nodes[leader].networks() {
        network.lose().await;
    }
    fleet.all("the disabled key", async |node| node.has(&group, [3, 0]).await).await;
    fleet.provider.on_key("sk-1", Script::dead());
    fleet.all("the bad key", async |node| node.has(&group, [2, 1]).await).await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_may_be_slow_and_break_connections() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3", "sk-4"], json!({"blacklist_threshold": 1})).await;
    let mut clients = Clients::of(&fleet, &group);
    let networks = || fleet.nodes.iter().flat_map(Node::networks);
    for network in networks() {
        network.delay(SLOW).await;
    }
    fleet.provider.on_key("sk-1", Script::dead());
    clients.stand_it().await;
    fleet.all("the bad key", async |node| node.has(&group, [3, 1]).await).await;
    for network in networks() {
        network.reset_after(RESET_AFTER_BYTES).await;
    }
    fleet.provider.on_key("sk-2", Script::dead());
    clients.stand_it().await;
    for network in networks() {
        network.pass().await;
    }
    fleet.all("the other bad key", async |node| node.has(&group, [2, 2]).await).await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
}

#[tokio::test]
async fn a_node_that_starts_while_the_database_is_away_says_so_and_waits() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2"], json!({})).await;
    let late = fleet.start_without_database().await;
    let get = async |path: &str| Request::get(&late.app.url(path)).fetch().await;
    assert_eq!(get("/health/live").await.status, 200);
    let ready = get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["reasons"]), (503, &json!(["database"])));
    let refused = group.on(&late.app).chat("gpt-4o").fetch().await;
    assert_eq!((refused.status, refused.headers.get("retry-after").is_some()), (503, true));
    assert!(late.app.output().contains("waiting for it"));
    late.to_database.pass().await;
    late.app.eventually("it to be ready", async || get("/health/ready").await.status == 200).await;
    assert_eq!(group.on(&late.app).chat("gpt-4o").fetch().await.status, 200);
}

#[tokio::test]
async fn a_node_that_the_database_does_not_let_in_ends_and_shows_no_password() {
    let Some(fleet) = Fleet::without_redis().await else { return };
    let failed = fleet.start_as_a_stranger().await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(failed.output.contains("database") && !failed.output.contains("p@ss"), "{}", failed.output);
}
