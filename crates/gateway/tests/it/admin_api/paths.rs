//! Paths that are no endpoint, health, and how answers look whatever they say.

use serde_json::json;
use testkit::app::App;
use testkit::http::Request;

use super::{assert_refused, names};
use crate::support::{BINARY, app_and_provider};

#[tokio::test]
async fn unknown_paths_are_told_apart_from_pages() {
    let app = App::start(BINARY).await;
    for (method, path) in [
        ("GET", "/api/nosuch"),
        ("POST", "/api/nosuch"),
        ("GET", "/api"),
        ("DELETE", "/api/settings"),
        ("PATCH", "/api/groups"),
        ("GET", "/health/nosuch"),
    ] {
        let reply = Request::new(method, &app.url(path)).bearer(testkit::app::AUTH_KEY).fetch().await;
        assert_eq!((reply.status, reply.json()), (404, json!({"error": "Not Found"})), "{method} {path}");
    }
    for path in ["/", "/keys", "/anything/else", "/apix"] {
        let page = Request::get(&app.url(path)).fetch().await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.headers.get("content-type").unwrap().starts_with("text/html"), "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_is_redirected() {
    let app = App::start(BINARY).await;
    for (method, path, status, target) in [
        ("GET", "/api/groups/", 301, "/api/groups"),
        ("GET", "/health/", 301, "/health"),
        ("GET", "/api/logs/?page=2&model=a%20b", 301, "/api/logs?page=2&model=a%20b"),
        ("POST", "/api/keys/add-multiple/", 307, "/api/keys/add-multiple"),
    ] {
        let reply = app.api().request(method, path).fetch().await;
        assert_eq!((reply.status, reply.headers.get("location")), (status, Some(target)), "{method} {path}");
    }
}

#[tokio::test]
async fn health_needs_no_key() {
    let app = App::start(BINARY).await;
    let health = Request::get(&app.url("/health")).fetch().await.json();
    assert_eq!((names(&health), &health["status"]), (vec!["status", "timestamp", "uptime"], &json!("healthy")));
    assert!(health["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{health}");
    let head = Request::new("HEAD", &app.url("/health")).fetch().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for (path, expected) in [
        ("/health/live", json!({"status": "live"})),
        ("/health/ready", json!({"status": "ready", "reasons": [], "degraded": []})),
    ] {
        let reply = Request::get(&app.url(path)).fetch().await;
        assert_eq!((reply.status, reply.json()), (200, expected), "{path}");
    }
}

#[tokio::test]
async fn answers_have_their_envelope_and_are_kept_nowhere() {
    let app = App::start(BINARY).await;
    let reply = app.api().request("GET", "/api/channel-types").fetch().await;
    assert_eq!(reply.headers.get("content-type"), Some("application/json"));
    assert_eq!(reply.headers.get("cache-control"), Some("no-store"));
    let body = reply.json();
    assert_eq!((names(&body), &body["code"]), (vec!["code", "message", "data"], &json!(0)));
    assert_eq!(body["data"], json!(["openai", "openai-response", "gemini", "anthropic"]));
    let (status, done) = app.api().put("/api/settings", &json!({})).await;
    assert_eq!((status, names(&done)), (200, vec!["code", "message"]), "no data, no field");
}

#[tokio::test]
async fn bodies_are_json_whatever_their_type() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let text = json!({"group_id": group.id, "keys_text": "sk-1"}).to_string();
    for content_type in
        [None, Some("application/x-www-form-urlencoded"), Some("text/plain; charset=latin1"), Some("nonsense")]
    {
        let request = app.api().request("POST", "/api/keys/add-multiple").body(text.clone());
        let request = content_type.into_iter().fold(request, |request, value| request.header("Content-Type", value));
        let reply = request.fetch().await;
        assert_eq!(reply.status, 200, "{content_type:?}: {}", reply.text());
    }
    let add = async |body: &str| {
        let reply = app.api().request("POST", "/api/keys/add-multiple").body(body.to_owned()).fetch().await;
        (reply.status, reply.json())
    };
    for body in ["", "{", "group_id=1", "[]", "null", "{\"group_id\":1}x"] {
        assert_refused(&add(body).await, 400, "INVALID_JSON", &[]);
    }
    for (body, word) in [
        (r#"{"group_id":"1","keys_text":"sk"}"#, "group_id"),
        (r#"{"keys_text":"sk"}"#, "group_id"),
        (r#"{"group_id":1,"keys_text":["sk"]}"#, "keys_text"),
    ] {
        assert_refused(&add(body).await, 400, "VALIDATION_FAILED", &[word]);
    }
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(2 << 20));
    let reply = app.api().request("POST", "/api/groups").body(huge).fetch().await;
    assert_refused(&(reply.status, reply.json()), 400, "BAD_REQUEST", &[]);
}
