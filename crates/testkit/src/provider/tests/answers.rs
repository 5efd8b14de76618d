use std::io::Read as _;

use flate2::read::GzDecoder;

use super::*;
use crate::http::Connection;

const GEMINI: &str = "/v1beta/models/gemini-2.5-flash:generateContent";

#[tokio::test]
async fn every_interface_answers_with_its_text() {
    let provider = MockProvider::start();
    for (path, body, pointer) in [
        (CHAT, json!({"model": "gpt-4o"}), "/choices/0/message/content"),
        ("/openai/deployments/gpt-4o/chat/completions?api-version=1", json!({}), "/choices/0/message/content"),
        ("/v1beta/openai/chat/completions", json!({"model": "gemini-2.5-flash"}), "/choices/0/message/content"),
        ("/v1/responses", json!({"model": "gpt-4o"}), "/output/0/content/0/text"),
        ("/v1/messages", json!({"model": "claude-sonnet-4-5"}), "/content/0/text"),
        (GEMINI, json!({}), "/candidates/0/content/parts/0/text"),
        ("/v1/audio/transcriptions", json!({}), "/text"),
    ] {
        let reply = post(&provider, path, "sk-1", &body).fetch().await;
        assert_eq!(reply.json().pointer(pointer), Some(&json!(api::text())), "{path}");
    }
}

/// The values at `pointer` of all events that have one, joined.
fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[tokio::test]
async fn every_stream_tells_the_same_text_and_ends_as_its_provider_does() {
    let provider = MockProvider::start();
    let stream = |model: &str| json!({"model": model, "stream": true});
    for (path, body, pointer, last) in [
        (CHAT, stream("gpt-4o"), "/choices/0/delta/content", "[DONE]"),
        ("/v1/responses", stream("gpt-4o"), "/delta", "response.completed"),
        ("/v1/messages", stream("claude-sonnet-4-5"), "/delta/text", "message_stop"),
        ("/v1beta/models/g:streamGenerateContent?alt=sse", json!({}), "/candidates/0/content/parts/0/text", "STOP"),
    ] {
        let mut response = post(&provider, path, "sk-1", &body).send().await;
        assert!(response.headers.get("content-type").unwrap().starts_with("text/event-stream"), "{path}");
        let mut events = Vec::new();
        let mut newest = String::new();
        while let Some(event) = response.event().await.unwrap() {
            events.extend(serde_json::from_str::<Value>(event.split_once("data: ").unwrap().1));
            newest = event;
        }
        assert_eq!(joined(&events, pointer), api::text(), "{path}");
        assert!(newest.contains(last), "{path}: {newest}");
    }
}

#[tokio::test]
async fn gemini_streams_an_array_when_not_asked_for_events() {
    let provider = MockProvider::start();
    let mut response = post(&provider, "/v1beta/models/g:streamGenerateContent", "k", &json!({})).send().await;
    let first = response.frame().await.unwrap().unwrap().data;
    assert_eq!((first[0], response.headers.get("content-type")), (b'[', Some("application/json; charset=UTF-8")));
    let rest = response.finish().await.unwrap().0.body;
    let array: Vec<Value> = serde_json::from_slice(&[first, rest].concat()).unwrap();
    assert_eq!(joined(&array, "/candidates/0/content/parts/0/text"), api::text());
}

#[tokio::test]
async fn model_lists_have_the_form_of_their_provider() {
    let provider = MockProvider::start();
    for (path, header, pointer, first) in [
        ("/v1/models", ("authorization", "Bearer k"), "/data/0/object", "model"),
        ("/v1/models", ("x-api-key", "k"), "/data/0/type", "model"),
        ("/v1beta/models", ("x-goog-api-key", "k"), "/models/0/name", "models/gemini-2.5-flash"),
        ("/v1/models", ("x-goog-api-key", "k"), "/models/0/name", "models/gemini-2.5-flash"),
        ("/v1beta/openai/models", ("authorization", "Bearer k"), "/data/0/object", "model"),
        ("/v1/models/gpt-4o", ("authorization", "Bearer k"), "/id", "gpt-4o"),
    ] {
        let list = get(&provider, path).header(header.0, header.1).fetch().await.json();
        assert_eq!(list.pointer(pointer), Some(&json!(first)), "{path} {header:?}");
    }
}

#[tokio::test]
async fn embeddings_come_one_an_input_and_in_base64_if_asked() {
    let provider = MockProvider::start();
    let body = json!({"model": "text-embedding-3-small", "input": ["a", "b"], "encoding_format": "base64"});
    let reply = post(&provider, "/v1/embeddings", "k", &body).fetch().await.json();
    assert_eq!(reply["data"].as_array().unwrap().len(), 2);
    assert_eq!(reply["data"][1]["embedding"], "AAAAPgAAgL4AAMA+AAAAvwAAID8AAEC/AABgPwAAgL8=");
}

#[tokio::test]
async fn every_kind_of_error_has_the_form_of_its_provider() {
    use errors::Kind::{InvalidKey, ModelNotFound, Overloaded, Quota, RateLimited, ServerError, Suspended};
    let provider = MockProvider::start();
    let limited = RateLimited { seconds: 20 };
    for (path, kind, status, pointer, value) in [
        (CHAT, InvalidKey, 401, "/error/code", json!("invalid_api_key")),
        (CHAT, limited, 429, "/error/code", json!("rate_limit_exceeded")),
        (CHAT, Quota, 429, "/error/type", json!("insufficient_quota")),
        (CHAT, ModelNotFound, 404, "/error/code", json!("model_not_found")),
        (CHAT, ServerError, 500, "/error/type", json!("server_error")),
        ("/v1/messages", InvalidKey, 401, "/error/type", json!("authentication_error")),
        ("/v1/messages", Quota, 400, "/error/type", json!("invalid_request_error")),
        ("/v1/messages", Suspended, 403, "/error/type", json!("permission_error")),
        ("/v1/messages", limited, 429, "/error/type", json!("rate_limit_error")),
        ("/v1/messages", Overloaded, 529, "/error/type", json!("overloaded_error")),
        (GEMINI, InvalidKey, 400, "/error/details/0/reason", json!("API_KEY_INVALID")),
        (GEMINI, Suspended, 403, "/error/details/0/reason", json!("CONSUMER_SUSPENDED")),
        (GEMINI, limited, 429, "/error/details/2/retryDelay", json!("20s")),
        (GEMINI, ServerError, 500, "/error/status", json!("INTERNAL")),
        ("/v1beta/openai/chat/completions", InvalidKey, 400, "/0/error/status", json!("INVALID_ARGUMENT")),
    ] {
        provider.otherwise(Script::fails(kind));
        let reply = post(&provider, path, "sk-abcdefgh", &json!({"model": "m"})).fetch().await;
        assert_eq!((reply.status, reply.json().pointer(pointer)), (status, Some(&value)), "{path} {kind:?}");
    }
}

#[tokio::test]
async fn rate_limits_are_told_in_headers() {
    let provider = MockProvider::start();
    let limited = chat(&provider, "sk-limited").fetch().await;
    for (name, value) in
        [("retry-after", "20"), ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "20s")]
    {
        assert_eq!(limited.headers.get(name), Some(value), "{name}");
    }
    let limited = post(&provider, "/v1/messages", "sk-limited", &json!({"model": "m"})).fetch().await;
    let reset: jiff::Timestamp = limited.headers.get("anthropic-ratelimit-requests-reset").unwrap().parse().unwrap();
    assert!(reset > jiff::Timestamp::now());
}

#[tokio::test]
async fn an_error_can_come_first_in_a_good_stream() {
    let provider = MockProvider::start();
    for (error, dialect, event) in [
        (errors::anthropic::overloaded(), api::Dialect::Anthropic, "event: error\ndata: {\"type\":\"error\""),
        (errors::openai::server_error(), api::Dialect::OpenAi, "data: {\"error\":{\"message\""),
        (errors::gemini::overloaded(), api::Dialect::Gemini, "data: {\"error\":{\"code\":503"),
    ] {
        provider.otherwise(errors::as_event(&error, dialect));
        let mut response = chat(&provider, "sk-1").send().await;
        let seen = response.event().await.unwrap().unwrap();
        assert!(response.status == 200 && seen.starts_with(event), "{seen}");
    }
    provider.otherwise(errors::empty_stream());
    assert!(chat(&provider, "sk-1").fetch().await.body.is_empty());
}

#[tokio::test]
async fn bodies_are_told_as_the_rfcs_say() {
    let provider = MockProvider::start();
    let connection = || async { Connection::open(&provider.addr().to_string()).await.unwrap() };
    let head = Request::new("HEAD", &format!("{}/v1/models", provider.url())).send().await;
    assert!(head.status == 200 && head.headers.get("content-length") != Some("0"));

    provider.otherwise(Answer::new(204));
    let nothing = chat(&provider, "k").fetch().await;
    assert_eq!((nothing.status, nothing.headers.get("content-length")), (204, None));

    provider.otherwise(Answer::stream("text/plain", ["a", "b"]));
    let mut old = connection().await;
    old.write("GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let all = old.read_to_end().await.unwrap();
    assert!(all.ends_with(b"\r\n\r\nab") && !all.windows(7).any(|w| w == b"chunked"), "{all:?}");

    provider
        .otherwise(Answer::with_body(200, "text/plain", "abc").trailer("X-End", "1").interim(103, &[("Link", "</x>")]));
    let response = chat(&provider, "k").header("Expect", "100-continue").send().await;
    assert_eq!(response.interim.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [100, 103]);
    let (reply, _) = response.finish().await.unwrap();
    assert_eq!((reply.text().as_str(), reply.trailers.get("x-end")), ("abc", Some("1")));

    let mut broken = connection().await;
    broken.write("GET / HTTP/9.9 what\r\n\r\n").await.unwrap();
    assert!(broken.read_to_end().await.unwrap().starts_with(b"HTTP/1.1 400"));
}

#[tokio::test]
async fn compressed_bodies_can_be_decoded() {
    let provider = MockProvider::start();
    for answer in [errors::openai::server_error(), Answer::events(["data: 1\n\n", "data: 2\n\n"])] {
        let plain = answer.body_bytes();
        provider.otherwise(answer.gzip());
        let reply = chat(&provider, "k").fetch().await;
        let mut decoded = Vec::new();
        GzDecoder::new(&reply.body[..]).read_to_end(&mut decoded).unwrap();
        assert_eq!((reply.headers.get("content-encoding"), decoded), (Some("gzip"), plain.to_vec()));
    }
}

#[tokio::test]
async fn an_upgrade_gives_an_echo() {
    let provider = MockProvider::start();
    let request = get(&provider, "/v1/realtime?model=x").header("Connection", "Upgrade").header("Upgrade", "websocket");
    let response = request.send().await;
    assert_eq!(response.status, 101);
    let mut tunnel = response.into_connection();
    tunnel.write("ping").await.unwrap();
    assert_eq!(tunnel.read().await.unwrap(), "ping");
}

#[tokio::test]
async fn benchmark_paths_give_what_they_are_asked_for() {
    let provider = MockProvider::start();
    let post = |path: &str| Request::post(&format!("{}{path}", provider.url())).body("{}");
    assert_eq!(post("/bench/x").fetch().await.json().to_string().len(), 1024);
    assert_eq!(post("/bench/x?size=70000").fetch().await.body.len(), 70_000);
    let stream = post("/bench/stream?chunks=3&every_ms=1").fetch().await.text();
    assert_eq!((stream.matches("data: ").count(), stream.ends_with("[DONE]\n\n")), (4, true));
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    for _ in 0..100 {
        *statuses.entry(post("/bench/x?fail_every=4").fetch().await.status).or_default() += 1;
    }
    assert!((60..90).contains(&statuses[&200]) && statuses[&429] > 5 && statuses[&500] > 5, "{statuses:?}");
    assert_eq!((provider.count(), provider.requests().len()), (103, 0));
    let mut old = Connection::open(&provider.addr().to_string()).await.unwrap();
    old.write("GET /bench/x?size=1 HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(old.read_to_end().await.unwrap().ends_with(b"\r\n\r\nx"));
}
