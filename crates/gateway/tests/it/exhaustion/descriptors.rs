//! No file descriptors left.

use std::time::Duration;

use serde_json::json;
use testkit::App;
use testkit::app::GroupHandle;
use testkit::http::{Connection, Reply, Request};
use testkit::provider::{Answer, MockProvider, Script};
use tokio::task::JoinSet;

use crate::support::keys::{key_of, key_state};
use crate::support::process::{cpu_ticks, limit, says};
use crate::support::{BINARY, app_and_provider};

/// Enough for the program itself and some fifty sockets.
const FEW: usize = 160;

async fn app_with_few_descriptors() -> (App, MockProvider) {
    let limited = format!("ulimit -n {FEW}; exec {BINARY}");
    let app = App::builder("/bin/sh").arg("-c").arg(&limited).start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    (app, MockProvider::start())
}

async fn connect(app: &App) -> Connection {
    Connection::open(&app.addr().to_string()).await.unwrap()
}

/// Sends a request on a connection of its own that stays open.
async fn exchange(connection: Connection, request: &Request) -> (Reply, Connection) {
    connection.request(request).await.unwrap().finish().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_beyond_the_limit_wait_and_the_others_are_served() {
    let (app, provider) = app_with_few_descriptors().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let (reply, first) = exchange(connect(&app).await, &group.chat("m")).await;
    assert_eq!(reply.status, 200);
    let mut idle = Vec::new();
    for _ in 0..FEW {
        idle.push(connect(&app).await);
    }
    app.eventually("a word about it", async || says(&app, "new connections wait") > 0).await;
    let mut last = connect(&app).await;
    last.write(Request::get(&app.url("/health")).to_bytes()).await.unwrap();
    let before = cpu_ticks(&app);
    let (mut first, calls) = (first, 50);
    for _ in 0..calls {
        let (reply, connection) = exchange(first, &group.chat("m")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        first = connection;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(cpu_ticks(&app) - before < 60, "waiting costs nothing");
    drop(first);
    drop(idle);
    assert_eq!(last.response("GET").await.unwrap().finish().await.unwrap().0.status, 200);
    app.eventually("all rows", async || app.logs("").await.len() == calls + 1).await;
    assert!(says(&app, "new connections wait") < 5, "{}", app.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_socket_for_the_upstream_nobody_is_blamed() {
    let (app, provider) = app_with_few_descriptors().await;
    let other = MockProvider::start();
    let (key, config) = (key_of("g", "only"), json!({"connect_timeout": 1, "blacklist_threshold": 1}));
    let group = app.group("g").upstream(&provider.url()).upstream(&other.url()).keys([&key]).config(config);
    let group = group.create().await;
    provider.otherwise(Answer::hang());
    other.otherwise(Answer::hang());
    let refused = fill(&app, &group, || provider.count() + other.count()).await;
    for reply in &refused {
        assert_eq!((reply.status, reply.headers.get("retry-after")), (503, Some("1")), "{}", reply.text());
    }
    assert!((1..20).contains(&refused.len()), "{} of forty", refused.len());
    assert_eq!(key_state(&app, &group, &key).await, "active 0");
    app.eventually("a word about it", async || says(&app, "no connection to an upstream can be opened") > 0).await;
    assert!(says(&app, "no connection to an upstream can be opened") < 5, "{}", app.output());
    for site in [&provider, &other] {
        site.otherwise(Script::ok());
        site.forget();
    }
    for _ in 0..10 {
        let reply = group.chat("m").fetch().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!((provider.count(), other.count()), (5, 5), "neither is ejected");
    let rows = async || app.logs("status_code=503").await.len() == refused.len();
    app.eventually("a row for each request that was refused", rows).await;
}

/// Forty requests at once that nobody answers. Returns the answers of those that did not get to a provider, and lets go of the others.
async fn fill(app: &App, group: &GroupHandle, arrived: impl Fn() -> u64) -> Vec<Reply> {
    let (mut accepted, mut requests) = (Vec::new(), JoinSet::new());
    for _ in 0..40 {
        accepted.push(exchange(connect(app).await, &Request::get(&app.url("/health"))).await.1);
    }
    for connection in accepted {
        let request = group.chat("m");
        requests.spawn(async move { exchange(connection, &request).await.0 });
    }
    let mut refused = Vec::new();
    while arrived() + (refused.len() as u64) < 40 {
        tokio::select! {
            reply = requests.join_next() => refused.push(reply.unwrap().unwrap()),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_gives_no_descriptors_is_waited_out() {
    let (app, provider) = app_and_provider().await;
    let key = key_of("g", "only");
    let group = app.group("g").upstream(&provider.url()).keys([&key]).create().await;
    provider.otherwise(Script::first(1, Script::ok()).then(Script::first(1, Answer::hang())));
    let (reply, first) = exchange(connect(&app).await, &group.chat("m")).await;
    assert_eq!(reply.status, 200);
    let (_, second) = exchange(connect(&app).await, &Request::get(&app.url("/health"))).await;
    limit(&app, "--nofile=10:");
    let mut new = connect(&app).await;
    new.write(group.chat("m").to_bytes()).await.unwrap();
    app.eventually("a word about it", async || says(&app, "no connection can be accepted") > 0).await;
    let before = cpu_ticks(&app);
    // It takes the idle upstream connection and keeps it, so that the next one needs another.
    let mut held = first;
    held.write(group.chat("m").to_bytes()).await.unwrap();
    provider.wait_for(2).await;
    let (reply, second) = exchange(second, &group.chat("m")).await;
    assert_eq!((reply.status, reply.headers.get("retry-after")), (503, Some("1")), "{}", reply.text());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(cpu_ticks(&app) - before < 50, "the acceptor pauses");
    assert!(says(&app, "no connection can be accepted") < 5, "{}", app.output());
    limit(&app, "--nofile=1000:");
    assert_eq!(new.response("POST").await.unwrap().finish().await.unwrap().0.status, 200);
    assert_eq!(exchange(second, &group.chat("m")).await.0.status, 200);
    assert_eq!(key_state(&app, &group, &key).await, "active 0");
    drop(held);
    app.eventually("every row", async || app.logs("").await.len() == 5).await;
}
