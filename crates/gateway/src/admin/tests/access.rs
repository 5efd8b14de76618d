//! Who may call what, and what is nothing.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use super::kit::{AUTH_KEY, Api, Reply, failure};

fn request(method: &str, uri: &str) -> http::request::Builder {
    Request::builder().method(method).uri(uri)
}

/// Every call that needs the key.
const CLOSED: [(&str, &str); 34] = [
    ("GET", "/api/backup"),
    ("POST", "/api/backup"),
    ("GET", "/api/channel-types"),
    ("GET", "/api/groups"),
    ("POST", "/api/groups"),
    ("GET", "/api/groups/list"),
    ("GET", "/api/groups/config-options"),
    ("PUT", "/api/groups/reorder"),
    ("PUT", "/api/groups/1"),
    ("DELETE", "/api/groups/1"),
    ("GET", "/api/groups/1/stats"),
    ("GET", "/api/groups/1/sub-groups"),
    ("POST", "/api/groups/1/sub-groups"),
    ("PUT", "/api/groups/1/sub-groups/2/weight"),
    ("DELETE", "/api/groups/1/sub-groups/2"),
    ("GET", "/api/groups/1/parent-aggregate-groups"),
    ("GET", "/api/keys"),
    ("HEAD", "/api/keys"),
    ("GET", "/api/keys/export"),
    ("PUT", "/api/keys/1/notes"),
    ("POST", "/api/keys/add-multiple"),
    ("POST", "/api/keys/delete-multiple"),
    ("POST", "/api/keys/restore-multiple"),
    ("POST", "/api/keys/test-multiple"),
    ("POST", "/api/keys/restore-all-invalid"),
    ("POST", "/api/keys/clear-all-invalid"),
    ("POST", "/api/keys/clear-all"),
    ("GET", "/api/settings"),
    ("PUT", "/api/settings"),
    ("GET", "/api/logs"),
    ("GET", "/api/keys?key="),
    ("GET", "/api/keys?key=wrong"),
    ("GET", "/api/groups/?group_id=1"),
    ("GET", "/api/nothing"),
];

#[tokio::test]
async fn without_the_key_nothing_is_done_or_told() {
    let api = Api::new().await;
    for (method, path) in CLOSED {
        let status = api.send(request(method, path).body(Body::from("{}")).unwrap()).await.status;
        let expected = match path {
            "/api/nothing" => 404,
            "/api/groups/?group_id=1" => 301,
            _ => 401,
        };
        assert_eq!(status, expected, "{method} {path}");
    }
    let refused = api.send(request("GET", "/api/groups").body(Body::empty()).unwrap()).await;
    assert_eq!(refused.code(), failure(401, "UNAUTHORIZED"));
}

#[tokio::test]
async fn the_key_is_taken_wherever_clients_put_it() {
    let api = Api::new().await;
    let bearer = format!("Bearer {AUTH_KEY}");
    let places = [("authorization", bearer.as_str()), ("x-api-key", AUTH_KEY), ("x-goog-api-key", AUTH_KEY)];
    for (name, value) in places {
        let reply = api.send(request("GET", "/api/groups").header(name, value).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.data(), json!([]), "{name}");
    }
    let in_query = format!("/api/groups?key={AUTH_KEY}");
    assert_eq!(api.send(request("GET", &in_query).body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn login_tells_whether_a_key_is_right_and_needs_no_content_type() {
    let api = Api::new().await;
    let login = async |body: String| api.send(request("POST", "/api/auth/login").body(Body::from(body)).unwrap()).await;
    let right = login(json!({"auth_key": AUTH_KEY}).to_string()).await;
    assert_eq!((right.status, &right.json()["success"]), (200, &json!(true)));
    let wrong = login(json!({"auth_key": "sk-other"}).to_string()).await;
    assert_eq!((wrong.status, &wrong.json()["success"]), (401, &json!(false)));
    assert!(wrong.json()["message"].is_string() && wrong.json().get("code").is_none());
    assert_eq!(login("auth_key=x".to_owned()).await.code(), failure(400, "INVALID_JSON"));
    assert_eq!(login("{}".to_owned()).await.code(), failure(400, "VALIDATION_FAILED"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found() {
    let api = Api::new().await;
    for (method, path) in [("GET", "/api"), ("GET", "/api/nothing"), ("PATCH", "/api/auth/login"), ("GET", "/proxy")] {
        let reply = api.call(method, path, Body::empty()).await;
        assert_eq!((reply.status, reply.json()), (404, json!({"error": "Not Found"})), "{method} {path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_redirects_to_the_path_without_it() {
    let api = Api::new().await;
    for (method, status) in [(Method::GET, 301), (Method::POST, 307), (Method::PUT, 307)] {
        let reply = api.call(method.as_str(), "/api/groups/?a=b&c", Body::empty()).await;
        assert_eq!((reply.status, reply.header("location")), (status, "/api/groups?a=b&c"), "{method}");
    }
    assert_eq!(api.get("/health/").await.header("location"), "/health");
}

#[tokio::test]
async fn other_paths_show_browsers_a_page() {
    let api = Api::new().await;
    for path in ["/", "/login", "/apis"] {
        let reply = api.send(request("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").starts_with("text/html") && reply.text.contains("GPT-Load"), "{path}");
    }
    assert_eq!(api.call("POST", "/", Body::empty()).await.status, 404);
}

#[tokio::test]
async fn health_needs_no_key() {
    let api = Api::new().await;
    let get = async |path| api.send(request("GET", path).body(Body::empty()).unwrap()).await;
    let health = get("/health").await.json();
    assert_eq!(health["status"], "healthy");
    assert!(health["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(health["uptime"].is_string());
    let head = api.send(request("HEAD", "/health").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(get("/health/live").await.status, 200);
    assert_eq!(get("/health/ready").await.status, 200);

    api.state.draining.cancel();
    let ready = get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["reasons"]), (503, &json!(["draining"])));
    api.state.db.close().await;
    api.state.outages.look().await;
    let ready = get("/health/ready").await.json();
    assert_eq!((&ready["reasons"], &ready["degraded"]), (&json!(["draining"]), &json!(["database"])));
    assert_eq!(get("/health/live").await.status, 200);
}

#[tokio::test]
async fn what_needs_a_database_that_is_away_is_refused_at_once() {
    let api = Api::new().await;
    api.state.db.close().await;
    let error = |reply: &Reply| (reply.status, reply.error().1, reply.header("retry-after").to_owned());
    let away = (503, "DATABASE_ERROR".to_owned(), "5".to_owned());
    let tried = api.get("/api/groups").await;
    assert_eq!(error(&tried), away);
    assert!(tried.error().2.contains("not available"), "{}", tried.text);
    api.state.outages.look().await;
    for path in ["/api/groups", "/api/settings", "/api/logs", "/api/keys?group_id=1", "/api/dashboard/stats"] {
        let refused = api.get(path).await;
        assert_eq!(error(&refused), away, "{path}");
        assert!(refused.error().2.contains("the database is away"), "{path}: {}", refused.text);
    }
    for path in ["/api/about", "/api/tasks/status", "/api/channel-types", "/api/groups/config-options"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn answers_are_not_to_be_cached() {
    let api = Api::new().await;
    assert_eq!(api.get("/api/groups").await.header("cache-control"), "no-store");
    assert_eq!(api.get("/api/nothing").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn long_bodies_are_refused_but_for_lists_of_keys() {
    let api = Api::new().await;
    let long = json!({"group_id": 1, "keys_text": " ".repeat(2 << 20)});
    assert_eq!(api.post("/api/groups", long.clone()).await.code(), failure(400, "BAD_REQUEST"));
    assert_eq!(api.post("/api/keys/add-multiple", long).await.code(), failure(404, "NOT_FOUND"));
}

#[tokio::test]
async fn channel_types_are_listed() {
    let types: Value = Api::new().await.get("/api/channel-types").await.data();
    assert_eq!(types, json!(["openai", "openai-response", "gemini", "anthropic"]));
}
