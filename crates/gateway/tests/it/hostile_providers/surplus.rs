//! Providers that send more than was asked for: no byte of it reaches the next client (response splitting).

use testkit::http::Connection;
use testkit::provider::{Answer, Script, Step};

use super::tried_once;

const EVIL: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nset-cookie: evil=1\r\ncontent-length: 4\r\n\r\nevil";

#[tokio::test]
async fn what_follows_an_answer_reaches_nobody() {
    let (app, provider, group) = tried_once().await;
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nlater",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nlater",
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno",
    ] {
        for surplus in [EVIL, "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "garbage"] {
            // The connection stays open, so that it could serve again.
            let steps = [Step::Send(format!("{answer}{surplus}").into())];
            provider.otherwise(Script::first(1, Answer::steps(steps)).then(Answer::with_body(
                200,
                "text/plain",
                "mine",
            )));
            // Both on one connection, so that they meet the same worker and its connections.
            let connection = Connection::open(&app.addr().to_string()).await.unwrap();
            let (first, connection) =
                connection.request(&group.request("GET", "/v1/x")).await.unwrap().finish().await.unwrap();
            assert!(first.status == answer[9..12].parse::<u16>().unwrap(), "{answer}");
            assert!(["ok", "no", ""].contains(&first.text().as_str()), "{answer}: {}", first.text());
            let (second, _) = connection.request(&group.request("GET", "/v1/x")).await.unwrap().finish().await.unwrap();
            assert_eq!((second.status, second.text().as_str()), (200, "mine"), "{answer}{surplus}");
            assert!(!second.headers.has("set-cookie"), "{answer}{surplus}");
        }
    }
    let connections: Vec<_> = provider.requests().iter().map(|request| request.connection).collect();
    assert!(connections.chunks(2).all(|pair| pair[0] != pair[1]), "not used again: {connections:?}");
}

#[tokio::test]
async fn a_head_request_gets_no_body_whatever_the_provider_sends() {
    let (app, provider, group) = tried_once().await;
    provider.otherwise(Script::first(1, Answer::steps([Step::Send(EVIL.into())])).then(Answer::new(204)));
    let connection = Connection::open(&app.addr().to_string()).await.unwrap();
    let (first, connection) =
        connection.request(&group.request("HEAD", "/v1/x")).await.unwrap().finish().await.unwrap();
    assert_eq!((first.status, first.body.len()), (200, 0));
    let (second, _) = connection.request(&group.request("GET", "/v1/x")).await.unwrap().finish().await.unwrap();
    assert_eq!((second.status, second.body.len()), (204, 0));
}

#[tokio::test]
async fn an_answer_longer_than_it_said_is_not() {
    let (_app, provider, group) = tried_once().await;
    provider.otherwise(Answer::with_body(200, "text/plain", "0123456789").declared_length(4));
    let reply = group.request("GET", "/v1/x").fetch().await;
    assert_eq!((reply.headers.get("content-length"), reply.text().as_str()), (Some("4"), "0123"));
}

#[tokio::test]
async fn an_answer_without_content_says_no_length() {
    let (_app, provider, group) = tried_once().await;
    provider.otherwise(Answer::raw("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n"));
    let reply = group.request("GET", "/v1/x").fetch().await;
    assert_eq!((reply.status, reply.headers.get("content-length")), (204, None), "RFC 9110 8.6");
}
