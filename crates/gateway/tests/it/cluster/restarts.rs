//! Nodes go and come back behind the balancer that is shipped, and no client notices.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::clients::Clients;
use super::fleet::Fleet;

/// A row of the log is on disk 50 ms after the answer; this much later on a busy machine.
const UNWRITTEN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_may_be_killed() {
    let Some(mut fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3"], json!({})).await;
    let mut clients = Clients::behind(&fleet, &group);
    let leader = fleet.leader().await;
    clients.go_on().await;
    let killed = Instant::now();
    fleet.kill(leader).await;
    fleet.successor_of(leader).await;
    clients.stand_it().await;
    fleet.nodes[(leader + 1) % 3].switch("disable", &group, "sk-1").await;
    fleet.start_again(leader).await;
    fleet.all("the disabled key", async |node| node.has(&group, [2, 0]).await).await;
    clients.go_on().await;
    let unwritten = clients.answered_between(killed - UNWRITTEN, killed);
    let sent = clients.stop().await;
    fleet.books_agree(sent - unwritten..=sent).await;
    fleet.one_led_at_a_time();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_may_restart_in_turn() {
    let Some(mut fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&["sk-1", "sk-2", "sk-3"], json!({})).await;
    let mut clients = Clients::behind(&fleet, &group);
    for node in 0..fleet.nodes.len() {
        clients.go_on().await;
        fleet.stop(node).await;
        let verb = if node % 2 == 0 { "disable" } else { "enable" };
        fleet.nodes[(node + 1) % 3].switch(verb, &group, "sk-1").await;
        fleet.start_again(node).await;
        let active = if node % 2 == 0 { 2 } else { 3 };
        fleet.all("a switched key", async |node| node.has(&group, [active, 0]).await).await;
    }
    clients.go_on().await;
    let sent = clients.stop().await;
    fleet.books_agree(sent..=sent).await;
    fleet.one_led_at_a_time();
}
