//! What the client gets when no key can serve: when to come back, and why, in numbers.

use serde_json::{Value, json};
use testkit::http::Reply;
use testkit::provider::Script;
use testkit::provider::errors::openai;

use crate::support::app_and_provider;
use crate::support::call::Call::{Chat, GeminiChat, Generate, Messages, Responses};
use crate::support::keys::{key_of, test_key};

fn refused(reply: &Reply) -> Value {
    assert_eq!(reply.status, 503, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body["code"], "NO_KEYS_AVAILABLE", "{body}");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_group_refuses_in_the_providers_form() {
    let (app, provider) = app_and_provider().await;
    for call in [Chat, Responses, Messages, Generate, GeminiChat] {
        let group = call.group(&app, &format!("{call:?}").to_lowercase(), &provider).create().await;
        let reply = call.through(&group).fetch().await;
        let body = refused(&reply);
        call.assert_own_error(&body, 503, "NO_KEYS_AVAILABLE");
        assert_eq!(body["message"], "No active API keys available for this group (0 keys)");
        assert!(!reply.headers.has("retry-after"), "nothing is to be waited for");
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_says_why_in_numbers_and_the_header_when_to_come_back() {
    let (app, provider) = app_and_provider().await;
    provider.on_key("sk-limited-1-0123456789", openai::rate_limited("gpt-4o", 200));
    provider.on_key("sk-limited-2-0123456789", openai::rate_limited("gpt-4o", 100));
    provider.on_key("sk-refused-1-0123456789", openai::deactivated());
    let keys = ["sk-limited-1-0123456789", "sk-limited-2-0123456789", "sk-refused-1-0123456789"];
    let group =
        app.group("g").upstream(&provider.url()).keys(keys).config(json!({"blacklist_threshold": 1})).create().await;
    group.chat("gpt-4o").fetch().await;
    assert_eq!(provider.count(), 3);
    let reply = group.chat("gpt-4o").fetch().await;
    let message = refused(&reply)["message"].as_str().unwrap().to_owned();
    let (start, rest) = message.split_once(", the first back in ").unwrap();
    let (seconds, rest) = rest.split_once(' ').unwrap();
    assert_eq!(start, "No active API keys available for this group (3 keys: 2 rate limited");
    let why = "401 The account behind this API key was deactivated. Write to support if you need help.";
    assert_eq!(rest, format!("s; 1 refused by the provider: {why})"));
    assert!((80..=100).contains(&seconds.parse::<u64>().unwrap()), "{message}");
    let retry_after: u64 = reply.headers.get("retry-after").unwrap().parse().unwrap();
    assert!((80..=100).contains(&retry_after), "{retry_after}");
    assert_eq!(provider.count(), 3, "nobody was asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_keys_alone_name_no_time() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::sequence([openai::rate_limited("gpt-4o", 100), openai::deactivated()]));
    let key = "sk-only-0123456789abcdef";
    let config = json!({"blacklist_threshold": 1, "max_retries": 0});
    let group = app.group("g").upstream(&provider.url()).keys([key]).config(config).create().await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    test_key(&app, &group, key).await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert!(refused(&reply)["message"].as_str().unwrap().contains("(1 key: 1 refused by the provider: 401 "));
    assert!(!reply.headers.has("retry-after"), "its rest will end, but it stays invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_keys_are_told_apart() {
    let (mut app, provider) = app_and_provider().await;
    let keys = ["first", "second"].map(|what| key_of("g", what));
    let group = app.group("g").upstream(&provider.url()).keys(keys).create().await;
    app.terminate();
    app.wait_exit().await;
    app.database().run(["UPDATE api_keys SET status = 'disabled'"]);
    app.restart().await;
    let counted = "No active API keys available for this group (2 keys: 2 disabled)";
    let message = async || refused(&group.chat("gpt-4o").fetch().await)["message"].clone();
    let told = async || Some(message().await).filter(|message| message == counted);
    app.eventually("they are loaded and counted", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_is_a_row_of_the_log() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    let row = app.eventually("the row", async || app.logs("status_code=503").await.pop()).await;
    assert_eq!((&row["group_id"], &row["group_name"]), (&json!(group.id), &json!("g")), "{row}");
    assert_eq!((&row["is_success"], &row["request_type"]), (&json!(false), &json!("final")), "{row}");
    assert_eq!((&row["model"], &row["key_value"]), (&json!("gpt-4o"), &json!("")), "{row}");
    assert_eq!(row["error_message"], reply.json()["message"], "{row}");
    assert_eq!(row["request_id"], reply.headers.get("x-gpt-load-request-id").unwrap(), "{row}");
    assert_eq!(row["request_path"], "/proxy/g/v1/chat/completions", "{row}");
    let failed = async || {
        app.api().data(&format!("/api/groups/{}/stats", group.id)).await["stats_24_hour"]["failed_requests"] == 1
    };
    app.eventually("it is counted", failed).await;
}
