//! Peers that send more than was asked for. It is never the answer to the next request.

use http::{Method, Request};
use tokio::io::AsyncWriteExt;
use upstream::{RequestBody, SendErrorKind};

use crate::kit::{LONG, Server, client, connected, endpoint, get, settle, text};

const EVIL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";

#[tokio::test]
async fn what_follows_an_answer_is_no_answer_to_the_next_request() {
    let server = Server::start().await;
    let endpoint = endpoint(&server.url());
    for (method, answer, body) in [
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok"),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""),
        (Method::GET, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok"),
        (Method::GET, "HTTP/1.1 204 No Content\r\ncontent-length: 57\r\n\r\n", ""),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n", ""),
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 57\r\n\r\n", ""),
    ] {
        for surplus in [EVIL, "e", "\r\n", "HTTP/1.1 100 Continue\r\n\r\n"] {
            let client = client();
            let request = || Request::builder().method(&method).uri("/").body(RequestBody::empty()).expect("a request");
            let script = async {
                let mut peer = server.accept().await;
                peer.head().await;
                peer.write(&format!("{answer}{surplus}")).await;
                peer
            };
            let (response, peer) = tokio::join!(client.send(&endpoint, LONG, request), script);
            assert_eq!(text(response.expect(answer)).await.expect(answer), body, "{answer}{surplus}");
            settle().await;
            // Over a new connection.
            connected(&client, &endpoint, &server).await;
            peer.closed().await;
        }
    }
}

#[tokio::test]
async fn what_comes_unasked_ends_an_idle_connection() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for surplus in [EVIL, "x", "\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"] {
        let mut peer = connected(&client, &endpoint, &server).await;
        peer.write(surplus).await;
        settle().await;
        let script = async {
            server.accept().await.serve("fresh").await;
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        assert_eq!(text(response.expect("a response")).await.expect("a body"), "fresh", "{surplus:?}");
        peer.closed().await;
        settle().await;
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_a_broken_head() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for interim in ["HTTP/1.1 102 Processing\r\n\r\n".to_owned(), {
        format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(60_000))
    }] {
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            while peer.stream.write_all(interim.repeat(10).as_bytes()).await.is_ok() {}
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let error = response.expect_err("no answer");
        assert_eq!(error.kind(), SendErrorKind::BrokenHead, "{error}");
        assert!(error.to_string().contains("without end"), "{error}");
    }
}

#[tokio::test]
async fn a_long_body_is_no_long_head() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let body = "x".repeat(8 << 20);
    for _ in 0..3 {
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            peer.write(&format!("HTTP/1.1 200 OK\r\n\r\n{body}")).await;
        };
        let (whole, ()) = tokio::join!(
            async { text(get(&client, &endpoint).await.expect("a response")).await.expect("a whole body") },
            script
        );
        assert_eq!(whole.len(), body.len());
    }
}
