//! Unknown groups, wrong keys, too many requests.

use serde_json::json;
use testkit::app::AUTH_KEY;
use testkit::gate::Gate;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider};

use super::{SHAPES, kind_of};
use crate::support::{app_and_provider, builder};

#[tokio::test]
async fn an_unknown_group_is_not_found() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for path in ["/proxy/nobody/v1/models", "/proxy//v1/models", "/proxy/G/v1/models", "/proxy/g%20/v1/models"] {
        let reply = Request::get(&app.url(path)).bearer("pk-g").fetch().await;
        assert_eq!(
            (reply.status, kind_of("openai", &reply, "NOT_FOUND").as_str()),
            (404, "invalid_request_error"),
            "{path}"
        );
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_each_providers_shape() {
    let (app, provider) = app_and_provider().await;
    for (channel, _) in SHAPES {
        let group = app.group(channel).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        let wanted = if channel == "gemini" { "UNAUTHENTICATED" } else { "authentication_error" };
        for request in [
            app.proxied("POST", channel, "/v1/x", "wrong"),
            app.proxied("POST", channel, "/v1/x", &format!("{}x", group.proxy_key())),
            app.proxied("POST", channel, "/v1/x", "sk-1"),
            Request::post(&app.url(&format!("/proxy/{channel}/v1/x"))),
        ] {
            let sent = format!("{request:?}");
            let reply = request.clone().body("{}").fetch().await;
            assert_eq!((reply.status, kind_of(channel, &reply, "UNAUTHORIZED").as_str()), (401, wanted), "{sent}");
        }
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_groups_own_keys_open_that_group_and_global_ones_open_all() {
    let (app, provider) = app_and_provider().await;
    app.group("one").upstream(&provider.url()).keys(["sk-1"]).proxy_keys("pk-1, pk-shared").create().await;
    app.group("two").upstream(&provider.url()).keys(["sk-2"]).proxy_keys("pk-2,pk-shared").create().await;
    app.set(json!({"proxy_keys": "global-1, global-2"})).await;
    for (group, key, status) in [
        ("one", "pk-1", 200),
        ("one", "pk-shared", 200),
        ("one", "pk-2", 401),
        ("two", "pk-2", 200),
        ("two", "pk-shared", 200),
        ("two", "pk-1", 401),
        ("one", "global-1", 200),
        ("two", "global-2", 200),
        ("one", "global-1, global-2", 401),
        ("one", AUTH_KEY, 401),
    ] {
        let reply = app.proxied("GET", group, "/v1/models", key).fetch().await;
        assert_eq!(reply.status, status, "{key} for {group}");
    }
}

#[tokio::test]
async fn more_requests_at_once_than_configured_are_refused_but_not_the_consoles() {
    let app = builder().env("MAX_CONCURRENT_REQUESTS", "2").start().await;
    let provider = MockProvider::start();
    let gate = Gate::default();
    provider.on_path("/held", Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let mut groups = Vec::new();
    for (channel, _) in SHAPES {
        groups.push(app.group(channel).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await);
    }
    let held = [groups[0].request("GET", "/held").send().await, groups[1].request("GET", "/held").send().await];
    for group in &groups {
        let reply = group.request("GET", "/v1/models").fetch().await;
        let kind = kind_of(&group.name, &reply, "TOO_MANY_REQUESTS");
        let wanted = match group.name.as_str() {
            "gemini" => "UNAVAILABLE",
            "anthropic" => "overloaded_error",
            _ => "server_error",
        };
        assert_eq!((reply.status, kind.as_str(), reply.headers.get("retry-after")), (503, wanted, Some("1")));
    }
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    assert_eq!(app.api().get("/api/groups").await.0, 200);
    assert_eq!(app.proxied("GET", "openai", "/v1/models", "wrong").fetch().await.status, 401);
    gate.open();
    for response in held {
        assert_eq!(response.finish().await.unwrap().0.text(), "data: 1\n\ndata: 2\n\n");
    }
    // Room again, once the last byte has been taken.
    let free = async || groups[0].request("GET", "/v1/models").fetch().await.status == 200;
    app.eventually("room for a request", free).await;
}

#[tokio::test]
async fn requests_for_both_planes_may_share_a_connection() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let admin = app.api();
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    for (request, status, text) in [
        (group.chat("gpt-4o"), 200, "Hello"),
        (admin.request("GET", "/api/groups"), 200, "\"name\":\"g\""),
        (group.chat_stream("gpt-4o"), 200, "[DONE]"),
        (Request::get(&app.url("/health")), 200, "healthy"),
        (Request::get(&app.url("/api/groups")), 401, "UNAUTHORIZED"),
        (group.request("POST", "/v1/chat/completions").chunked(["{\"model\":", "\"m\"}"]), 200, "Hello"),
        (admin.request("PUT", "/api/settings").json(&json!({"max_retries": 1})), 200, "\"code\":0"),
        (app.proxied("GET", "g", "/v1/models", "wrong"), 401, "UNAUTHORIZED"),
        (group.request("GET", "/v1/models"), 200, "gpt-4o"),
    ] {
        let (reply, next) = connection.request(&request).await.unwrap().finish().await.unwrap();
        assert_eq!(reply.status, status, "{request:?}");
        assert!(reply.text().contains(text), "{request:?}: {}", reply.text());
        connection = next;
    }
}
