//! What the client gets when all attempts have failed: the last answer, or what went wrong, in its provider's form.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use testkit::app::App;
use testkit::http::Reply;
use testkit::provider::errors::{Kind, anthropic, edge, gemini, openai};
use testkit::provider::{Answer, At, Fault, MockProvider, Script};

use crate::support::app_and_provider;
use crate::support::call::Call::{Chat, Generate, Messages, Responses};
use crate::support::keys::key_of;

const KEYS: [&str; 2] = ["sk-first-0123456789abcdef", "sk-second-0123456789abcdef"];

/// One call of a group with a key for each of the two answers, in this order.
async fn after(app: &App, provider: &MockProvider, name: &str, answers: [Script; 2]) -> Reply {
    let keys = ["first", "second"].map(|what| key_of(name, what));
    for (key, answer) in keys.iter().zip(answers) {
        provider.on_key(key, answer);
    }
    let group = app.group(name).upstream(&provider.url()).keys(&keys).config(json!({"max_retries": 1})).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert!(provider.count_for_key(&keys[1]) > 0, "{name}: both keys were tried");
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_answer_goes_to_the_client_as_it_was() {
    let (app, provider) = app_and_provider().await;
    let last =
        openai::overloaded().status(509).header("x-one", "1").header("X-Repeated", "a").header("x-repeated", "b");
    let reply = after(&app, &provider, "g", [openai::server_error().into(), last.clone().into()]).await;
    assert_eq!((reply.status, &reply.body), (509, &last.body_bytes()));
    assert_eq!(reply.headers.all("x-repeated"), ["a", "b"]);
    for (name, value) in [("x-one", "1"), ("content-type", "application/json"), ("x-request-id", "req_mock")] {
        assert_eq!(reply.headers.get(name), Some(value), "{name}");
    }
    assert!(reply.headers.has("x-gpt-load-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn which_answer_that_is() {
    let (app, provider) = app_and_provider().await;
    let (silent, limited) = (Script::from(Answer::reset()), Script::limited(20));
    let (server, dead): (Script, Script) = (openai::server_error().into(), openai::deactivated().into());
    let forbidden = Script::from(Answer::json(403, &json!({"error": {"message": "Access denied"}})));
    let rows = [
        ("limited-then-sick", limited.clone(), server.clone(), 500, "had an error while processing"),
        ("sick-then-limited", server.clone(), limited.clone(), 429, "Rate limit reached"),
        ("limited-then-silent", limited, silent.clone(), 429, "Rate limit reached"),
        ("silent-then-sick", silent.clone(), server.clone(), 500, "had an error while processing"),
        ("dead-then-sick", dead.clone(), server.clone(), 500, "had an error while processing"),
        ("sick-then-dead", server, dead.clone(), 503, "401 The account behind this API key was deactivated"),
        ("dead-then-silent", dead.clone(), silent.clone(), 503, "401 The account behind this API key was deactivated"),
        ("dead-then-forbidden", dead, forbidden.clone(), 403, "Access denied"),
        ("forbidden-twice", forbidden.clone(), forbidden, 403, "Access denied"),
        ("silent-twice", silent.clone(), silent, 502, ""),
    ];
    for (name, first, second, status, words) in rows {
        let reply = after(&app, &provider, name, [first, second]).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        assert!(reply.text().contains(words), "{name}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_told_in_the_providers_form() {
    let (app, provider) = app_and_provider().await;
    let rows = [
        (Chat, openai::deactivated(), "401 The account behind this API key was deactivated."),
        (Responses, openai::quota(), "429 You exceeded your current quota"),
        (Messages, anthropic::invalid_key(), "401 invalid x-api-key"),
        (Messages, anthropic::low_credit(), "400 Your credit balance is too low"),
        (Generate, gemini::invalid_key(), "400 API key not valid"),
        (Generate, gemini::leaked(), "403 Your API key was reported as leaked"),
    ];
    for (number, (call, answer, words)) in rows.into_iter().enumerate() {
        provider.otherwise(answer);
        let group = call.group(&app, &format!("g{number}"), &provider).keys(KEYS).create().await;
        let reply = call.through(&group).fetch().await;
        assert_eq!(reply.status, 503, "{words}");
        assert!(!reply.headers.has("www-authenticate"), "{words}");
        let body = reply.json();
        call.assert_own_error(&body, 503, "UPSTREAM_KEY_REJECTED");
        assert!(body["message"].as_str().unwrap().contains(words), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_in_the_providers_form() {
    let (app, provider) = app_and_provider().await;
    let faults = testkit::FaultProxy::to(provider.addr());
    faults.refuse().await;
    let ways: [(&str, String, Script, u16, &str); 8] = [
        ("refused", faults.url(), Script::ok(), 502, "UPSTREAM_UNREACHABLE"),
        ("no-name", "http://nowhere.invalid".to_owned(), Script::ok(), 502, "UPSTREAM_UNREACHABLE"),
        ("no-tls", format!("https://{}", no_tls()), Script::ok(), 502, "UPSTREAM_UNREACHABLE"),
        ("reset", provider.url(), Answer::reset().into(), 502, "UPSTREAM_UNREACHABLE"),
        ("closed", provider.url(), Answer::close().into(), 502, "UPSTREAM_UNREACHABLE"),
        (
            "half-a-head",
            provider.url(),
            Answer::new(200).fault(At::MidHead, Fault::Close).into(),
            502,
            "UPSTREAM_UNREACHABLE",
        ),
        ("garbage", provider.url(), Answer::raw("what is this\r\n\r\n").into(), 502, "UPSTREAM_UNREACHABLE"),
        ("too-slow", provider.url(), Answer::hang().into(), 504, "UPSTREAM_TIMEOUT"),
    ];
    for (way, upstream, script, status, code) in ways {
        provider.otherwise(script);
        for call in [Chat, Messages, Generate] {
            let name = format!("{way}-{call:?}").to_lowercase();
            let config = json!({"max_retries": 1, "response_header_timeout": 1});
            // One call of the slow ones is enough to wait for.
            if way == "too-slow" && call != Messages {
                continue;
            }
            let group =
                app.group(&name).channel(call.channel()).upstream(&upstream).keys(KEYS).config(config).create().await;
            let reply = call.through(&group).fetch().await;
            let body: Value = reply.json();
            assert_eq!((reply.status, &body["code"]), (status, &json!(code)), "{name}: {body}");
            if status == 502 {
                call.assert_own_error(&body, status, code);
            } else {
                assert_eq!(body["error"]["type"], "timeout_error", "{body}");
            }
        }
    }
}

/// A server that answers a TLS client in plain text.
fn no_tls() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            // The client's going is no concern of this test.
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    addr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_edge_is_passed_on_when_nothing_helps() {
    let (app, provider) = app_and_provider().await;
    let page = edge::cloudflare(403);
    provider.otherwise(page.clone());
    let group = app.group("g").upstream(&provider.url()).keys(KEYS).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!((reply.status, &reply.body), (403, &page.body_bytes()));
    assert_eq!(reply.headers.all("set-cookie").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_after_failures_shows_none_of_them() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(KEYS[0], Script::fails(Kind::InvalidKey));
    let group = app.group("g").upstream(&provider.url()).keys(KEYS).create().await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!((reply.status, reply.headers.has("www-authenticate")), (200, false));
    assert_eq!(reply.json()["object"], "chat.completion");
}
