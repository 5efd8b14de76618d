//! Overrides, redirects, header rules, model lists.
//!
//! | file | what it shows |
//! |---|---|
//! | `overrides` | parameter overrides of JSON bodies |
//! | `redirects` | the model redirected in body, form and path; strict mode |
//! | `model_lists` | lists with the rules' names |
//! | `header_rules` | headers set and removed last |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use serde_json::json;
use testkit::app::{App, GroupBuilder};
use testkit::provider::{Answer, MockProvider};

mod header_rules;
mod model_lists;
mod overrides;
mod redirects;

use crate::support::app_and_provider;

/// A group to be shaped, with the key `sk-1`.
fn group<'a>(app: &'a App, provider: &MockProvider, name: &str) -> GroupBuilder<'a> {
    app.group(name).upstream(&provider.url()).keys(["sk-1"])
}

#[tokio::test]
async fn overrides_come_first_then_redirects_then_header_rules() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let shaped = group(&app, &provider, "g").field("param_overrides", json!({"model": "b"}));
    let shaped = shaped.field("model_redirect_rules", json!({"a": "wrong", "b": "c"}));
    let rules = json!([{"key": "Content-Type", "value": "text/x", "action": "set"}]);
    let shaped = shaped.field("header_rules", rules).create().await;
    for (body, sent) in [
        ("{ \"model\" : \"a\" }", "{ \"model\" : \"c\" }"),
        ("{\"x\":[ 1 ]}", "{\"x\":[ 1 ],\"model\":\"c\"}"),
        ("{\"model\":\"other\"}", "{\"model\":\"c\"}"),
    ] {
        shaped
            .request("POST", "/v1/chat/completions")
            .header("Content-Type", "application/json")
            .body(body)
            .fetch()
            .await;
        let got = provider.last_request();
        assert_eq!((got.text().as_str(), got.headers.all("content-type")), (sent, vec!["text/x"]));
    }
}

#[tokio::test]
async fn each_attempt_shapes_the_body_the_client_sent() {
    let (app, provider) = app_and_provider().await;
    let shaped = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]);
    let shaped = shaped.field("param_overrides", json!({"n": 1})).field("model_redirect_rules", json!({"a": "b"}));
    let shaped = shaped.create().await;
    provider.otherwise(testkit::Script::first(2, testkit::Script::limited(5)));
    let reply = shaped.request("POST", "/v1/chat/completions").body("{\"model\":\"a\"}").fetch().await;
    let bodies: Vec<_> = provider.requests().iter().map(|request| request.text()).collect();
    assert_eq!((reply.status, bodies), (200, vec!["{\"model\":\"b\",\"n\":1}".to_owned(); 3]));
}
