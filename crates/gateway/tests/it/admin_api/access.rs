//! The admin key: where it may stand, what is closed without it, and what guessing costs.

use serde_json::json;
use testkit::app::{AUTH_KEY, App};
use testkit::http::Request;
use tokio::task::JoinSet;

use super::{assert_refused, names};
use crate::support::{BINARY, app_and_provider, builder};

#[tokio::test]
async fn login_tells_whether_a_key_is_the_admin_key() {
    let app = App::start(BINARY).await;
    let login = async |body: &str| {
        let reply = Request::post(&app.url("/api/auth/login")).body(body.to_owned()).fetch().await;
        (reply.status, reply.json())
    };
    let (status, body) = login(&json!({"auth_key": AUTH_KEY}).to_string()).await;
    assert_eq!((status, names(&body), &body["success"]), (200, vec!["success", "message"], &json!(true)));
    for wrong in ["wrong", "", AUTH_KEY.strip_suffix('9').unwrap()] {
        let (status, body) = login(&json!({"auth_key": wrong}).to_string()).await;
        assert_eq!(
            (status, names(&body), &body["success"]),
            (401, vec!["success", "message"], &json!(false)),
            "{wrong}"
        );
    }
    assert_refused(&login("{}").await, 400, "VALIDATION_FAILED", &["auth_key"]);
    assert_refused(&login("auth_key=x").await, 400, "INVALID_JSON", &[]);
}

#[tokio::test]
async fn the_key_may_stand_in_any_of_its_places() {
    let app = App::start(BINARY).await;
    let get = |path: &str| Request::get(&app.url(path));
    let groups = || get("/api/groups");
    let right = [
        ("bearer", groups().bearer(AUTH_KEY)),
        ("bearer in another case", groups().header("authorization", &format!("bearer {AUTH_KEY}"))),
        ("x-api-key", groups().header("X-Api-Key", AUTH_KEY)),
        ("x-goog-api-key", groups().header("X-Goog-Api-Key", AUTH_KEY)),
        ("query", get(&format!("/api/groups?key={AUTH_KEY}"))),
    ];
    for (place, request) in right {
        assert_eq!(request.fetch().await.status, 200, "{place}");
    }
    let wrong = [
        ("none", groups()),
        ("an empty one", groups().bearer("")),
        ("another scheme", groups().basic("admin", AUTH_KEY)),
        ("a longer one", groups().bearer(&format!("{AUTH_KEY}0"))),
    ];
    for (place, request) in wrong {
        let reply = request.fetch().await;
        assert_refused(&(reply.status, reply.json()), 401, "UNAUTHORIZED", &[]);
        assert!(!reply.text().contains(AUTH_KEY), "{place}");
    }
}

#[tokio::test]
async fn everything_but_login_and_health_is_closed() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).proxy_keys("pk-g").create().await;
    app.set(json!({"proxy_keys": "pk-global"})).await;
    let of_group = format!("/api/groups/{}", group.id);
    let closed = [
        ("GET", "/api/backup".to_owned()),
        ("POST", "/api/backup".to_owned()),
        ("GET", "/api/channel-types".to_owned()),
        ("GET", "/api/groups".to_owned()),
        ("GET", "/api/groups/list".to_owned()),
        ("GET", "/api/groups/config-options".to_owned()),
        ("POST", "/api/groups".to_owned()),
        ("PUT", "/api/groups/reorder".to_owned()),
        ("PUT", of_group.clone()),
        ("DELETE", of_group.clone()),
        ("GET", format!("{of_group}/stats")),
        ("GET", format!("{of_group}/sub-groups")),
        ("GET", format!("/api/keys?group_id={}", group.id)),
        ("GET", format!("/api/keys/export?group_id={}", group.id)),
        ("PUT", "/api/keys/1/notes".to_owned()),
        ("POST", "/api/keys/add-multiple".to_owned()),
        ("POST", "/api/keys/delete-multiple".to_owned()),
        ("POST", "/api/keys/restore-multiple".to_owned()),
        ("POST", "/api/keys/test-multiple".to_owned()),
        ("POST", "/api/keys/restore-all-invalid".to_owned()),
        ("POST", "/api/keys/clear-all-invalid".to_owned()),
        ("POST", "/api/keys/clear-all".to_owned()),
        ("GET", "/api/settings".to_owned()),
        ("PUT", "/api/settings".to_owned()),
        ("GET", "/api/logs".to_owned()),
        ("GET", "/api/logs/export".to_owned()),
        ("GET", "/api/dashboard/stats".to_owned()),
        ("GET", "/api/dashboard/chart".to_owned()),
        ("GET", "/api/dashboard/encryption-status".to_owned()),
    ];
    let mut addresses = (0..=u16::MAX).map(|number| format!("203.0.{}.{}", number >> 8, number & 0xff));
    for (method, path) in closed {
        let request = Request::new(method, &app.url(&path)).json(&json!({"group_id": group.id, "keys_text": "sk-1"}));
        // Clients' and providers' keys open nothing here.
        for key in ["", "pk-g", "pk-global", "sk-1"] {
            let request = if key.is_empty() { request.clone() } else { request.clone().header("X-Api-Key", key) };
            // Guesses from one address would be slowed.
            let request = request.header("X-Forwarded-For", &addresses.next().unwrap());
            assert_eq!(request.fetch().await.status, 401, "{method} {path} with {key:?}");
        }
    }
    assert_eq!(app.key(&group, "sk-1").await["status"], "active", "nothing was done");
}

#[tokio::test]
async fn guessing_is_slowed_by_address_and_nobody_else_is() {
    let app = App::start(BINARY).await;
    let ask =
        |key: &str, address: &str| Request::get(&app.url("/api/groups")).bearer(key).header("X-Forwarded-For", address);
    let mut guesses = JoinSet::new();
    for _ in 0..14 {
        let request = ask("wrong", "203.0.113.1");
        guesses.spawn(async move { request.fetch().await.status });
    }
    // Five cost nothing; the fourteenth waits for the longest.
    for _ in 0..5 {
        assert_eq!(guesses.join_next().await.unwrap().unwrap(), 401);
    }
    assert_eq!(ask(AUTH_KEY, "203.0.113.2").fetch().await.status, 200);
    assert_eq!(ask(AUTH_KEY, "203.0.113.1").fetch().await.status, 200, "the right key opens all the same");
    assert!(!guesses.is_empty(), "the guesses are still waiting");
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    app.eventually("a word for the operator", async || app.output().contains("203.0.113.1")).await;
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call_everything() {
    let cors = [
        ("ENABLE_CORS", "true"),
        ("ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("ALLOW_CREDENTIALS", "true"),
    ];
    let app = cors.iter().fold(builder(), |builder, (name, value)| builder.env(name, value)).start().await;
    for path in ["/api/groups", "/health", "/proxy/g/v1/models"] {
        let preflight = Request::new("OPTIONS", &app.url(path)).header("Origin", "https://b.example");
        let preflight = preflight.header("Access-Control-Request-Method", "GET").fetch().await;
        assert_eq!(preflight.status, 204, "{path}");
        let header = |name: &str| preflight.headers.get(name).map(str::to_owned);
        assert_eq!(header("access-control-allow-origin").as_deref(), Some("https://b.example"), "{path}");
        assert_eq!(header("access-control-allow-credentials").as_deref(), Some("true"), "{path}");
        assert!(header("access-control-allow-methods").is_some_and(|methods| methods.contains("DELETE")), "{path}");

        let call = |origin: &str| Request::get(&app.url(path)).header("Origin", origin);
        let allowed = call("https://b.example").fetch().await;
        assert_eq!(allowed.headers.get("access-control-allow-origin"), Some("https://b.example"), "{path}");
        let foreign = call("https://evil.example").fetch().await;
        assert_eq!(foreign.headers.get("access-control-allow-origin"), None, "{path}");
    }
}
