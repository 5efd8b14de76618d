//! Pages of other origins.

use testkit::app::App;
use testkit::http::Request;
use testkit::provider::{Answer, MockProvider};

use crate::support::{app_and_provider, builder};

const OURS: &str = "https://console.example";

fn preflight(app: &App, origin: &str) -> Request {
    let request = Request::new("OPTIONS", &app.url("/proxy/g/v1/chat/completions")).header("Origin", origin);
    request.header("Access-Control-Request-Method", "POST").header("Access-Control-Request-Headers", "authorization")
}

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_needs_no_key() {
    let app = builder().env("ENABLE_CORS", "true").env("ALLOWED_ORIGINS", &format!("https://a.example, {OURS}"));
    let app = app.env("ALLOWED_METHODS", "GET,POST").env("ALLOWED_HEADERS", "authorization,content-type");
    let app = app.env("ALLOW_CREDENTIALS", "true").start().await;
    let provider = MockProvider::start();
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let reply = preflight(&app, OURS).fetch().await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    for (name, value) in [
        ("access-control-allow-origin", OURS),
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "authorization, content-type"),
        ("access-control-allow-credentials", "true"),
        ("vary", "origin"),
    ] {
        assert_eq!(reply.headers.get(name), Some(value), "{name}");
    }
    let reply = preflight(&app, "https://evil.example").fetch().await;
    assert_eq!((reply.status, reply.headers.get("access-control-allow-origin")), (401, None));
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn answers_and_refusals_may_be_read_by_allowed_origins_only() {
    let app = builder().env("ENABLE_CORS", "true").env("ALLOWED_ORIGINS", OURS).start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.on_path("/theirs", Answer::new(200).header("Access-Control-Allow-Origin", "*").header("Vary", "Accept"));
    let unknown = app.proxied("GET", "nobody", "/v1/models", "pk-g");
    for (request, status) in [
        (group.chat("gpt-4o"), 200),
        (group.chat_stream("gpt-4o"), 200),
        (group.request("GET", "/theirs"), 200),
        (app.proxied("GET", "g", "/v1/models", "wrong"), 401),
        (unknown, 404),
        (Request::get(&app.url("/api/groups")), 401),
        (Request::get(&app.url("/health")), 200),
    ] {
        let reply = request.clone().header("Origin", OURS).fetch().await;
        assert_eq!((reply.status, reply.headers.all("access-control-allow-origin")), (status, vec![OURS]));
        assert!(reply.headers.has_token("vary", "origin") && !reply.headers.has("access-control-allow-credentials"));
    }
    let reply = group.chat("gpt-4o").header("Origin", "https://evil.example").fetch().await;
    assert_eq!((reply.status, reply.headers.get("access-control-allow-origin")), (200, None));
    assert!(group.chat("gpt-4o").fetch().await.headers.get("access-control-allow-origin").is_none());
    assert_eq!(provider.last_request().header("origin"), None);
}

#[tokio::test]
async fn any_origin_may_be_allowed() {
    let app = builder().env("ENABLE_CORS", "true").env("ALLOWED_ORIGINS", "*").start().await;
    let reply = preflight(&app, "https://anywhere.example").fetch().await;
    let origin = reply.headers.get("access-control-allow-origin").unwrap();
    assert!(reply.status == 204 && (origin == "*" || origin == "https://anywhere.example"), "{origin}");
}

#[tokio::test]
async fn without_cors_a_preflight_is_a_request_like_any_other() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204).header("Access-Control-Allow-Origin", "https://theirs.example"));
    assert_eq!(preflight(&app, OURS).fetch().await.status, 401);
    let reply = preflight(&app, OURS).bearer("pk-g").fetch().await;
    let allowed = reply.headers.get("access-control-allow-origin");
    assert_eq!((reply.status, allowed), (204, Some("https://theirs.example")));
    let got = provider.last_request();
    assert_eq!((got.method.as_str(), got.header("origin")), ("OPTIONS", Some(OURS)));
}
