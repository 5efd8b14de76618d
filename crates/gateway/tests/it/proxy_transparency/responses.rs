//! Answers on their way back to the client.

use testkit::http::Connection;
use testkit::provider::Answer;

use super::{grouped, names, one_key};
use crate::support::app_and_provider;

#[tokio::test]
async fn an_answer_comes_back_as_the_provider_gave_it() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let sent = [
        ("Set-Cookie", "a=1; Path=/"),
        ("X-Request-Id", "req_1"),
        ("Set-Cookie", "b=2"),
        ("Server", "theirs"),
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Content-Type", "text/x; y=\"z\""),
        ("X-Text", "na\u{ef}ve"),
        ("X-Empty", ""),
        ("Vary", "Origin"),
        ("vary", "X-Origin"),
        ("Cache-Control", "private"),
        ("openai-processing-ms", "1"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("Via", "1.1 theirs"),
        ("CF-Ray", "0-FRA"),
        ("Content-Length", "5"),
    ];
    let fields: Vec<_> = sent.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    provider.otherwise(Answer::raw(format!("HTTP/1.1 299 Quite Fine\r\n{}\r\n\0a\u{ff}\n", fields.concat())));
    let response = group.request("GET", "/v1/x").send().await;
    assert_eq!((response.status, response.reason.as_str(), response.version), (299, "Quite Fine", 1));
    let (reply, _) = response.finish().await.unwrap();
    assert_eq!(reply.body, "\0a\u{ff}\n");
    for (name, values) in grouped(&sent) {
        assert_eq!(reply.headers.all(&name), values, "{name}");
    }
    let mut expected: Vec<_> = grouped(&sent).into_iter().map(|(name, _)| name).collect();
    expected.push("x-gpt-load-request-id".to_owned());
    expected.sort();
    assert_eq!(names(&reply.headers), expected);
}

#[tokio::test]
async fn only_a_date_is_added_to_an_answer_without_one() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let reply = group.request("GET", "/v1/x").fetch().await;
    assert_eq!(names(&reply.headers), ["content-length", "date", "x-gpt-load-request-id"]);
}

#[tokio::test]
async fn the_clients_mistakes_are_told_in_the_providers_words() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    for status in [400, 404, 405, 409, 410, 413, 415, 422, 431, 451, 418] {
        let body = format!("{{ \"error\" : {{\"message\":\"no \\u0021 {status}\"}} }}\n");
        provider.otherwise(Answer::with_body(status, "application/json", body.clone()).header("x-why", "theirs"));
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, reply.text(), reply.headers.get("x-why")), (status, body, Some("theirs")));
    }
    assert_eq!(provider.count(), 11, "no such answer is tried again");
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_usable() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.on_path("/204", Answer::new(204).header("x-a", "b"));
    provider.on_path("/304", Answer::new(304).header("etag", "\"x\"").header("content-length", "77"));
    provider.on_path("/empty", Answer::new(200));
    provider.on_path("/length", Answer::with_body(200, "text/plain", "x".repeat(1234)));
    provider.on_path("/chunks", Answer::stream("text/plain", ["x"]));
    provider.on_path("/missing", Answer::with_body(404, "text/plain", "x".repeat(77)));
    let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
    for (method, path, status, length) in [
        ("GET", "/204", 204, None),
        ("GET", "/304", 304, None),
        ("GET", "/empty", 200, Some("0")),
        ("HEAD", "/length", 200, Some("1234")),
        ("HEAD", "/chunks", 200, None),
        ("HEAD", "/missing", 404, Some("77")),
        ("HEAD", "/204", 204, None),
        ("DELETE", "/204", 204, None),
    ] {
        let response = connection.request(&group.request(method, path)).await.unwrap();
        let (reply, next) = response.finish().await.unwrap();
        let seen = (reply.status, reply.headers.get("content-length"), reply.body.len());
        assert_eq!(seen, (status, length, 0), "{method} {path}");
        connection = next;
    }
    let response = connection.request(&group.request("GET", "/length")).await.unwrap();
    assert_eq!(response.finish().await.unwrap().0.body.len(), 1234, "nothing was left on the connection");
}

#[tokio::test]
async fn trailers_come_back() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let answer = Answer::stream("text/plain", ["a", "b"]).header("Trailer", "X-Sum");
    provider.otherwise(answer.trailer("X-Sum", "9"));
    let reply = group.request("GET", "/v1/x").header("TE", "trailers").fetch().await;
    assert_eq!((reply.text().as_str(), reply.trailers.all("x-sum")), ("ab", vec!["9"]));
    assert_eq!(reply.headers.get("trailer"), Some("X-Sum"));
}

#[tokio::test]
async fn what_concerns_the_providers_connection_stays_there() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let answer = Answer::with_body(200, "text/plain", "abc").header("Connection", "keep-alive, X-Theirs");
    let answer = answer.header("Keep-Alive", "timeout=5").header("X-Theirs", "1").header("Proxy-Authenticate", "Basic");
    provider.otherwise(answer.header("X-Ours", "2"));
    let reply = group.request("GET", "/v1/x").fetch().await;
    let expected = ["content-length", "content-type", "date", "x-gpt-load-request-id", "x-ours"];
    assert_eq!(names(&reply.headers), expected);
    assert_eq!(reply.body, "abc");
}

#[tokio::test]
async fn a_compressed_answer_is_not_touched() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let text = "data: {\"choices\":[]}\n\n".repeat(100);
    for (status, kind) in [(200, "application/json"), (200, "text/event-stream"), (400, "application/json")] {
        let answer = Answer::with_body(status, kind, text.clone()).gzip();
        let sent = answer.body_bytes();
        provider.otherwise(answer);
        let reply = group.chat("gpt-4o").header("Accept-Encoding", "gzip").fetch().await;
        assert_eq!((reply.status, reply.body), (status, sent), "{kind}");
        assert_eq!(reply.headers.get("content-encoding"), Some("gzip"), "{kind}");
    }
    // Bytes that only claim to be compressed are none of our business either.
    provider.otherwise(Answer::with_body(200, "application/json", "no brotli").header("content-encoding", "br"));
    assert_eq!(group.chat("gpt-4o").fetch().await.body, "no brotli");
}

#[tokio::test]
async fn heads_before_the_final_one_do_not_disturb_it() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let answer = Answer::with_body(200, "text/plain", "abc").interim(103, &[("link", "</x>; rel=preload")]);
    provider.otherwise(answer.interim(102, &[]));
    let reply = group.request("GET", "/v1/x").fetch().await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "abc"));
    assert!(!reply.headers.has("link"));
}

#[tokio::test]
async fn an_answer_in_http_1_0_comes_back_in_our_version() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::raw("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end"));
    let connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let response = connection.request(&group.request("GET", "/v1/x")).await.unwrap();
    assert_eq!((response.version, response.headers.get("transfer-encoding")), (1, Some("chunked")));
    let (reply, connection) = response.finish().await.unwrap();
    assert_eq!(reply.body, "to the end");
    let again = connection.request(&group.request("GET", "/v1/x")).await.unwrap();
    assert_eq!(again.finish().await.unwrap().0.body, "to the end");
}
