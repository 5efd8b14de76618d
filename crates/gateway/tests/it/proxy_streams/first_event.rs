//! An error event in first place is a failed attempt, judged by the table that judges answers.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::api::Dialect;
use testkit::provider::errors::{self, anthropic, gemini, openai};
use testkit::provider::{Answer, MockProvider, Script};

use super::{keyed, row_of};
use crate::support::app_and_provider;

/// What becomes of the key whose stream began with the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Unblamed,
    Rests,
    Failed,
}

fn chat(group: &GroupHandle, channel: &str) -> testkit::http::Request {
    let path = match channel {
        "anthropic" => "/v1/messages",
        "gemini" => "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        "openai-response" => "/v1/responses",
        _ => "/v1/chat/completions",
    };
    group.request("POST", path).json(&json!({"model": "m", "stream": true, "contents": []}))
}

fn failed_response(code: &str) -> Answer {
    let error = json!({"code": code, "message": "No."});
    let event = json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "error": error}});
    Answer::events([format!("event: response.failed\ndata: {event}\n\n")])
}

fn cases() -> Vec<(&'static str, Answer, Key)> {
    let openai = |error: &Answer| errors::as_event(error, Dialect::OpenAi);
    let anthropic = |error: &Answer| errors::as_event(error, Dialect::Anthropic);
    let gemini = |error: &Answer| errors::as_event(error, Dialect::Gemini);
    vec![
        ("openai", openai(&openai::server_error()), Key::Unblamed),
        ("openai", openai(&openai::rate_limited("m", 30)), Key::Rests),
        ("openai", openai(&openai::invalid_key("sk-1")), Key::Failed),
        ("openai", openai(&openai::quota()), Key::Failed),
        ("openai-response", openai::responses_error_event(), Key::Unblamed),
        ("openai-response", failed_response("server_error"), Key::Unblamed),
        ("openai-response", failed_response("rate_limit_exceeded"), Key::Rests),
        ("anthropic", anthropic(&anthropic::overloaded()), Key::Unblamed),
        ("anthropic", anthropic(&anthropic::rate_limited(30)), Key::Rests),
        ("anthropic", anthropic(&anthropic::invalid_key()), Key::Failed),
        ("anthropic", anthropic(&anthropic::low_credit()), Key::Failed),
        ("gemini", gemini(&gemini::overloaded()), Key::Unblamed),
        ("gemini", gemini(&gemini::exhausted("m", gemini::Per::Minute, 30)), Key::Rests),
        ("gemini", gemini(&gemini::invalid_key()), Key::Failed),
        ("gemini", gemini(&gemini::in_array(&gemini::invalid_key())), Key::Failed),
        ("openai", errors::empty_stream(), Key::Unblamed),
        ("openai", Answer::events([": nothing\n\n", "data: [DONE]\n\n"]), Key::Unblamed),
        (
            "openai",
            Answer::events([": hello\n\n", "event: ping\ndata: {}\n\n", "data: {\"error\":\"busy\"}\n\n"]),
            Key::Unblamed,
        ),
        ("openai", Answer::events(["data: 1\n\n"]).cut_after(4), Key::Unblamed),
    ]
}

#[tokio::test]
async fn an_error_in_first_place_is_tried_again_with_another_key_and_judged() {
    let (app, provider) = app_and_provider().await;
    for (at, (channel, error, expected)) in cases().into_iter().enumerate() {
        let name = format!("g{at}");
        let group = keyed(&app, &provider, &name, &["sk-1", "sk-2"]).channel(channel).create().await;
        provider.forget();
        provider.otherwise(Script::first(1, error.clone()));
        let reply = chat(&group, channel).fetch().await;
        assert!(reply.status == 200 && reply.text().contains("Hello"), "{channel} {error:?}: {}", reply.text());
        let used: Vec<_> = provider.requests().iter().map(|request| request.key.clone().unwrap()).collect();
        assert_eq!(used.len(), 2, "{channel} {error:?}");
        assert_ne!(used[0], used[1], "{channel} {error:?}");
        assert_eq!(state(&app, &group, &used[0]).await, expected, "{channel} {error:?}");
        assert_eq!(state(&app, &group, &used[1]).await, Key::Unblamed);
    }
}

async fn state(app: &App, group: &GroupHandle, key: &str) -> Key {
    let key = app.key(group, key).await;
    match (&key["cooldown_until"], key["failure_count"].as_u64()) {
        (Value::Null, Some(0)) => Key::Unblamed,
        (Value::Null, _) => Key::Failed,
        _ => Key::Rests,
    }
}

#[tokio::test]
async fn when_every_stream_begins_with_an_error_the_client_gets_the_last_one() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).channel("anthropic").create().await;
    let error = errors::as_event(&anthropic::rate_limited(30), Dialect::Anthropic);
    provider.otherwise(error.clone());
    let reply = chat(&group, "anthropic").fetch().await;
    assert_eq!((reply.status, reply.body, provider.count()), (200, error.body_bytes(), 2));
    let row = row_of(&app, &group).await;
    assert_eq!((&row["is_success"], &row["is_stream"]), (&false.into(), &true.into()));
}

#[tokio::test]
async fn an_error_after_the_first_data_is_passed_on() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).create().await;
    let events = ["data: {\"choices\":[]}\n\n", "data: {\"error\":{\"code\":\"server_error\"}}\n\n"];
    provider.otherwise(Answer::events(events));
    let reply = group.chat_stream("gpt-4o").fetch().await;
    assert_eq!((reply.text(), provider.count()), (events.concat(), 1));
}

#[tokio::test]
async fn an_encoded_stream_is_not_held() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).create().await;
    let error = "data: {\"error\":{\"code\":\"server_error\"}}\n\n";
    provider.otherwise(Answer::events([error]).header("content-encoding", "identity-of-sorts"));
    assert_eq!(group.chat_stream("gpt-4o").fetch().await.text(), error);
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn a_stream_that_nobody_asked_for_is_looked_at_too() {
    let (app, provider): (App, MockProvider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).create().await;
    provider.otherwise(Script::first(1, errors::as_event(&openai::overloaded(), Dialect::OpenAi)));
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!((reply.status, provider.count()), (200, 2));
    assert!(reply.text().contains("Hello"));
}
