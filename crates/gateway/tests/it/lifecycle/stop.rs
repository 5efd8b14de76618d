//! Signals: what is running is finished, within limits, and nothing is lost.

use serde_json::json;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider};
use testkit::{App, Gate};

use super::signal;
use crate::support::builder;

/// A program, and a provider that holds its plain answers and its streams (after the first event) back until told.
async fn held_back(variables: &[(&str, &str)]) -> (App, MockProvider, Gate) {
    let (gate, provider) = (Gate::default(), MockProvider::start());
    provider.on_key("sk-plain", Answer::json(200, &json!({"done": true})).gate(&gate));
    provider.on_key("sk-stream", Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let app = variables.iter().fold(builder(), |builder, (name, value)| builder.env(name, value)).start().await;
    app.set(json!({"request_log_write_interval_minutes": 1440})).await;
    for name in ["plain", "stream"] {
        app.group(name).upstream(&provider.url()).keys([format!("sk-{name}")]).create().await;
    }
    (app, provider, gate)
}

fn call(app: &App, group: &str) -> Request {
    let body = json!({"model": "m", "stream": group == "stream"});
    app.proxied("POST", group, "/v1/chat/completions", &format!("pk-{group}")).json(&body)
}

async fn sent(app: &App, request: &Request) -> Connection {
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(request.to_bytes()).await.unwrap();
    connection
}

async fn refuses_connections(app: &App) {
    let refused = async || std::net::TcpStream::connect(app.addr()).is_err();
    app.eventually("new connections to be refused", refused).await;
}

#[tokio::test]
async fn running_requests_and_streams_are_finished_and_logged() {
    for name in ["TERM", "INT"] {
        let (mut app, _provider, gate) = held_back(&[]).await;
        let plain = sent(&app, &call(&app, "plain")).await;
        gate.reached(1).await;
        let mut stream = call(&app, "stream").send().await;
        assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
        let mut idle = Connection::open(&app.addr().to_string()).await.unwrap();

        signal(&app, name);
        refuses_connections(&app).await;
        assert_eq!(idle.read_to_end().await.unwrap(), "", "an idle connection is closed");
        gate.open();
        let (reply, _) = plain.response("POST").await.unwrap().finish().await.unwrap();
        assert_eq!((reply.status, reply.json()), (200, json!({"done": true})));
        assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 2"));
        assert_eq!(stream.event().await.unwrap(), None);
        assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());

        app.restart().await;
        let rows = app.logs("is_success=true").await;
        assert_eq!(rows.len(), 2, "{rows:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (mut app, _provider, gate) = held_back(&[]).await;
    let mut running = sent(&app, &call(&app, "plain")).await;
    gate.reached(1).await;
    app.terminate();
    refuses_connections(&app).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(130), "{}", app.output());
    let cut = running.read_to_end().await;
    assert!(cut.as_ref().is_err() || cut.is_ok_and(|bytes| bytes.is_empty()), "the request is cut");
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let (mut app, _provider, gate) = held_back(&[]).await;
    let mut plain = sent(&app, &call(&app, "plain")).await;
    gate.reached(1).await;
    let mut stream = call(&app, "stream").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    assert!(app.output().contains("cut off"), "{}", app.output());
    assert!(stream.event().await.is_err(), "the client sees that the stream is not whole");
    let cut = plain.read_to_end().await;
    assert!(cut.as_ref().is_err() || cut.is_ok_and(|bytes| bytes.is_empty()), "no answer");

    app.restart().await;
    let rows = app.logs("is_success=false").await;
    let blames_us = |row: &serde_json::Value| row["error_message"].as_str().unwrap().contains("the server was stopped");
    assert!(rows.len() == 2 && rows.iter().all(blames_us), "{rows:?}");
}

#[tokio::test]
async fn during_the_drain_delay_it_serves_and_says_that_it_is_not_ready() {
    let (mut app, provider, gate) = held_back(&[("SERVER_DRAIN_DELAY", "4")]).await;
    gate.open();
    let ready = async || Request::get(&app.url("/health/ready")).fetch().await;
    assert_eq!(ready().await.status, 200);
    signal(&app, "TERM");
    let not_ready = app.eventually("it to be not ready", async || {
        let reply = ready().await;
        (reply.status == 503).then(|| reply.json())
    });
    assert_eq!(not_ready.await, json!({"status": "not_ready", "reasons": ["draining"], "degraded": []}));
    assert_eq!(call(&app, "plain").fetch().await.status, 200);
    assert_eq!(Request::get(&app.url("/health/live")).fetch().await.status, 200);
    assert_eq!(provider.count(), 1);
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
}

#[tokio::test]
async fn a_change_that_is_under_way_is_made_whole() {
    let (mut app, provider, gate) = held_back(&[]).await;
    let group = app.group("tested").upstream(&provider.url()).keys(["sk-plain-2"]).create().await;
    provider.on_key("sk-plain-2", Answer::json(401, &json!({"error": {"code": "invalid_api_key"}})).gate(&gate));
    let body = json!({"group_id": group.id, "keys_text": "sk-plain-2"});
    let test = app.api().request("POST", "/api/keys/test-multiple").json(&body);
    let testing = sent(&app, &test).await;
    gate.reached(1).await;
    app.terminate();
    refuses_connections(&app).await;
    gate.open();
    let (reply, _) = testing.response("POST").await.unwrap().finish().await.unwrap();
    assert_eq!(reply.json()["data"]["results"][0]["is_valid"], false, "{}", reply.text());
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    app.restart().await;
    assert_eq!(app.key(&group, "sk-plain-2").await["failure_count"], 1);
}
