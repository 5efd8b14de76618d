//! Clients that do not come on. What `proxy_limits` shows of one that stops, this shows of those that never quite do.

use std::time::Duration;

use testkit::app::App;
use testkit::gate::Gate;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider};
use tokio::time::timeout;

use super::connect;
use crate::support::builder;

async fn impatient() -> (App, MockProvider) {
    let app = builder().env("SERVER_READ_TIMEOUT", "1").env("SERVER_WRITE_TIMEOUT", "1").start().await;
    let provider = MockProvider::start();
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    (app, provider)
}

/// Sends a byte of `endless` now and then; returns when the program has ended the connection.
async fn drip(connection: &mut Connection, endless: impl Iterator<Item = u8>) -> usize {
    for (sent, byte) in endless.enumerate() {
        match timeout(Duration::from_millis(50), connection.read()).await {
            Ok(Ok(came)) if !came.is_empty() => {}
            Ok(_) => return sent,
            Err(_) => {}
        }
        if connection.write([byte]).await.is_err() {
            return sent;
        }
    }
    0
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_has_no_more_time_than_any() {
    let (app, provider) = impatient().await;
    for start in ["", "GET /proxy/g/v1/x HTTP/1.1\r\nX: ", "\r\n\r\n", "PRI * HTTP/2.0\r\n"] {
        let mut connection = connect(&app).await;
        connection.write(start).await.unwrap();
        let sent = drip(&mut connection, std::iter::repeat_n(b'x', 200)).await;
        assert!((1..200).contains(&sent), "{start:?} goes on after {sent} bytes");
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_half_head_behind_a_request_does_not_hold_the_connection() {
    let app = builder().env("SERVER_READ_TIMEOUT", "1").env("SERVER_IDLE_TIMEOUT", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let gate = Gate::default();
    provider.otherwise(Answer::with_body(200, "text/plain", "late").gate(&gate));
    let mut connection = connect(&app).await;
    connection.write(group.request("GET", "/v1/x").to_bytes()).await.unwrap();
    connection.write("GET /proxy/g/v1/sec").await.unwrap();
    gate.reached(1).await;
    gate.open();
    let answers = connection.read_to_end().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answers).matches("HTTP/1.1 200 OK").count(), 1, "the end, and one answer");
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn a_chunk_line_that_never_ends_is_no_progress_for_ever() {
    let (app, provider) = impatient().await;
    let head = "POST /proxy/g/v1/x HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\nTransfer-Encoding: chunked\r\n\r\n";
    for start in ["2\r\nab\r\n1;", "0\r\nX: "] {
        let mut connection = connect(&app).await;
        connection.write(format!("{head}{start}")).await.unwrap();
        let sent = drip(&mut connection, std::iter::repeat_n(b'x', 200)).await;
        assert!((1..200).contains(&sent), "{start:?} goes on after {sent} bytes");
    }
    assert!(provider.requests().iter().all(|request| !request.complete), "no body looks whole");
}

#[tokio::test]
async fn one_that_reads_nothing_delays_nobody_else() {
    let (app, provider) = impatient().await;
    provider.on_path("/v1/long", Answer::with_body(200, "application/octet-stream", vec![0; 32 << 20]));
    provider.on_path("/v1/short", Answer::new(204));
    let mut stuck = Vec::new();
    for _ in 0..20 {
        let mut connection = connect(&app).await;
        let request = app.proxied("GET", "g", "/v1/long", "pk-g");
        connection.write(request.to_bytes()).await.unwrap();
        stuck.push(connection);
    }
    provider.wait_for(20).await;
    for _ in 0..20 {
        assert_eq!(app.proxied("GET", "g", "/v1/short", "pk-g").fetch().await.status, 204);
        assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    }
    for number in 1..=20 {
        provider.wait_client_gone(number).await;
    }
}
