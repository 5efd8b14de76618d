//! Limits of bodies, and what of a body is kept for another attempt.

use bytes::Bytes;
use serde_json::json;
use testkit::app::{App, GroupHandle};
use testkit::http::Connection;
use testkit::provider::{Answer, MockProvider, Script};

use super::{SHAPES, kind_of};
use crate::support::process::peak_memory_bytes;
use crate::support::{app_and_provider, builder};

const MIB: usize = 1 << 20;

/// A chat completion of exactly this many bytes; its model comes first or last.
fn chat(bytes: usize, model_first: bool) -> Bytes {
    let (before, after) =
        if model_first { ("{\"model\":\"m\",\"x\":\"", "\"}") } else { ("{\"x\":\"", "\",\"model\":\"m\"}") };
    Bytes::from(format!("{before}{}{after}", "y".repeat(bytes - before.len() - after.len())))
}

#[tokio::test]
async fn a_body_over_the_configured_limit_is_refused() {
    let app = builder().env("MAX_REQUEST_BODY_MB", "1").start().await;
    let provider = MockProvider::start();
    for (channel, _) in SHAPES {
        let group = app.group(channel).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        let announced = group.request("POST", "/v1/x").header("Content-Length", &(MIB + 1).to_string());
        let reply = announced.fetch().await;
        let kind = kind_of(channel, &reply, "BAD_REQUEST");
        let expected = match channel {
            "anthropic" => "request_too_large",
            "gemini" => "INVALID_ARGUMENT",
            _ => "invalid_request_error",
        };
        assert_eq!((reply.status, kind.as_str()), (413, expected), "{channel}");
        let counted =
            group.request("POST", "/v1/x").chunked(chat(MIB + 1, false).chunks(60_000).map(Bytes::copy_from_slice));
        assert_eq!(counted.fetch().await.status, 413, "{channel}");
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_still_sees_the_refusal() {
    let app = builder().env("MAX_REQUEST_BODY_MB", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for request in [
        group.request("POST", "/v1/x").body(chat(64 * MIB, false)),
        group.request("POST", "/v1/x").chunked(chat(64 * MIB, false).chunks(MIB).map(Bytes::copy_from_slice)),
        app.proxied("POST", "g", "/v1/x", "wrong").body(chat(64 * MIB, false)),
    ] {
        let status = request.fetch().await.status;
        assert!(matches!(status, 401 | 413), "{status}");
    }
}

#[tokio::test]
async fn a_body_at_the_configured_limit_passes() {
    let app = builder().env("MAX_REQUEST_BODY_MB", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let body = chat(MIB, true);
    for request in [
        group.request("POST", "/v1/x").body(body.clone()),
        group.request("POST", "/v1/x").chunked(body.chunks(60_000).map(Bytes::copy_from_slice)),
    ] {
        provider.otherwise(Answer::new(204));
        assert_eq!(request.fetch().await.status, 204);
        assert!(provider.last_request().body == body);
    }
}

#[tokio::test]
async fn a_body_that_grows_over_the_limit_on_its_way_is_refused_too() {
    let app = builder().env("MAX_REQUEST_BODY_MB", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let request = group.request("POST", "/v1/x");
    let request = request.chunked(chat(MIB + 1, true).chunks(60_000).map(Bytes::copy_from_slice));
    let reply = request.fetch().await;
    assert_eq!((reply.status, kind_of("openai", &reply, "BAD_REQUEST").as_str()), (413, "invalid_request_error"));
    let row = app.eventually("a row", async || app.logs("status_code=413").await.pop()).await;
    assert_eq!(row["is_success"], false);
    assert_eq!(app.key(&group, "sk-1").await["failure_count"], 0);
}

/// A group of two keys; the one whose turn it is refuses by `script`, the other one is good.
async fn refusing_next(app: &App, provider: &MockProvider, script: Script) -> GroupHandle {
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    group.chat("m").fetch().await;
    let good = provider.last_request().key.clone().unwrap();
    provider.on_key(if good == "sk-1" { "sk-2" } else { "sk-1" }, script);
    provider.on_key(&good, Answer::new(204));
    provider.forget();
    group
}

#[tokio::test]
async fn a_body_within_what_is_kept_is_sent_again() {
    let (app, provider) = app_and_provider().await;
    let group = refusing_next(&app, &provider, Script::dead()).await;
    let body = chat(31 * MIB, true);
    assert_eq!(group.request("POST", "/v1/x").body(body.clone()).fetch().await.status, 204);
    let sent = provider.requests();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|request| request.body == body), "both attempts sent all of it");
    assert_ne!(sent[0].key, sent[1].key);
}

#[tokio::test]
async fn a_body_that_was_still_arriving_is_sent_again_from_its_start() {
    let (app, provider) = app_and_provider().await;
    let group = refusing_next(&app, &provider, Script::dead().early()).await;
    let body = chat(3 * MIB, true);
    let request = group.request("POST", "/v1/x").body(body.clone()).to_bytes();
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(&request[..MIB]).await.unwrap();
    // The first attempt is answered before the body is there.
    provider.wait_for(1).await;
    connection.write(&request[MIB..]).await.unwrap();
    assert_eq!(connection.response("POST").await.unwrap().status, 204);
    let sent = provider.requests();
    assert_eq!((sent.len(), sent[0].complete, sent[1].complete), (2, false, true));
    assert!(sent[1].body == body);
}

#[tokio::test]
async fn a_body_beyond_what_is_kept_passes_but_is_not_sent_again() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let body = chat(33 * MIB, true);
    provider.otherwise(Answer::new(204));
    assert_eq!(group.request("POST", "/v1/x").body(body.clone()).fetch().await.status, 204);
    assert!(provider.last_request().body == body);
    provider.forget();
    provider.otherwise(Script::first(1, Script::limited(1)).then(Answer::new(204)));
    let pieces = body.chunks(MIB).map(Bytes::copy_from_slice);
    assert_eq!(group.request("POST", "/v1/x").chunked(pieces).fetch().await.status, 429);
    assert_eq!(provider.count(), 1);
    assert!(provider.last_request().body == body);
}

#[tokio::test]
async fn a_body_beyond_what_is_kept_without_a_model_in_front_passes_too() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204));
    let body = chat(34 * MIB, false);
    assert_eq!(group.request("POST", "/v1/x").body(body.clone()).fetch().await.status, 204);
    assert!(provider.last_request().body == body);
}

#[tokio::test]
async fn a_body_in_which_nothing_can_be_edited_passes_too() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).field("param_overrides", json!({"n": 1}));
    let group = group.field("model_redirect_rules", json!({"m": "n"})).create().await;
    provider.otherwise(Answer::new(204));
    let film = Bytes::from(vec![0xff; 34 * MIB]);
    let request = group.request("POST", "/upload/v1beta/files").header("Content-Type", "video/mp4");
    assert_eq!(request.body(film.clone()).fetch().await.status, 204);
    assert!(provider.last_request().body == film);
}

#[tokio::test]
async fn a_body_that_needs_an_edit_is_refused_beyond_what_is_kept() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let overridden = app.group("o").upstream(&provider.url()).keys(["sk-1"]).field("param_overrides", json!({"n": 1}));
    let redirected =
        app.group("r").upstream(&provider.url()).keys(["sk-1"]).field("model_redirect_rules", json!({"m": "n"}));
    for (group, change) in [(overridden.create().await, ",\"n\":1"), (redirected.create().await, "")] {
        let within = chat(31 * MIB, true);
        assert_eq!(group.request("POST", "/v1/x").body(within.clone()).fetch().await.status, 204);
        let got = provider.last_request().body.len();
        assert_eq!(got, within.len() + change.len(), "{}", group.name);
        provider.forget();
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let request = group.request("POST", "/v1/x").header("Content-Length", &(64 * MIB).to_string()).to_bytes();
        connection.write(request).await.unwrap();
        connection.write(chat(32 * MIB + 4096, true)).await.unwrap();
        let (reply, _) = connection.response("POST").await.unwrap().finish().await.unwrap();
        assert_eq!((reply.status, provider.count()), (413, 0), "{}", group.name);
        kind_of("openai", &reply, "BAD_REQUEST");
    }
}

/// Whether the program has taken from the kernel all that was sent to it (`/proc/net/tcp`: addresses, state, queues).
fn all_read(app: &App) -> bool {
    let port = format!(":{:04X}", app.addr().port());
    let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut fields = connections.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.all(|fields| match fields[..] {
        [_, local, remote, _, queues, ..] if local.ends_with(&port) || remote.ends_with(&port) => {
            queues == "00000000:00000000"
        }
        _ => true,
    })
}

#[tokio::test]
async fn all_kept_bodies_together_have_a_limit() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let plain = app.group("plain").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let edited = app.group("edited").upstream(&provider.url()).keys(["sk-1"]).field("param_overrides", json!({"n": 1}));
    let edited = edited.create().await;
    let body = chat(31 * MIB, true);
    let start = edited.request("POST", "/v1/x").header("Content-Length", &body.len().to_string()).to_bytes();
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(&start).await.unwrap();
        connection.write(&body[..body.len() - 1]).await.unwrap();
        held.push(connection);
    }
    app.eventually("all to be read", async || all_read(&app)).await;
    // 248 of 256 MiB are taken: no other body of this size can be edited, but one without edits passes.
    let reply = edited.request("POST", "/v1/x").body(body.clone()).fetch().await;
    assert_eq!((reply.status, reply.headers.get("retry-after")), (503, Some("1")));
    assert_eq!(kind_of("openai", &reply, "TOO_MANY_REQUESTS"), "server_error");
    assert_eq!(plain.request("POST", "/v1/x").body(body.clone()).fetch().await.status, 204);
    assert!(provider.last_request().body == body);
    for mut connection in held {
        connection.write(&body[body.len() - 1..]).await.unwrap();
        assert_eq!(connection.response("POST").await.unwrap().status, 204);
    }
    assert_eq!(edited.request("POST", "/v1/x").body(body).fetch().await.status, 204, "all has been given back");
    let peak = peak_memory_bytes(&app) / MIB as u64;
    assert!(peak < 3 * 256, "{peak} MiB: each body is kept once, and once more while its edited copy is sent");
}
