//! A key's secret stays in: it is masked in what clients get, in log rows, in the key's row, in the program's own log.

use std::fmt::Write as _;

use serde_json::json;
use testkit::http::Reply;
use testkit::provider::errors::openai;
use testkit::provider::{Answer, Script};

use crate::support::app_and_provider;

const KEY: &str = "sk-verysecret0123456789abcdefghijklmnop";
const MASKED: &str = "sk-v****mnop";

/// So many bytes that differ from each other enough for any compression.
fn noise(bytes: usize) -> String {
    let mut state: u64 = 1;
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{:x} ", state >> 20).unwrap();
    }
    text.truncate(bytes);
    text
}

fn told(status: u16, before: &str, after: &str) -> Answer {
    Answer::with_body(status, "text/plain", format!("{before}{KEY}{after}{KEY}"))
}

/// A body that was changed.
fn body_of(reply: &Reply) -> String {
    assert!(!reply.headers.has("content-encoding"), "it is sent uncompressed");
    reply.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_body_comes_without_the_key() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys([KEY]);
    let group = group.config(json!({"max_retries": 0, "blacklist_threshold": 0})).create().await;
    let long = noise(70_000);
    let longer = noise(300_000);
    // What compresses well is short on the wire and long when it has been read.
    let flat = "all work and no play ".repeat(10_000);
    let cases = [
        ("plain", told(500, "the key ", " is "), format!("the key {MASKED} is {MASKED}")),
        ("chunked", told(400, "the key ", " is ").chunked(), format!("the key {MASKED} is {MASKED}")),
        ("long", told(500, &long, "x"), format!("{long}{MASKED}x{MASKED}")),
        ("both-ends", told(500, "", &long), format!("{MASKED}{long}{MASKED}")),
        ("longer", told(400, &longer, "x").chunked(), format!("{longer}{MASKED}x{MASKED}")),
        ("gzip", told(500, "the key ", " is ").gzip(), format!("the key {MASKED} is {MASKED}")),
        ("gzip-long", told(500, &flat, "x").gzip(), format!("{flat}{MASKED}x{MASKED}")),
        ("gzip-both-ends", told(500, "", &flat).gzip(), format!("{MASKED}{flat}{MASKED}")),
    ];
    for (name, answer, expected) in cases {
        provider.on_key(KEY, answer.clone());
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!(reply.status, if matches!(name, "chunked" | "longer") { 400 } else { 500 }, "{name}");
        assert!(body_of(&reply) == expected, "{name}: {} bytes instead of {}", reply.body.len(), expected.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_encoded_body_ends_before_it_would_tell_the_key() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(KEY, told(500, "the key ", &noise(400_000)).gzip());
    let group = app.group("g").upstream(&provider.url()).keys([KEY]).config(json!({"max_retries": 0})).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    let text = body_of(&reply);
    assert!(text.starts_with(&format!("the key {MASKED}")) && !text.contains(KEY), "{} bytes", text.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_event_comes_without_the_key() {
    let (app, provider) = app_and_provider().await;
    let event = json!({"error": {"message": format!("no capacity for {KEY}"), "type": "server_error"}});
    provider.on_key(KEY, Answer::events([format!("data: {event}\n\n")]));
    let group = app.group("g").upstream(&provider.url()).keys([KEY]).config(json!({"max_retries": 0})).create().await;
    let reply = group.chat_stream("gpt-4o").fetch().await;
    assert_eq!((reply.status, reply.text()), (200, format!("data: {event}\n\n").replace(KEY, MASKED)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_ours_tells_the_key() {
    let (app, provider) = app_and_provider().await;
    // At every place around where messages are cut off.
    let messages = (440..520).step_by(6).map(|before| format!("{} {KEY} is unknown", "é".repeat(before)));
    let answers = messages.map(|message| Answer::json(401, &json!({"error": {"message": message}})));
    let script = Script::sequence(answers.chain([openai::key_echoed(KEY)]));
    provider.on_key(KEY, script);
    let resting = "sk-resting0123456789";
    provider.on_key(resting, Script::limited(3_000));
    let group = app.group("g").upstream(&provider.url()).keys([resting, KEY]);
    let group = group.config(json!({"max_retries": 0, "blacklist_threshold": 15})).create().await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    let mut texts = Vec::new();
    for _ in 0..15 {
        texts.push(group.chat("gpt-4o").fetch().await.text());
    }
    let shown = format!("Unknown token {MASKED}: ask for a new one");
    assert!(texts[14].contains(&shown), "{}", texts[14]);
    let none_left = group.chat("gpt-4o").fetch().await.text();
    assert!(none_left.contains(&format!("1 refused by the provider: 401 {shown}")), "{none_left}");
    texts.push(none_left);

    let rows = async || Some(app.logs("").await).filter(|rows| rows.len() == 17);
    let rows = app.eventually("all rows", rows).await;
    texts.extend(rows.iter().map(|row| row["error_message"].to_string()));
    // Faults are stored in batches: an earlier one may be there first.
    let key = async || {
        Some(app.key(&group, KEY).await).filter(|key| key["status"] == "invalid" && key["last_error"] == shown.as_str())
    };
    let key = app.eventually("the key's last fault", key).await;
    texts.extend([key["last_error"].to_string(), app.output()]);
    for text in &texts {
        assert!(!text.contains("sk-verysecret"), "{text}");
    }
}
