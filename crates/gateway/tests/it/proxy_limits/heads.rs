//! Heads that are too large, or that another server could read in another way than we do.

use testkit::http::Connection;
use testkit::provider::Answer;

use crate::support::app_and_provider;

/// What a body would be if its end were read in another way.
const SMUGGLED: &str = "GET /proxy/g/v1/models HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n";

#[tokio::test]
async fn heads_up_to_64_kib_pass_and_larger_ones_are_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let long = "x".repeat(60_000);
    assert_eq!(group.request("GET", "/v1/models").header("X-Long", &long).fetch().await.status, 200);
    assert_eq!(provider.last_request().header("x-long"), Some(long.as_str()));
    let many = |count: usize| {
        (0..count).fold(group.request("GET", "/v1/models"), |request, at| request.header(&format!("x-{at}"), "1"))
    };
    assert_eq!(many(90).fetch().await.status, 200);
    let too_long = group.request("GET", "/v1/models").header("X-Long", &"x".repeat(70_000));
    for request in [too_long, many(150), many(10_000)] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        // It may be refused, and the connection closed, before all of it is sent.
        let _ = connection.write(request.to_bytes()).await;
        assert_eq!(connection.response("GET").await.unwrap().status, 431);
    }
    assert_eq!(provider.count(), 2);
}

#[tokio::test]
async fn longer_targets_than_16_kib_are_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204));
    for (bytes, status) in [(16_000, 204), (17_000, 414)] {
        let target = format!("/v1/x?{}", "y".repeat(bytes));
        assert_eq!(group.request("GET", &target).fetch().await.status, status, "{bytes}");
    }
    assert_eq!(provider.count(), 1);
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let (get, post) = ("GET /proxy/g/v1/models", "POST /proxy/g/v1/chat/completions");
    for (line, headers, body) in [
        (post, "Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        (post, "Host: h\r\nTransfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        (post, "Host: h\r\nTransfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        (post, "Host: h\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        (post, "Host: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n", "{} "),
        (post, "Host: h\r\nContent-Length: +2\r\n", "{}"),
        (post, "Host: h\r\nContent-Length: 0x2\r\n", "{}"),
        (post, "Host: h\r\nTransfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        (post, "Host: h\r\nTransfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"),
        (post, "Host: h\r\nTransfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        (get, "Host: h\r\nHost: i\r\n", ""),
        (get, "X: no host\r\n", ""),
        (get, "Host: h\r\nX: folded\r\n over\r\n", ""),
        (get, "Host: h\r\nX: nul\0\r\n", ""),
        (get, "Host: h\r\nX : space\r\n", ""),
        ("G@T /proxy/g/v1/models", "Host: h\r\n", ""),
    ] {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let request = format!("{line} HTTP/1.1\r\nx-api-key: pk-g\r\n{headers}\r\n{body}");
        connection.write(request).await.unwrap();
        // The connection may already be closed.
        let _ = connection.write(SMUGGLED).await;
        let answers = connection.read_to_end().await.unwrap();
        let answers = String::from_utf8_lossy(&answers);
        assert!(answers.starts_with("HTTP/1.1 400 "), "{line} {headers:?} {body:?}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{line} {headers:?} {body:?}: {answers}");
        assert!(!answers.contains("req_mock"), "{line} {headers:?} {body:?} is the provider's answer: {answers}");
    }
}

#[tokio::test]
async fn chunks_count_where_a_length_is_told_too_and_the_connection_ends() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204));
    for framing in
        ["Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"]
    {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let head = format!("POST /proxy/g/v1/x HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n{framing}\r\n");
        connection.write(format!("{head}2\r\nab\r\n0\r\n\r\n{SMUGGLED}")).await.unwrap();
        let answers = connection.read_to_end().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answers).matches("HTTP/1.1 204").count(), 1, "{framing}");
        let got = provider.last_request();
        assert_eq!((got.method.as_str(), got.text().as_str(), got.header("content-length")), ("POST", "ab", None));
    }
    assert_eq!(provider.count(), 2);
}
