//! The client's key goes no further, the provider's is put in its place.

use serde_json::json;
use testkit::app::App;
use testkit::http::Request;
use testkit::provider::Answer;

use super::{names, one_key};
use crate::support::app_and_provider;

/// Where a client may put its key, and what stands before it there.
const CARRIERS: [(&str, &str); 5] =
    [("?key=", ""), ("Authorization", "Bearer "), ("x-api-key", ""), ("x-goog-api-key", ""), ("api-key", "")];

fn asking(app: &App, query: &str) -> Request {
    Request::get(&app.url(&format!("/proxy/g/v1/models{query}")))
}

#[tokio::test]
async fn five_carriers_work_and_none_goes_further() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    for (carrier, before) in CARRIERS {
        let request = match carrier {
            "?key=" => asking(&app, "?a=%20b&key=pk-g&c=+d&&key2=%6Bx"),
            header => asking(&app, "?a=%20b&c=+d&&key2=%6Bx").header(header, &format!("{before}pk-g")),
        };
        assert_eq!(request.fetch().await.status, 200, "{carrier}");
        let got = provider.last_request();
        assert_eq!(got.target, "/v1/models?a=%20b&c=+d&&key2=%6Bx", "{carrier}");
        assert_eq!(names(&got.headers), ["authorization", "host"], "{carrier}");
        assert_eq!(got.headers.all("authorization"), ["Bearer sk-g"], "{carrier}");
    }
}

#[tokio::test]
async fn all_carriers_are_removed_whichever_was_used() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    let others = ["secret-1", "secret-2", "secret-3", "secret-4"];
    let request = asking(&app, "?key=pk-g&key=secret-0&%6Bey=secret-0");
    let request = request.bearer(others[0]).header("X-Api-Key", others[1]);
    let request = request.header("x-goog-api-key", others[2]).header("API-KEY", others[3]).header("api-key", others[3]);
    assert_eq!(request.fetch().await.status, 200);
    let got = provider.last_request();
    assert_eq!((got.target.as_str(), names(&got.headers)), ("/v1/models", vec!["authorization".into(), "host".into()]));
    assert!(!String::from_utf8_lossy(&got.raw_head).contains("secret"));
}

#[tokio::test]
async fn the_first_carrier_that_is_there_counts() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    for (query, headers, status) in [
        ("?key=pk-g", &[("Authorization", "Bearer no")][..], 200),
        ("?key=no", &[("Authorization", "Bearer pk-g")], 401),
        ("?key=", &[("Authorization", "Bearer pk-g")], 200),
        ("", &[("Authorization", "bearer pk-g"), ("x-api-key", "no")], 200),
        ("", &[("Authorization", "Bearer no"), ("x-api-key", "pk-g")], 401),
        ("", &[("Authorization", "Basic cGstZzo="), ("x-api-key", "pk-g")], 200),
        ("", &[("x-api-key", "no"), ("x-goog-api-key", "pk-g")], 401),
        ("", &[("x-goog-api-key", "no"), ("api-key", "pk-g")], 401),
        ("", &[], 401),
    ] {
        let request = headers.iter().fold(asking(&app, query), |request, (name, value)| request.header(name, value));
        assert_eq!(request.fetch().await.status, status, "{query} {headers:?}");
    }
}

#[tokio::test]
async fn each_provider_gets_the_key_in_its_own_way() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let version = ("anthropic-version", "2023-06-01");
    for (name, channel, path, expected) in [
        ("a", "openai", "/v1/chat/completions", vec![("authorization", "Bearer sk-1")]),
        ("b", "openai-response", "/v1/responses", vec![("authorization", "Bearer sk-1")]),
        ("c", "anthropic", "/v1/messages", vec![("x-api-key", "sk-1"), version]),
        ("d", "gemini", "/v1beta/models/gemini-2.5-pro:generateContent", vec![("x-goog-api-key", "sk-1")]),
        ("e", "gemini", "/v1beta/openai/chat/completions", vec![("authorization", "Bearer sk-1")]),
        ("f", "gemini", "/v1beta/files", vec![("x-goog-api-key", "sk-1")]),
    ] {
        let group = app.group(name).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        group.request("POST", path).json(&json!({"model": "m"})).fetch().await;
        let got = provider.last_request();
        for carrier in ["authorization", "x-api-key", "x-goog-api-key", "api-key", "anthropic-version"] {
            let wanted: Vec<_> =
                expected.iter().filter(|(name, _)| *name == carrier).map(|(_, value)| *value).collect();
            assert_eq!(got.headers.all(carrier), wanted, "{carrier} for {channel} {path}");
        }
        assert_eq!(got.target, path);
    }
}

#[tokio::test]
async fn a_version_named_by_the_client_stays() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").channel("anthropic").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let request = group.request("GET", "/v1/models").header("Anthropic-Version", "2024-10-22");
    request.fetch().await;
    assert_eq!(provider.last_request().headers.all("anthropic-version"), ["2024-10-22"]);
}

#[tokio::test]
async fn azure_is_openai_with_a_base_url_and_two_header_rules() {
    let (app, provider) = app_and_provider().await;
    let rules = json!([
        {"key": "api-key", "value": "${API_KEY}", "action": "set"},
        {"key": "Authorization", "value": "", "action": "remove"},
    ]);
    let base = format!("{}/openai/deployments/gpt-4o", provider.url());
    let group = app.group("azure").upstream(&base).keys(["azure-key-1"]).field("header_rules", rules).create().await;
    let request = group.request("POST", "/chat/completions?api-version=2024-10-21");
    assert_eq!(request.json(&json!({"messages": []})).fetch().await.status, 200);
    let got = provider.last_request();
    assert_eq!(got.target, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
    assert_eq!(names(&got.headers), ["api-key", "content-length", "content-type", "host"]);
    assert_eq!(got.headers.all("api-key"), ["azure-key-1"]);
}
