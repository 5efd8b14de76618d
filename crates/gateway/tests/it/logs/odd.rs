//! Requests that a database could choke on: each is stored, and none holds up the others.

use serde_json::json;
use testkit::http::Connection;

use super::entries;
use crate::support::app_and_provider;

#[tokio::test]
async fn odd_requests_are_stored_beside_ordinary_ones() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"enable_request_body_logging": true});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    let post = |path: &str| group.request("POST", path);
    let chat = || post("/v1/chat/completions");
    let long = |unit: &str| unit.repeat(600 / unit.chars().count());
    let odd = [
        ("NUL in the model", chat().body(r#"{"model":"a\u0000b"}"#)),
        ("half a surrogate in the model", chat().body(r#"{"model":"a\ud83d"}"#)),
        ("a model that is no UTF-8", chat().body(&b"{\"model\":\"a\xff\xfe\"}"[..])),
        ("a long model that ends in the middle of an emoji", chat().json(&json!({"model": long("😀")}))),
        ("a quote and a backslash", chat().json(&json!({"model": r"';DROP TABLE request_logs;--\"}))),
        ("a body that is no UTF-8", chat().body(&b"\xff\xfe\0\0{"[..])),
        ("a body of NULs", chat().body(vec![0; 70_000])),
        ("a long user agent", chat().header("User-Agent", &long("agent-😀")).json(&json!({"model": "m"}))),
        ("a long path", post(&format!("/v1/{}", long("path/"))).json(&json!({"model": "m"}))),
        ("an emoji where the path is cut", post(&format!("/{}", long("😀"))).json(&json!({"model": "m"}))),
        ("escapes in the path", post("/v1/%00%ff/%F0%9F%98").json(&json!({"model": "m"}))),
    ];
    let count = odd.len() + 1;
    for (what, request) in &odd {
        let reply = request.fetch().await;
        assert!(reply.headers.has("x-gpt-load-request-id"), "{what}: {} {}", reply.status, reply.text());
    }
    assert_eq!(group.chat("ordinary").fetch().await.status, 200);
    let rows = entries(&app, count, "").await;
    assert_eq!(rows[0]["model"], "ordinary");
    for row in &rows {
        for (field, limit) in [("model", 255), ("request_path", 500), ("user_agent", 512), ("upstream_addr", 500)] {
            let text = row[field].as_str().unwrap();
            assert!(text.chars().count() <= limit && !text.contains('\0'), "{field} of {row}");
        }
    }
    assert_eq!(rows.iter().filter(|row| row["model"] == "a\u{fffd}b").count(), 1, "NUL is replaced");
    assert!(!app.output().contains("refuses a log row"), "{}", app.output());
}

#[tokio::test]
async fn a_path_that_is_no_utf8_is_refused_and_harms_nobody() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for target in [&b"/proxy/g/v1/\xff\xfe"[..], b"/proxy/g/\xf0\x9f\x98", b"/proxy/\xff/v1"] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let head = [b"GET ", target, b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer pk-g\r\n\r\n"].concat();
        connection.write(head).await.unwrap();
        assert_eq!(connection.response("GET").await.unwrap().status, 400);
    }
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let agent =
        b"GET /proxy/g/v1/models HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\xfe\r\nAuthorization: Bearer pk-g\r\n\r\n";
    connection.write(&agent[..]).await.unwrap();
    assert_eq!(connection.response("GET").await.unwrap().status, 200);
    assert_eq!(group.chat("ordinary").fetch().await.status, 200);
    assert_eq!(entries(&app, 2, "").await[0]["model"], "ordinary");
}
