//! How many attempts, by which keys, and when they end early.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::errors::Kind;
use testkit::provider::{Answer, MockProvider, Script};

use crate::support::keys::{key_of, key_state};
use crate::support::{BINARY, app_and_provider};

fn keys(group: &str, count: usize) -> Vec<String> {
    (1..=count).map(|n| key_of(group, &n.to_string())).collect()
}

async fn group(app: &App, name: &str, provider: &MockProvider, keys: &[String], config: Value) -> GroupHandle {
    app.group(name).upstream(&provider.url()).keys(keys).config(config).create().await
}

/// The keys that the provider has seen, in order.
fn seen(provider: &MockProvider) -> Vec<String> {
    provider.requests().iter().map(|request| request.key.clone().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_tried_once_and_max_retries_times_each_time_with_another_key() {
    let (app, provider) = app_and_provider().await;
    let failures =
        [("sick", Kind::ServerError), ("limited", Kind::RateLimited { seconds: 20 }), ("dead", Kind::InvalidKey)];
    for (name, kind) in failures {
        for max_retries in [0, 1, 2, 4] {
            provider.forget();
            provider.otherwise(Script::fails(kind));
            let name = format!("{name}-{max_retries}");
            let group = group(&app, &name, &provider, &keys(&name, 7), json!({"max_retries": max_retries})).await;
            group.chat("gpt-4o").fetch().await;
            let seen = seen(&provider);
            assert_eq!(seen.len(), max_retries + 1, "{name}");
            assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "{name}: {seen:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_used_up_ends_the_retries() {
    let (app, provider) = app_and_provider().await;
    let failures = [("limited", Kind::RateLimited { seconds: 20 }), ("dead", Kind::InvalidKey)];
    for (name, kind) in failures {
        provider.forget();
        provider.otherwise(Script::fails(kind));
        let group =
            group(&app, name, &provider, &keys(name, 3), json!({"max_retries": 10, "blacklist_threshold": 0})).await;
        group.chat("gpt-4o").fetch().await;
        assert_eq!(provider.count(), 3, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_key_is_tried_again_after_a_sick_upstream() {
    let app = App::start(BINARY).await;
    let sick: [(&str, Script); 6] = [
        ("server-error", Script::fails(Kind::ServerError)),
        ("overloaded", Script::fails(Kind::Overloaded)),
        ("too-slow", Answer::new(408).into()),
        ("page", testkit::provider::errors::edge::cloudflare(403).into()),
        ("reset", Answer::reset().into()),
        ("garbage", Answer::raw("HTP/9 what\r\n\r\n").into()),
    ];
    for (name, script) in sick {
        // Of its own, so that no connection to it is used twice.
        let provider = MockProvider::start();
        let key = keys(name, 1);
        provider.on_key(&key[0], Script::first(2, script));
        let group = group(&app, name, &provider, &key, json!({"max_retries": 2})).await;
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200, "{name}");
        let requests = provider.requests();
        assert_eq!(requests.len(), 3, "{name}");
        for pair in requests.windows(2) {
            assert!(pair[1].at - pair[0].at >= Duration::from_millis(100), "{name}: the upstream gets a pause");
        }
        assert_eq!(key_state(&app, &group, &key[0]).await, "active 0", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sick_upstream_no_key_serves_twice_while_another_is_fresh() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::first(4, Script::fails(Kind::ServerError)).then(Script::ok()));
    let keys = keys("g", 3);
    let group = group(&app, "g", &provider, &keys, json!({"max_retries": 4})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    let seen = seen(&provider);
    assert_eq!(seen[..3], keys[..]);
    assert_eq!(seen.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_failed_by_its_own_fault_never_serves_twice() {
    let (app, provider) = app_and_provider().await;
    let keys = keys("g", 2);
    provider.on_key(&keys[0], Script::dead());
    provider.on_key(&keys[1], Script::first(2, Script::fails(Kind::ServerError)));
    let group = group(&app, "g", &provider, &keys, json!({"max_retries": 5})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    assert_eq!((provider.count_for_key(&keys[0]), provider.count_for_key(&keys[1])), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_attempts_together_have_request_timeout() {
    let (app, provider) = app_and_provider().await;
    let keys = keys("g", 3);
    provider.otherwise(Answer::hang());
    let group = group(&app, "g", &provider, &keys, json!({"max_retries": 2, "request_timeout": 1})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 504);
    assert_eq!(provider.count(), 1, "no time is left for another");
    for key in &keys {
        assert_eq!(key_state(&app, &group, key).await, "active 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_takes_no_longer_than_the_request_may() {
    let (app, _) = app_and_provider().await;
    // Its queue takes connections, and nobody answers the TLS handshake on them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = json!({"connect_timeout": 600, "request_timeout": 1});
    let group = app.group("g").upstream(&format!("https://{}", silent.local_addr().unwrap())).keys(keys("g", 2));
    let reply = group.config(config).create().await.chat("gpt-4o").fetch().await;
    assert_eq!((reply.status, &reply.json()["code"]), (504, &json!("UPSTREAM_TIMEOUT")), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_the_same_in_every_attempt() {
    let (app, provider) = app_and_provider().await;
    let keys = keys("g", 3);
    provider.otherwise(Script::first(2, Script::fails(Kind::ServerError)).then(Script::ok()));
    let group = group(&app, "g", &provider, &keys, json!({})).await;
    let body =
        format!(r#"{{"model":"gpt-4o" , "messages":[{{"role":"user","content":"{}"}}]}}"#, "long ".repeat(100_000));
    let request =
        group.request("POST", "/v1/chat/completions").chunked(body.as_bytes().chunks(9_999).map(<[u8]>::to_vec));
    assert_eq!(request.fetch().await.status, 200);
    let requests = provider.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == body.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_is_a_row_of_the_log() {
    let (app, provider) = app_and_provider().await;
    let keys = keys("g", 3);
    provider.on_key(&keys[0], Script::dead());
    provider.on_key(&keys[1], Answer::reset());
    let group = group(&app, "g", &provider, &keys, json!({})).await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 200);
    let rows = app.eventually("three rows", async || Some(app.logs("").await).filter(|rows| rows.len() == 3)).await;
    let id = reply.headers.get("x-gpt-load-request-id").unwrap();
    let expected = [(401, "retry", false), (502, "retry", false), (200, "final", true)];
    for ((row, (status, kind, success)), number) in rows.iter().rev().zip(expected).zip(1..) {
        assert_eq!((&row["status_code"], &row["request_type"]), (&json!(status), &json!(kind)), "{row}");
        assert_eq!((&row["is_success"], &row["attempt"]), (&json!(success), &json!(number)), "{row}");
        assert_eq!((&row["request_id"], &row["key_value"]), (&json!(id), &json!(keys[number - 1])), "{row}");
        assert_eq!(row["upstream_addr"], format!("{}/v1/chat/completions", provider.url()), "{row}");
        assert_eq!(row["error_message"] == "", success, "{row}");
    }
}
