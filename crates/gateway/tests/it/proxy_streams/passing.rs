//! Every piece is passed on when it arrives; nothing waits for a buffer to fill.

use std::time::Duration;

use serde_json::json;
use testkit::gate::Gate;
use testkit::http::Request;
use testkit::provider::Answer;

use super::keyed;
use crate::support::app_and_provider;

/// Lets the provider's pieces through one by one. Each must be with the client before the next may leave.
async fn comes_piece_by_piece(request: &Request, gate: &Gate, pieces: &[&str]) {
    let first = async {
        gate.reached(1).await;
        gate.release(1);
    };
    let (mut response, ()) = tokio::join!(request.send(), first);
    for (at, piece) in pieces.iter().enumerate() {
        assert_eq!(response.frame().await.unwrap().unwrap().data, *piece, "{request:?}");
        if at + 1 < pieces.len() {
            gate.reached(at + 2).await;
            gate.release(1);
        }
    }
    assert!(response.frame().await.unwrap().is_none());
}

#[tokio::test]
async fn each_piece_is_with_the_client_before_the_next_leaves_the_provider() {
    let (app, provider) = app_and_provider().await;
    let sse = "text/event-stream; charset=utf-8";
    let gemini = "/v1beta/models/gemini-2.5-pro:streamGenerateContent";
    let openai = ["data: {\"choices\":[]}\n\n", "data: {\"choices\":[]}\n\n", "data: [DONE]\n\n"];
    for (name, channel, path, content_type, encoding, pieces) in [
        ("a", "openai", "/v1/chat/completions", sse, "", &openai[..]),
        (
            "b",
            "anthropic",
            "/v1/messages",
            "Text/Event-Stream",
            "",
            &["event: message_start\ndata: {}\n\n", "data: 2\n\n"],
        ),
        ("c", "openai", "/crlf", sse, "", &["data: 1\r\n\r\n", "data: 2\r\n\r\n"]),
        ("d", "openai", "/halves", sse, "", &["data: 1\n\nda", "ta: ", "2\n\n"]),
        ("e", "openai", "/encoded", sse, "gzip", &["\u{1f}?", "no matter", "what"]),
        ("f", "openai", "/lines", "application/x-ndjson", "", &["{\"a\":1}\n", "{\"a\"", ":2}\n"]),
        ("g", "gemini", gemini, "application/json", "", &["[{\"a\":1}", ",\r\n{\"a\":2}", "\n]\n"]),
        ("h", "openai", "/audio", "audio/mpeg", "", &["one", "two", "three"]),
        ("i", "openai", "/json", "application/json", "", &["{\"a\":", "1}"]),
    ] {
        let group = keyed(&app, &provider, name, &["sk-1"]).channel(channel).create().await;
        let gate = Gate::default();
        let answer = Answer::stream(content_type, pieces.iter().map(|piece| piece.as_bytes().to_vec()));
        let answer = if encoding.is_empty() { answer } else { answer.header("content-encoding", encoding) };
        provider.on_path(path, answer.gate_each(&gate));
        comes_piece_by_piece(&group.request("POST", path).json(&json!({"model": "m"})), &gate, pieces).await;
    }
}

#[tokio::test]
async fn a_head_is_with_the_client_before_the_body_begins() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let gate = Gate::default();
    provider.otherwise(Answer::stream("application/json", ["{}"]).gate_each(&gate));
    let mut response = group.chat("gpt-4o").send().await;
    assert_eq!(response.status, 200);
    gate.open();
    assert_eq!(response.frame().await.unwrap().unwrap().data, "{}");
}

#[tokio::test]
async fn event_streams_are_not_to_be_buffered_or_cached_on_their_way() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let stream = |kind: &str| Answer::stream(kind, ["data: 1\n\n"]);
    let sse = || stream("text/event-stream");
    for (answer, buffering, cache) in [
        (sse(), Some("no"), Some("no-cache")),
        (sse().header("Cache-Control", "private, no-store"), Some("no"), Some("private, no-store")),
        (sse().header("X-Accel-Buffering", "yes"), Some("no"), Some("no-cache")),
        (stream("application/x-ndjson"), None, None),
        (stream("application/json"), None, None),
    ] {
        provider.otherwise(answer.clone());
        let reply = group.chat_stream("gpt-4o").fetch().await;
        let seen = (reply.headers.get("x-accel-buffering"), reply.headers.get("cache-control"));
        assert_eq!(seen, (buffering, cache), "{answer:?}");
    }
}

#[tokio::test]
async fn comments_are_held_for_a_moment_only() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let gate = Gate::default();
    let events = [": waiting\n\n", "event: ping\ndata: {}\n\n", "data: 1\n\n"];
    provider.otherwise(Answer::events(events).gate_before(2, &gate));
    // The data event leaves the provider only after the client has got what came before it.
    let mut response = group.chat_stream("gpt-4o").send().await;
    for event in &events[..2] {
        assert_eq!(response.event().await.unwrap().unwrap(), event.trim_end());
    }
    gate.reached(1).await;
    gate.open();
    assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 1"));
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn sixteen_kilobytes_without_data_are_enough() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let comment = format!(": {}\n\n", "x".repeat(20_000));
    let error = "data: {\"error\":{\"code\":\"server_error\"}}\n\n";
    provider.otherwise(Answer::events([comment.clone(), error.to_owned()]));
    let reply = group.chat_stream("gpt-4o").fetch().await;
    assert_eq!((reply.status, reply.text(), provider.count()), (200, format!("{comment}{error}"), 1));
}

#[tokio::test]
async fn request_timeout_ends_plain_answers_only() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"request_timeout": 1, "max_retries": 0});
    let group = keyed(&app, &provider, "g", &["sk-1"]).config(config.clone()).create().await;
    let gemini = keyed(&app, &provider, "gemini", &["sk-1"]).channel("gemini").config(config).create().await;
    let slowly = |kind: &str| {
        Answer::stream(kind, ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]).every(Duration::from_millis(700))
    };
    provider.on_path("/events", slowly("text/event-stream"));
    provider.on_path("/lines", slowly("application/x-ndjson"));
    let pieces = "/v1beta/models/gemini-2.5-pro:streamGenerateContent";
    provider.on_path(pieces, slowly("application/json"));
    provider.on_path("/late", Answer::events(["data: 1\n\n"]).after(Duration::from_millis(1400)));
    provider.on_path("/plain", slowly("application/json"));
    let ask = |group: &testkit::app::GroupHandle, path: &str, stream: bool| {
        group.request("POST", path).json(&json!({"model": "m", "stream": stream}))
    };
    let requests = [
        ask(&group, "/events", true),
        ask(&group, "/events", false),
        ask(&group, "/lines", false),
        ask(&gemini, pieces, false),
        ask(&group, "/late", true),
        ask(&group, "/plain", false),
    ];
    let replies = futures_util::future::join_all(requests.iter().map(Request::try_fetch)).await;
    let (plain, streams) = replies.split_last().unwrap();
    for (reply, request) in streams.iter().zip(&requests) {
        assert!(
            reply.as_ref().is_ok_and(|reply| reply.status == 200 && !reply.body.is_empty()),
            "{request:?}: {reply:?}"
        );
    }
    assert_eq!(plain.as_ref().unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}
