//! Broken connections, time limits, the server's own end.

use serde_json::json;
use testkit::app::App;
use testkit::http::Connection;
use testkit::provider::MockProvider;
use testkit::wait::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use super::{Provider, asking, assert_echoes, both_ends, echo, end_of};
use crate::support::flood::Written;
use crate::support::{app_and_provider, builder};

#[tokio::test]
async fn a_broken_end_ends_the_other() {
    for client_breaks in [true, false] {
        let (app, _) = app_and_provider().await;
        let provider = Provider::start().await;
        let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
        let (mut client, mut at_provider) = both_ends(&group, &provider).await;
        let end = if client_breaks {
            client.reset();
            within("the end", at_provider.read(&mut [0; 16])).await.map(|read| read == 0)
        } else {
            at_provider.set_zero_linger().unwrap();
            drop(at_provider);
            client.read_to_end().await.map(|rest| rest.is_empty())
        };
        assert!(end.as_ref().is_err() || end.is_ok_and(|ended| ended), "{client_breaks}");
        let (status, is_success, error) = end_of(&app, &group).await;
        assert_eq!((status, is_success), (101, client_breaks), "{error}");
        assert_eq!(error.starts_with("the provider's connection broke off"), !client_breaks, "{error}");
        assert_eq!(app.key(&group, "sk-1").await["failure_count"], 0);
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_101_ends_the_request() {
    let (app, _) = app_and_provider().await;
    let provider = Provider::start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
    client.write(asking(&group).to_bytes()).await.unwrap();
    let (_, mut at_provider) = provider.asked().await;
    drop(client);
    assert_eq!(within("the end", at_provider.read(&mut [0; 16])).await.unwrap(), 0);
    let (status, is_success, _) = end_of(&app, &group).await;
    assert_eq!((status, is_success), (499, false));
}

#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_ends() {
    let (app, _) = app_and_provider().await;
    let provider = Provider::start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"stream_idle_timeout": 3}));
    let group = group.create().await;
    let (mut client, mut at_provider) = both_ends(&group, &provider).await;
    // One direction is enough to keep it open; this takes longer than the limit.
    for _ in 0..14 {
        at_provider.write_all(b"tick").await.unwrap();
        assert_eq!(client.read().await.unwrap(), "tick");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    assert_eq!(client.read_to_end().await.unwrap(), "");
    assert_eq!(within("the end", at_provider.read(&mut [0; 16])).await.unwrap(), 0);
    assert_eq!(end_of(&app, &group).await, (101, false, "the tunnel carried nothing for 3 s".to_owned()));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_not_waited_for() {
    let app = builder().env("SERVER_WRITE_TIMEOUT", "1").start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let provider = Provider::start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let (_client, at_provider) = both_ends(&group, &provider).await;
    let mut flood = JoinSet::new();
    flood.spawn(Written::default().flood(at_provider, "x".repeat(64 << 10)));
    within("the provider to be told", flood.join_next()).await.unwrap().unwrap();
    let (status, is_success, error) = end_of(&app, &group).await;
    assert_eq!((status, is_success, error.as_str()), (101, false, "the client took nothing for too long"));
}

#[tokio::test]
async fn the_limits_of_requests_do_not_end_it() {
    let app = builder().env("SERVER_IDLE_TIMEOUT", "1").env("SERVER_READ_TIMEOUT", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"request_timeout": 1}));
    let group = group.create().await;
    let mut tunnel = echo(&group).await;
    assert_echoes(&mut tunnel, "before").await;
    for _ in 0..2 {
        let mut idle = Connection::open(&app.addr().to_string()).await.unwrap();
        assert_eq!(idle.read_to_end().await.unwrap(), "", "an idle connection is closed in this time");
    }
    assert_echoes(&mut tunnel, "after").await;
}

/// A program that has been told to stop while a tunnel to the provider is open.
async fn stopping() -> (App, Connection, MockProvider) {
    let mut app = builder().start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut tunnel = echo(&group).await;
    assert_echoes(&mut tunnel, "before").await;
    app.terminate();
    let refused = async || std::net::TcpStream::connect(app.addr()).is_err();
    app.eventually("new connections to be refused", refused).await;
    assert_echoes(&mut tunnel, "while stopping").await;
    (app, tunnel, provider)
}

#[tokio::test]
async fn a_tunnel_that_ends_in_time_is_finished_at_a_stop() {
    let (mut app, mut tunnel, _provider) = stopping().await;
    tunnel.end().await.unwrap();
    assert_eq!(tunnel.read_to_end().await.unwrap(), "");
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    assert!(!app.output().contains("cut off"), "{}", app.output());
    app.restart().await;
    let row = app.eventually("the row", async || app.logs("").await.pop()).await;
    assert_eq!((&row["status_code"], &row["is_success"]), (&101.into(), &true.into()));
}

#[tokio::test]
async fn a_tunnel_does_not_hold_up_a_stop() {
    let (mut app, mut tunnel, _provider) = stopping().await;
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    let end = tunnel.read_to_end().await;
    assert!(end.as_ref().is_err() || end.is_ok_and(|rest| rest.is_empty()));
    app.restart().await;
    let row = app.eventually("the row", async || app.logs("").await.pop()).await;
    assert_eq!((&row["status_code"], &row["is_success"]), (&503.into(), &false.into()), "{row}");
}
