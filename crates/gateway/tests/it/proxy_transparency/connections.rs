//! Old clients, reused connections, and clients that ask before they send.

use testkit::http::Connection;
use testkit::provider::{Answer, Script};

use super::one_key;
use crate::support::app_and_provider;

#[tokio::test]
async fn a_client_of_http_1_0_gets_a_plain_body_and_the_end_of_the_connection() {
    let (app, provider) = app_and_provider().await;
    one_key(&app, &provider, "g").await;
    provider.on_path("/stream", Answer::stream("text/plain", ["one ", "two"]));
    provider.on_path("/echo", Script::from_fn(|call| Answer::with_body(200, "text/plain", call.request.body.clone())));
    for (request, body) in [
        ("GET /proxy/g/stream HTTP/1.0\r\nx-api-key: pk-g\r\n\r\n", "one two"),
        ("POST /proxy/g/echo HTTP/1.0\r\nx-api-key: pk-g\r\nContent-Length: 3\r\n\r\nabc", "abc"),
    ] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(request).await.unwrap();
        let answer = String::from_utf8(connection.read_to_end().await.unwrap().to_vec()).unwrap();
        let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200 OK\r\n") && !head.contains("chunked"), "{head}");
        assert_eq!(rest, body);
        assert_eq!(provider.last_request().version, 1, "we speak HTTP/1.1 to the provider");
    }
}

#[tokio::test]
async fn connections_are_reused_on_both_sides() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.on_path("/stream", Answer::stream("text/event-stream", ["data: 1\n\n", "data: 2\n\n"]));
    provider.on_path("/missing", Answer::with_body(404, "text/plain", "no"));
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let requests = [
        group.chat("gpt-4o"),
        group.request("GET", "/stream"),
        group.request("GET", "/missing"),
        group.request("POST", "/stream").chunked(["a", "b"]),
        group.chat("gpt-4o"),
    ];
    for request in &requests {
        let (_, next) = connection.request(request).await.unwrap().finish().await.unwrap();
        connection = next;
    }
    assert_eq!((provider.count(), provider.connections()), (5, 1));
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_turn() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Script::from_fn(|call| Answer::with_body(200, "text/plain", call.request.target.clone())));
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    for path in ["/1", "/2", "/3"] {
        connection.write(group.request("POST", path).body("x").to_bytes()).await.unwrap();
    }
    for path in ["/1", "/2", "/3"] {
        let (reply, next) = connection.response("POST").await.unwrap().finish().await.unwrap();
        assert_eq!(reply.text(), path);
        connection = next;
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    let request = group.request("POST", "/v1/files").header("Expect", "100-continue").body("a body").to_bytes();
    let (head, body) = request.split_at(request.len() - "a body".len());
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(head).await.unwrap();
    assert_eq!(connection.read().await.unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    connection.write(body).await.unwrap();
    assert_eq!(connection.response("POST").await.unwrap().status, 204);
    let got = provider.last_request();
    assert_eq!((got.text().as_str(), got.header("expect")), ("a body", None));
}

#[tokio::test]
async fn a_client_that_asks_first_and_is_refused_sends_nothing() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let request = group.request("POST", "/v1/files").header("x-api-key", "pk-g");
    let request = request.header("Expect", "100-continue").header("Content-Length", "6");
    let refused = app.proxied("POST", "g", "/v1/files", "wrong").header("Expect", "100-continue");
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(refused.header("Content-Length", "6").to_bytes()).await.unwrap();
    let response = connection.response("POST").await.unwrap();
    assert_eq!((response.status, response.interim.len()), (401, 0));
    // The same request with a good key is asked to go on.
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(request.to_bytes()).await.unwrap();
    assert_eq!(connection.read().await.unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(provider.count(), 0);
}
