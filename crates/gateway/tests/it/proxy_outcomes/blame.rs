//! When a failure is held against a key, and when it is not.

use serde_json::json;
use testkit::app::{App, GroupHandle};
use testkit::http::Request;
use testkit::provider::errors::{Kind, edge, openai};
use testkit::provider::{Answer, At, Fault, MockProvider, Script};

use super::single_key;
use crate::support::app_and_provider;
use crate::support::keys::{key_of, key_state};

const KEY: &str = "sk-first-0123456789abcdef";
const OTHER: &str = "sk-other-0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_becomes_invalid_at_the_threshold() {
    let (app, provider) = app_and_provider().await;
    for (threshold, states) in [
        (0, ["active 1", "active 2", "active 3", "active 4"]),
        (1, ["invalid 1", "invalid 1", "invalid 1", "invalid 1"]),
        (3, ["active 1", "active 2", "invalid 3", "invalid 3"]),
    ] {
        let name = format!("threshold-{threshold}");
        let keys = ["dying", "other"].map(|what| key_of(&name, what));
        provider.on_key(&keys[0], Script::dead());
        let config = json!({"blacklist_threshold": threshold});
        let group = app.group(&name).upstream(&provider.url()).keys(&keys).config(config).create().await;
        for expected in states {
            assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
            assert_eq!(key_state(&app, &group, &keys[0]).await, expected, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_between_failures_forgives_them() {
    let (app, provider) = app_and_provider().await;
    let (bad, good) = (Script::dead, Script::ok);
    provider.on_key(&key_of("g", "only"), Script::sequence([bad(), bad(), good(), bad(), bad(), bad()]));
    let group = single_key(&app, "g", &provider, json!({})).await;
    // The third failure would make it invalid, were there not only one key.
    for expected in ["active 1", "active 2", "active 0", "active 1", "active 2", "active 3 cooling *"] {
        group.chat("gpt-4o").fetch().await;
        assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_model_list_forgives_nothing() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), Script::first(1, Script::dead()));
    let group = single_key(&app, "g", &provider, json!({})).await;
    group.chat("gpt-4o").fetch().await;
    assert_eq!(group.request("GET", "/v1/models").fetch().await.status, 200);
    assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, "active 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_says_what_the_provider_held_against_it() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), openai::deactivated());
    let group = single_key(&app, "g", &provider, json!({})).await;
    group.chat("gpt-4o").fetch().await;
    let key = app
        .eventually("the fault in the key's row", async || {
            let key = app.key(&group, &key_of("g", "only")).await;
            if key["last_status"].is_null() { Err(key) } else { Ok(key) }
        })
        .await;
    assert_eq!(key["last_status"], 401);
    assert!(
        key["last_error"].as_str().unwrap().starts_with("The account behind this API key was deactivated"),
        "{key}"
    );
    assert!(key["last_error_at"].is_string(), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_key_says_why_it_rests_and_has_no_failure() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), openai::rate_limited("gpt-4o", 20));
    let group = single_key(&app, "g", &provider, json!({})).await;
    group.chat("gpt-4o").fetch().await;
    let key = app
        .eventually("the reason in the key's row", async || {
            let key = app.key(&group, &key_of("g", "only")).await;
            if key["last_status"].is_null() { Err(key) } else { Ok(key) }
        })
        .await;
    assert_eq!(
        (&key["last_status"], &key["failure_count"], &key["status"]),
        (&json!(429), &json!(0), &json!("active"))
    );
    assert!(key["last_error"].as_str().unwrap().starts_with("Rate limit reached"), "{key}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_on_the_operators_blacklist_blames_the_key() {
    let (app, provider) = app_and_provider().await;
    let listed = |status: u16| json!({"blacklist_status_codes": status.to_string()});
    let both =
        |status: u16| json!({"blacklist_status_codes": status.to_string(), "failover_status_codes": "404,500-599"});
    for (name, config, status, expected, answered, second) in [
        ("listed", listed(404), 404, "active 1", 503, 0),
        ("listed-402", listed(402), 402, "active 1", 200, 1),
        ("listed-and-retried", both(404), 404, "active 1", 200, 1),
        ("not-listed", listed(404), 400, "active 0", 400, 0),
        ("a-limit-stays-a-limit", listed(429), 429, "active 0 cooling gpt-4o", 200, 1),
        ("a-sick-upstream-stays-one", listed(500), 500, "active 0", 200, 1),
        ("an-ok-stays-one", listed(200), 200, "active 0", 200, 0),
    ] {
        let keys = ["first", "second"].map(|what| key_of(name, what));
        provider.on_key(&keys[0], Answer::json(status, &json!({"error": {"message": "no"}})));
        let group = app.group(name).upstream(&provider.url()).keys(&keys).config(config).create().await;
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!(reply.status, answered, "{name}: {}", reply.text());
        assert_eq!(provider.count_for_key(&keys[1]), second, "{name}");
        assert_eq!(key_state(&app, &group, &keys[0]).await, expected, "{name}");
    }
}

/// A group of two keys; the first is refused with a 403 that may mean anything.
async fn doubtful(app: &App, provider: &MockProvider, other: impl Into<Script>) -> GroupHandle {
    provider.on_key(KEY, Answer::json(403, &json!({"error": {"message": "Access denied"}})));
    provider.on_key(OTHER, other);
    app.group("g").upstream(&provider.url()).keys([KEY, OTHER]).create().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_settled_by_another_keys_success() {
    let (app, provider) = app_and_provider().await;
    let group = doubtful(&app, &provider, Script::ok()).await;
    for expected in ["active 1", "active 2", "invalid 3"] {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
        assert_eq!(key_state(&app, &group, KEY).await, expected);
    }
    assert_eq!(key_state(&app, &group, OTHER).await, "active 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_all_keys_is_the_requests_own() {
    let (app, provider) = app_and_provider().await;
    let group = doubtful(&app, &provider, Answer::json(403, &json!({"error": {"message": "Not this model"}}))).await;
    for _ in 0..5 {
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, reply.text().contains("error")), (403, true));
    }
    assert_eq!(provider.count(), 10, "both keys were asked each time");
    for key in [KEY, OTHER] {
        assert_eq!(key_state(&app, &group, key).await, "active 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_model_list_settles_no_doubt() {
    let (app, provider) = app_and_provider().await;
    let group = doubtful(&app, &provider, Script::ok()).await;
    assert_eq!(group.request("GET", "/v1/models").fetch().await.status, 200);
    assert_eq!(provider.count(), 2);
    assert_eq!(key_state(&app, &group, KEY).await, "active 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_short_settles_no_doubt() {
    let (app, provider) = app_and_provider().await;
    let cut = Answer::json(200, &json!({"choices": []})).cut_after(5);
    let group = doubtful(&app, &provider, cut).await;
    assert!(group.chat("gpt-4o").try_fetch().await.is_err(), "the client can tell that it was cut");
    assert_eq!(provider.count(), 2);
    app.eventually("the row of the cut answer", async || app.logs("request_type=final").await.pop()).await;
    assert_eq!(key_state(&app, &group, KEY).await, "active 0");
    assert_eq!(key_state(&app, &group, OTHER).await, "active 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_healthy_key_is_lost() {
    let (app, provider) = app_and_provider().await;
    let causes: [(&str, Script); 14] = [
        ("bad-request", Script::fails(Kind::BadRequest)),
        ("unknown-model", Script::fails(Kind::ModelNotFound)),
        ("rate-limit", Script::limited(0)),
        ("server-error", Script::fails(Kind::ServerError)),
        ("overloaded", Script::fails(Kind::Overloaded)),
        ("edge-403", edge::cloudflare(403).into()),
        ("edge-429", edge::cloudflare(429).into()),
        ("reset", Answer::reset().into()),
        ("closed", Answer::close().into()),
        ("half-a-head", Answer::new(200).fault(At::MidHead, Fault::Close).into()),
        ("garbage", Answer::raw("what is this\r\n\r\n").into()),
        ("cut", Answer::json(200, &json!({"choices": []})).cut_after(3).into()),
        ("region", openai::region().into()),
        ("forbidden-for-all", Answer::new(403).into()),
    ];
    for (name, script) in causes {
        let keys = ["first", "second"].map(|what| key_of(name, what));
        for key in &keys {
            provider.on_key(key, Script::first(8, script.clone()));
        }
        let config = json!({"blacklist_threshold": 1, "max_retries": 1});
        let group = app.group(name).upstream(&provider.url()).keys(&keys).config(config).create().await;
        for _ in 0..16 {
            let _ = group.chat("gpt-4o").try_fetch().await;
        }
        for key in &keys {
            assert_eq!(key_state(&app, &group, key).await, "active 0", "{name}");
        }
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_costs_no_key() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(KEY, Script::first(3, Answer::hang()));
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys([KEY]).config(config).create().await;
    for number in 1..=3 {
        let request: Request = group.chat("gpt-4o");
        let mut connection = testkit::http::Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(request.to_bytes()).await.unwrap();
        provider.wait_for(number).await;
        drop(connection);
        provider.wait_client_gone(number).await;
    }
    assert_eq!(key_state(&app, &group, KEY).await, "active 0");
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    let left =
        app.eventually("three rows", async || Some(app.logs("status_code=499").await).filter(|rows| rows.len() == 3));
    for row in left.await {
        assert_eq!(
            (&row["is_success"], &row["request_type"], &row["key_value"]),
            (&json!(false), &json!("final"), &json!(KEY))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_upstream_costs_no_key() {
    let (app, provider) = app_and_provider().await;
    let faults = testkit::FaultProxy::to(provider.addr());
    let config = json!({"blacklist_threshold": 1, "max_retries": 1});
    let group = app.group("g").upstream(&faults.url()).keys([KEY, OTHER]).config(config).create().await;
    faults.refuse().await;
    for _ in 0..10 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 502);
    }
    for key in [KEY, OTHER] {
        assert_eq!(key_state(&app, &group, key).await, "active 0");
    }
    faults.pass().await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200, "recovery is seen by the very next request");
}
