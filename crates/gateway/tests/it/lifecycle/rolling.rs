//! Before a node stops, its clients and load balancers are told to go elsewhere. `cluster::restarts` has the whole of it.

use serde_json::json;
use testkit::Gate;
use testkit::http::Connection;
use testkit::provider::{Answer, MockProvider};

use crate::support::builder;

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
