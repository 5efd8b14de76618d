//! Header rules: set and remove, with variables, after everything else.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::provider::Answer;

use super::group;
use crate::support::{app_and_provider, builder};

fn set(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value, "action": "set"})
}

fn remove(key: &str) -> Value {
    json!({"key": key, "value": "", "action": "remove"})
}

#[tokio::test]
async fn headers_are_set_and_removed_after_everything_else() {
    let (app, provider) = app_and_provider().await;
    let rules = json!([
        set("X-New", "1"),
        set("x-repeated", "once"),
        set("User-Agent", "ours/1"),
        set("X-Forwarded-For", "192.0.2.9"),
        set("Authorization", "Token ${API_KEY}"),
        set("X-Twice", "first"),
        set("x-twice", "second"),
        remove("X-Gone"),
        remove("Accept"),
        remove("X-Not-There"),
        set("X-Gone-Again", "1"),
        remove("x-gone-again"),
    ]);
    let group = group(&app, &provider, "g").field("header_rules", rules).create().await;
    let request = group.request("GET", "/v1/models").header("X-Repeated", "a").header("X-Repeated", "b");
    let request = request.header("User-Agent", "theirs").header("X-Gone", "1").header("x-gone", "2");
    let request = request.header("Accept", "*/*").header("X-Forwarded-For", "10.0.0.1").header("X-Kept", "k");
    assert_eq!(request.fetch().await.status, 200);
    let got = provider.last_request();
    for (name, values) in [
        ("x-new", &["1"][..]),
        ("x-repeated", &["once"]),
        ("user-agent", &["ours/1"]),
        ("x-forwarded-for", &["192.0.2.9"]),
        ("authorization", &["Token sk-1"]),
        ("x-twice", &["second"]),
        ("x-kept", &["k"]),
        ("x-gone", &[]),
        ("accept", &[]),
        ("x-gone-again", &[]),
    ] {
        assert_eq!(got.headers.all(name), values, "{name}");
    }
}

#[tokio::test]
async fn the_credential_can_be_removed() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    for (name, channel, header) in
        [("a", "openai", "Authorization"), ("b", "anthropic", "X-Api-Key"), ("c", "gemini", "x-goog-api-key")]
    {
        let rules = json!([remove(header), set("X-Key", "${API_KEY}")]);
        let group = group(&app, &provider, name).channel(channel).field("header_rules", rules).create().await;
        group.chat("m").fetch().await;
        let got = provider.last_request();
        assert_eq!((got.header(header), got.header("x-key")), (None, Some("sk-1")));
    }
}

#[tokio::test]
async fn every_variable_is_filled_in() {
    let (app, provider) = app_and_provider().await;
    let rules = json!([
        set("X-Ip", "${CLIENT_IP}"),
        set("X-Group", "g:${GROUP_NAME}:${GROUP_NAME}"),
        set("X-Key", "Key ${API_KEY}!"),
        set("X-Ms", "${TIMESTAMP_MS}"),
        set("X-S", "${TIMESTAMP_S}"),
        set("X-Plain", "${HOME} $API_KEY ${api_key} {GROUP_NAME}"),
    ]);
    let group = group(&app, &provider, "some-group").field("header_rules", rules).create().await;
    let now_ms = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let before = now_ms();
    group.request("GET", "/v1/models").fetch().await;
    let (got, after) = (provider.last_request(), now_ms());
    let said = |name: &str| got.header(name).unwrap().to_owned();
    assert_eq!(said("x-ip"), "127.0.0.1");
    assert_eq!(said("x-group"), "g:some-group:some-group");
    assert_eq!(said("x-key"), "Key sk-1!");
    assert_eq!(said("x-plain"), "${HOME} $API_KEY ${api_key} {GROUP_NAME}");
    let (ms, s) = (said("x-ms").parse::<u64>().unwrap(), said("x-s").parse::<u64>().unwrap());
    assert!((before..=after).contains(&ms), "{before} {ms} {after}");
    assert!((before / 1000..=after / 1000).contains(&s), "{before} {s} {after}");
}

#[tokio::test]
async fn the_clients_address_is_believed_from_trusted_proxies_only() {
    for (trusted, headers, address) in [
        ("", &[("X-Forwarded-For", "203.0.113.7")][..], "203.0.113.7"),
        ("", &[("X-Real-IP", "203.0.113.8")], "203.0.113.8"),
        ("", &[("X-Forwarded-For", "198.51.100.1, 203.0.113.7, 10.1.2.3")], "203.0.113.7"),
        ("none", &[("X-Forwarded-For", "203.0.113.7"), ("X-Real-IP", "203.0.113.8")], "127.0.0.1"),
        ("192.0.2.0/24", &[("X-Forwarded-For", "203.0.113.7")], "127.0.0.1"),
    ] {
        let app = builder().env("TRUSTED_PROXIES", trusted).start().await;
        app.set(json!({"request_log_write_interval_minutes": 0})).await;
        let provider = testkit::MockProvider::start();
        let rules = json!([set("X-Ip", "${CLIENT_IP}")]);
        let group = group(&app, &provider, "g").field("header_rules", rules).create().await;
        let request = headers.iter().fold(group.request("GET", "/v1/models"), |request, (n, v)| request.header(n, v));
        request.fetch().await;
        assert_eq!(provider.last_request().header("x-ip"), Some(address), "{trusted:?} {headers:?}");
        let row = app.eventually("a row", async || app.logs("").await.pop()).await;
        assert_eq!(row["source_ip"], address);
    }
}
