//! One node leads at any time: by what the nodes themselves say, and by the tokens under which they do.

use std::time::Duration;

use serde_json::json;
use testkit::App;
use testkit::database::Database;
use testkit::fault_proxy::{FaultProxy, Target};
use testkit::provider::{Answer, MockProvider};
use testkit::wait::eventually_in;

use super::terms::{assert_one_at_a_time, leads, terms, terms_of_killed};
use super::{engine, start};
use crate::support::BINARY;

/// A lease may have to end first.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits until one of the nodes leads, and returns its place.
async fn leader(nodes: &[App]) -> usize {
    eventually_in(PATIENCE, "a node to lead", async || nodes.iter().position(leads)).await
}

/// Holder's name and token.
fn stored(node: &App) -> (String, i64) {
    let [rows] =
        node.database().run(["SELECT CASE holder WHEN '' THEN '' ELSE holder_name END, token FROM node_lease"]);
    (rows[0][0].as_str().unwrap().to_owned(), rows[0][1].as_i64().unwrap())
}

#[tokio::test]
async fn one_node_leads_and_another_when_it_dies_or_stops() {
    let mut nodes = start(3).await;
    let leading = format!(":{}", nodes[leader(&nodes).await].addr().port());
    for node in &nodes {
        let told = async || {
            let about = node.api().data("/api/about").await;
            let knows = about["leader"].as_str().is_some_and(|leader| leader.ends_with(&leading));
            (knows && about["is_leader"] == leads(node)).then_some(()).ok_or(about)
        };
        node.eventually("the node to tell who leads", told).await;
    }
    let mut all = Vec::new();
    for is_kill in [true, false] {
        let mut gone = nodes.remove(leader(&nodes).await);
        if is_kill {
            gone.kill9().await;
            all.extend(terms_of_killed(&gone));
        } else {
            gone.terminate();
            gone.wait_exit().await;
            let (holder, _) = stored(&gone);
            let port = format!(":{}", gone.addr().port());
            assert!(!holder.ends_with(&port), "it gave the lease back: {holder}");
            all.extend(terms(&gone));
        }
    }
    leader(&nodes).await;
    all.extend(terms(&nodes[0]));
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(stored(&nodes[0]).1, 3);
    assert_one_at_a_time(all);
}

/// A node that reaches the database by a proxy and leads, and one beside it.
async fn cut_off(cut: impl AsyncFn(&FaultProxy)) {
    let builder = App::builder_on(engine(), BINARY);
    let Database::Server(database) = builder.database().clone() else { panic!("a server was asked for") };
    let proxy = FaultProxy::to(Target::Unix(database.socket()));
    let mut nodes = vec![builder.env("DATABASE_DSN", &database.dsn_by(proxy.addr())).start().await];
    leader(&nodes).await;
    nodes.push(nodes[0].sibling(BINARY).start().await);
    eventually_in(PATIENCE, "the other one to know", async || nodes[1].output().contains("another node leads")).await;
    cut(&proxy).await;
    eventually_in(PATIENCE, "the other one to lead", async || leads(&nodes[1])).await;
    assert_one_at_a_time(nodes.iter().flat_map(terms).collect());
    proxy.pass().await;
    eventually_in(PATIENCE, "the first one to know", async || nodes[0].output().contains("another node leads")).await;
    assert!(leads(&nodes[1]) && !leads(&nodes[0]));
}

#[tokio::test]
async fn a_leader_whose_connections_are_refused_stops_before_another_begins() {
    cut_off(async |proxy| proxy.refuse().await).await;
}

#[tokio::test]
async fn a_leader_whose_connections_are_dead_stops_before_another_begins() {
    cut_off(async |proxy| proxy.stall().await).await;
}

#[tokio::test]
async fn a_slave_never_leads() {
    let mut master = App::builder_on(engine(), BINARY).start().await;
    let slave = master.sibling(BINARY).env("IS_SLAVE", "true").start().await;
    leader(std::slice::from_ref(&master)).await;
    let (_, token) = stored(&master);
    master.kill9().await;
    let other = master.sibling(BINARY).start().await;
    leader(std::slice::from_ref(&other)).await;
    assert_eq!((stored(&other).1, terms(&slave).len()), (token + 1, 0));
}

#[tokio::test]
async fn invalid_keys_are_validated_by_the_leader_only() {
    let provider = MockProvider::start();
    provider.otherwise(Answer::new(401));
    let mut first = App::builder_on(engine(), BINARY).start().await;
    let config = json!({"key_validation_interval_minutes": 1});
    let group = first.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).config(config);
    group.create().await;
    first.terminate();
    first.wait_exit().await;
    provider.forget();
    first.database().run([
        "UPDATE groups SET last_validated_at = NULL",
        "UPDATE api_keys SET status = 'invalid', failure_count = 3",
    ]);
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(first.sibling(BINARY).start().await);
    }
    let validated = async || nodes.iter().filter(|node| node.output().contains("invalid keys were validated")).count();
    eventually_in(PATIENCE, "a round to end", async || validated().await > 0).await;
    assert_eq!((validated().await, provider.count()), (1, 3));
    let by = nodes.iter().position(|node| node.output().contains("invalid keys were validated"));
    assert_eq!(by, Some(leader(&nodes).await));
}
