//! Nodes behind a load balancer are restarted one after another, as a rolling upgrade does it.

use serde_json::json;
use testkit::app::GroupHandle;
use testkit::http::Connection;
use testkit::provider::{Answer, MockProvider};
use testkit::{App, Balancer, Gate};

use crate::support::builder;
use crate::support::traffic::Traffic;

/// Seconds in which the balancer takes note, and clients come on new connections.
const DRAIN_DELAY: &str = "2";

async fn node(provider: &MockProvider) -> (App, GroupHandle) {
    let app = builder().env("SERVER_DRAIN_DELAY", DRAIN_DELAY).start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    (app, group)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_when_nodes_restart_in_turn() {
    let provider = MockProvider::start();
    let (first, group) = node(&provider).await;
    let (second, _) = node(&provider).await;
    let balancer = Balancer::over([first.addr(), second.addr()]);
    let mut nodes = [first, second];
    for node in &nodes {
        node.eventually("the balancer to know the node", async || balancer.gives_to(node.addr())).await;
    }
    let mut traffic = Traffic::start(balancer.addr(), &group.chat("gpt-4o"));
    for node in &mut nodes {
        traffic.goes_on(50).await;
        node.terminate();
        assert_eq!(node.wait_exit().await.code(), Some(0), "{}", node.output());
        assert!(!node.output().contains("cut off"), "{}", node.output());
        node.restart().await;
        node.eventually("the balancer to know the node again", async || balancer.gives_to(node.addr())).await;
    }
    traffic.goes_on(50).await;
    let answered = traffic.stop().await;
    let rows = async || {
        let mut sum = 0;
        for node in &nodes {
            let stats = node.api().data("/api/dashboard/stats").await;
            sum += stats["request_count"]["value"].as_u64().unwrap();
        }
        if sum == answered { Ok(()) } else { Err(format!("{sum} of {answered}")) }
    };
    nodes[0].eventually("every request to be counted once", rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_listener_closes_clients_are_told_to_come_on_a_new_connection() {
    let (gate, provider) = (Gate::default(), MockProvider::start());
    provider.on_key("sk-held", Answer::json(200, &json!({})).gate(&gate));
    let mut app = builder().env("SERVER_DRAIN_DELAY", "5").start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-held"]).create().await;
    let open = async || Connection::open(&app.addr().to_string()).await.unwrap();
    let (mut under_way, idle) = (open().await, open().await);
    under_way.write(group.chat("gpt-4o").to_bytes()).await.unwrap();
    gate.reached(1).await;
    let live = app.api().request("GET", "/health/live");
    let answer = idle.request(&live).await.unwrap();
    assert_eq!(answer.headers.get("connection"), None);
    let idle = answer.finish().await.unwrap().1;

    app.terminate();
    let ready = app.api().request("GET", "/health/ready");
    app.eventually("the program to be no longer ready", async || ready.fetch().await.status == 503).await;
    let answer = idle.request(&live).await.unwrap();
    assert_eq!((answer.status, answer.headers.get("connection")), (200, Some("close")));
    gate.open();
    let answer = under_way.response("POST").await.unwrap();
    assert_eq!((answer.status, answer.headers.get("connection")), (200, Some("close")));
    assert_eq!(live.fetch().await.status, 200, "and it still accepts");
    assert_eq!(app.wait_exit().await.code(), Some(0));
}
