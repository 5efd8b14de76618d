//! Clients that are slow to send or to read.

use serde_json::json;
use testkit::app::App;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider};

use super::kind_of;
use crate::support::{BINARY, builder};

async fn impatient() -> (App, MockProvider) {
    let app = builder().env("SERVER_READ_TIMEOUT", "1").start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    (app, MockProvider::start())
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_ends_the_connection() {
    let (app, provider) = impatient().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for start in ["G", "GET /proxy/g/v1/models HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(start).await.unwrap();
        let end = connection.read_to_end().await;
        assert!(end.is_ok_and(|answer| answer.is_empty() || answer.starts_with(b"HTTP/1.1 408")), "{start}");
    }
    // So does the head of a second request.
    let connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let (_, mut connection) =
        connection.request(&group.request("GET", "/v1/models")).await.unwrap().finish().await.unwrap();
    connection.write("GET /pro").await.unwrap();
    assert!(connection.read_to_end().await.is_ok_and(|answer| !answer.starts_with(b"HTTP/1.1 2")));
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_refused_and_nobody_else_blamed() {
    let (app, provider) = impatient().await;
    let long = format!("{{\"model\":\"m\",\"x\":\"{}", "y".repeat(600_000));
    for (channel, sent, length, kind) in [
        ("openai", "{\"mod", 20, "invalid_request_error"),
        ("anthropic", long.as_str(), 2_000_000, "invalid_request_error"),
        ("gemini", long.as_str(), 2_000_000, "INVALID_ARGUMENT"),
    ] {
        let group = app.group(channel).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let head = group.request("POST", "/v1/x").header("Content-Length", &length.to_string());
        connection.write(head.to_bytes()).await.unwrap();
        connection.write(sent).await.unwrap();
        let (reply, _) = connection.response("POST").await.unwrap().finish().await.unwrap();
        assert_eq!((reply.status, kind_of(channel, &reply, "BAD_REQUEST").as_str()), (408, kind), "{channel}");
        let row = app.eventually("a row", async || app.logs(&format!("group_name={channel}")).await.pop()).await;
        assert_eq!(row["status_code"], 408);
        assert_eq!(app.key(&group, "sk-1").await["failure_count"], 0);
    }
}

#[tokio::test]
async fn time_that_a_client_takes_over_its_body_is_not_held_against_the_upstream() {
    let app = builder().env("SERVER_READ_TIMEOUT", "3").start().await;
    app.set(json!({"request_log_write_interval_minutes": 0, "response_header_timeout": 1})).await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let head = group.request("POST", "/v1/x").header("Content-Length", "2000000");
    connection.write(head.to_bytes()).await.unwrap();
    connection.write(format!("{{\"model\":\"m\",\"x\":\"{}", "y".repeat(600_000))).await.unwrap();
    assert_eq!(connection.response("POST").await.unwrap().status, 408);
    let rows = app.eventually("a row", async || Some(app.logs("").await).filter(|rows| !rows.is_empty())).await;
    assert_eq!((rows.len(), &rows[0]["status_code"]), (1, &json!(408)), "{rows:?}");
}

#[tokio::test]
async fn a_body_that_takes_longer_than_the_request_may_ejects_no_upstream() {
    let (app, provider) = (App::start(BINARY).await, MockProvider::start());
    let config = json!({"request_timeout": 1, "max_retries": 0});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    let head = group.request("POST", "/v1/x").header("Content-Length", "2000000").to_bytes();
    let body = format!("{{\"model\":\"m\",\"x\":\"{}", "y".repeat(600_000));
    let slow = async || {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(&head).await.unwrap();
        connection.write(&body).await.unwrap();
        assert_eq!(connection.response("POST").await.unwrap().status, 408);
    };
    futures_util::future::join_all((0..20).map(|_| slow())).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let app = builder().env("SERVER_IDLE_TIMEOUT", "1").env("SERVER_READ_TIMEOUT", "1").start().await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let pause = std::time::Duration::from_millis(1500);
    provider.otherwise(Answer::stream("text/event-stream", ["data: 1\n\n", "data: 2\n\n"]).every(pause));
    let connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let response = connection.request(&group.chat_stream("gpt-4o")).await.unwrap();
    let (reply, mut connection) = response.finish().await.unwrap();
    assert_eq!(reply.text(), "data: 1\n\ndata: 2\n\n");
    assert!(connection.read_to_end().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let app = builder().env("SERVER_WRITE_TIMEOUT", "1").start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let provider = MockProvider::start();
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::with_body(200, "application/octet-stream", vec![0; 64 << 20]));
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(group.request("GET", "/v1/x").to_bytes()).await.unwrap();
    provider.wait_client_gone(1).await;
    let row = app.eventually("a row", async || app.logs("").await.pop()).await;
    assert_eq!((&row["status_code"], &row["is_success"]), (&499.into(), &false.into()));
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
}

#[tokio::test]
async fn a_body_for_the_admin_api_that_stops_coming_is_refused_too() {
    let (app, _) = impatient().await;
    for path in ["/api/auth/login", "/api/groups", "/api/keys/add-multiple"] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let request = app.api().request("POST", path).header("Content-Length", "100").to_bytes();
        connection.write(&request).await.unwrap();
        connection.write("{\"auth_key\":").await.unwrap();
        let reply = connection.response("POST").await.unwrap().finish().await.unwrap().0;
        assert!(matches!(reply.status, 400 | 401), "{path}: {}", reply.text());
    }
}
