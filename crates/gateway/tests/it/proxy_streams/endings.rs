//! What ends a stream, and what the client and the log see of it.

use std::io::ErrorKind;

use serde_json::json;
use testkit::gate::Gate;
use testkit::provider::{Answer, At, Fault};

use super::{assert_unblamed, keyed, row_of};
use crate::support::app_and_provider;

#[tokio::test]
async fn an_answer_cut_short_is_cut_for_the_client_too() {
    let (app, provider) = app_and_provider().await;
    let plain = || Answer::with_body(200, "application/json", "0123456789");
    let events = || Answer::events(["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]);
    for (at, (answer, before)) in [
        (events().cut_after(18), "data: 1\n\ndata: 2\n\n"),
        (events().cut_after(27), "data: 1\n\ndata: 2\n\ndata: 3\n\n"),
        (events().cut_after(12), "data: 1\n\ndat"),
        (plain().cut_after(4), "0123"),
        (plain().declared_length(20), "0123456789"),
        (Answer::stream("application/x-ndjson", ["{}\n", "{}\n"]).cut_after(3), "{}\n"),
        (Answer::events(["data: 1\n\n"]).declared_length(100), "data: 1\n\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let group = keyed(&app, &provider, &format!("g{at}"), &["sk-1", "sk-2"]).create().await;
        provider.otherwise(answer.clone());
        let mut response = group.chat_stream("gpt-4o").send().await;
        let mut got = Vec::new();
        let end = loop {
            match response.frame().await {
                Ok(Some(frame)) => got.extend_from_slice(&frame.data),
                end => break end,
            }
        };
        assert_eq!(String::from_utf8(got).unwrap(), before, "{answer:?}");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof, "{answer:?}");
        let row = row_of(&app, &group).await;
        assert_eq!((&row["status_code"], &row["is_success"]), (&200.into(), &false.into()));
        assert!(row["error_message"].as_str().unwrap().contains("cut short"), "{row}");
        for key in ["sk-1", "sk-2"] {
            assert_unblamed(&app, &group, key).await;
        }
    }
    assert_eq!(provider.count(), 7, "nothing is tried again after the first byte");
}

#[tokio::test]
async fn a_reset_in_the_middle_is_a_cut_too() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let gate = Gate::default();
    let answer = Answer::events(["data: 1\n\n", "data: 2\n\n"]).fault(At::Body(9), Fault::Reset);
    provider.otherwise(answer.gate_each(&gate));
    gate.release(1);
    let mut response = group.chat_stream("gpt-4o").send().await;
    assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 1"));
    gate.open();
    assert_eq!(response.frame().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(row_of(&app, &group).await["is_success"], false);
}

#[tokio::test]
async fn an_error_body_cut_short_is_cut_for_the_client_too() {
    let (app, provider) = app_and_provider().await;
    for (at, answer) in [
        Answer::with_body(400, "application/json", "{\"error\":{}}").declared_length(100),
        Answer::with_body(500, "application/json", "{\"error\":{}}").declared_length(100),
        Answer::stream("application/json", ["{\"error\":", "{}}"]).status(404).cut_after(9),
    ]
    .into_iter()
    .enumerate()
    {
        let group = keyed(&app, &provider, &format!("g{at}"), &["sk-1"]).config(json!({"max_retries": 0}));
        let group = group.create().await;
        provider.otherwise(answer.clone());
        let response = group.chat("gpt-4o").send().await;
        assert_eq!(response.headers.get("content-type"), Some("application/json"));
        assert_eq!(response.finish().await.unwrap_err().kind(), ErrorKind::UnexpectedEof, "{answer:?}");
        assert_eq!(row_of(&app, &group).await["is_success"], false);
    }
}

#[tokio::test]
async fn a_long_error_body_passes_whole_whatever_its_framing() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    let body = format!("{{\"error\":{{\"message\":\"{}\"}}}}", "x".repeat(300_000));
    let answer = || Answer::with_body(400, "application/json", body.clone());
    for answer in [answer(), answer().chunked(), answer().to_end(), answer().header("content-encoding", "br")] {
        provider.otherwise(answer);
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!(reply.status, 400);
        assert!(reply.body == body, "{} bytes", reply.body.len());
    }
}

#[tokio::test]
async fn a_missing_end_mark_is_no_fault() {
    let (app, provider) = app_and_provider().await;
    let group = keyed(&app, &provider, "g", &["sk-1"]).create().await;
    for answer in [Answer::events(["data: {\"choices\":[]}\n\n"]), Answer::events(["data: 1\n\n"]).to_end()] {
        provider.forget();
        provider.otherwise(answer.clone());
        assert_eq!(group.chat_stream("gpt-4o").fetch().await.body, answer.body_bytes());
    }
    let both = async || Some(app.logs("is_success=true").await).filter(|rows| rows.len() == 2);
    app.eventually("two successes", both).await;
}

#[tokio::test]
async fn a_silent_stream_is_ended() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"stream_idle_timeout": 1});
    let group = keyed(&app, &provider, "g", &["sk-1"]).config(config).create().await;
    provider.otherwise(Answer::events(["data: 1\n\n", "data: 2\n\n"]).fault(At::Body(9), Fault::Hang));
    let mut response = group.chat_stream("gpt-4o").send().await;
    assert_eq!(response.event().await.unwrap().as_deref(), Some("data: 1"));
    assert_eq!(response.frame().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    provider.wait_client_gone(1).await;
    let row = row_of(&app, &group).await;
    assert!(row["error_message"].as_str().unwrap().contains("sent nothing"), "{row}");
    assert_unblamed(&app, &group, "sk-1").await;
}

#[tokio::test]
async fn a_head_that_does_not_come_is_a_timeout_in_the_providers_shape() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::hang());
    for (name, channel, setting, pointer, word) in [
        ("a", "openai", "response_header_timeout", "/error/type", "server_error"),
        ("b", "anthropic", "response_header_timeout", "/error/type", "timeout_error"),
        ("c", "gemini", "request_timeout", "/error/status", "DEADLINE_EXCEEDED"),
    ] {
        let config = json!({setting: 1, "max_retries": 0});
        let group = keyed(&app, &provider, name, &["sk-1"]).channel(channel).config(config).create().await;
        let reply = group.chat("m").fetch().await;
        let body = reply.json();
        assert_eq!((reply.status, body.pointer(pointer).unwrap()), (504, &word.into()), "{body}");
        assert_unblamed(&app, &group, "sk-1").await;
        assert_eq!(row_of(&app, &group).await["status_code"], 504);
    }
    provider.wait_client_gone(3).await;
}

#[tokio::test]
async fn the_time_of_a_request_is_spent_by_all_its_attempts_together() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::hang());
    let config = json!({"request_timeout": 1, "max_retries": 5});
    let group = keyed(&app, &provider, "g", &["sk-1", "sk-2"]).config(config).create().await;
    assert_eq!(group.chat("m").fetch().await.status, 504);
    assert_eq!(provider.count(), 1);
    // Redirects spend it too.
    let config = json!({"request_timeout": 1, "max_retries": 0});
    let group = keyed(&app, &provider, "redirected", &["sk-1"]).config(config).create().await;
    for step in 0..3 {
        let next = format!("/{}", step + 1);
        provider.on_path(&format!("/{step}"), Answer::new(307).header("location", &next));
    }
    assert_eq!(group.request("POST", "/0").body("x").fetch().await.status, 504);
}
