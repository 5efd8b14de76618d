//! Request bodies on the wire.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Mutex};
use upstream::{Budget, Keep, Replay, RequestBody, SendErrorKind, SourceFailure};

use crate::kit::{LONG, Peer, Server, client, endpoint, post, upload};

#[tokio::test]
async fn an_upload_flows_as_it_comes_with_its_trailers() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    let request = || Request::post("/x").header("trailer", "x-sum").body(body.attempt()).expect("a request");
    let script = async {
        let mut peer = server.accept().await;
        assert!(peer.head().await.contains("transfer-encoding: chunked"));
        for word in ["one", "two"] {
            sender.send(word);
            assert_eq!(peer.read_to("\r\n").await, "3\r\n");
            assert_eq!(peer.read_to("\r\n").await, format!("{word}\r\n"));
        }
        sender.send_trailer("x-sum", 6);
        drop(sender);
        assert_eq!(peer.read_to("\r\n\r\n").await, "0\r\nx-sum: 6\r\n\r\n");
        peer.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        peer
    };
    let (response, _peer) = tokio::join!(client.send(&endpoint, LONG, request), script);
    response.expect("a response");
    assert_eq!(client.idle_connections(), 1);
    assert!(body.finished());
}

#[tokio::test]
async fn a_body_in_memory_has_its_length_and_goes_out_with_the_head() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let request = || {
        let body = RequestBody::full(Bytes::from_static(b"{}"));
        Request::post("/v1?a=b").version(http::Version::HTTP_10).body(body).expect("a request")
    };
    let script = async {
        let mut peer = server.accept().await;
        let port = server.port();
        let expected = format!("POST /v1?a=b HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 2\r\n\r\n{{}}");
        assert_eq!(peer.read_to("{}").await, expected);
        peer.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    };
    let (response, ()) = tokio::join!(client.send(&endpoint, LONG, request), script);
    response.expect("a response");
}

#[tokio::test]
async fn the_next_attempt_sends_the_whole_body_and_the_rest_of_the_upload() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    sender.send("begin ");
    let script = async {
        let mut first = server.accept().await;
        first.read_to("begin ").await;
        first.write("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n").await;
        first
    };
    let (response, first) = tokio::join!(post(&client, &endpoint, &body), script);
    assert_eq!(response.expect("an answer").status(), 500);
    first.closed().await;

    let script = async {
        let mut second = server.accept().await;
        second.read_to("begin ").await;
        sender.send("end");
        drop(sender);
        second.read_to("end\r\n0\r\n\r\n").await;
        second.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    };
    let (response, ()) = tokio::join!(post(&client, &endpoint, &body), script);
    assert_eq!(response.expect("an answer").status(), 200);
    assert!(body.finished() && body.can_replay());
}

/// Sends `bytes` to a hyper server that passes the body on; how that failed.
async fn relayed(bytes: &[u8], closes: bool) -> (SendErrorKind, Option<SourceFailure>) {
    let (front, back, client) = (Server::start().await, Server::start().await, client());
    let endpoint = endpoint(&back.url());
    let outcome = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        let (client, endpoint, outcome) = (client.clone(), endpoint.clone(), outcome.clone());
        async move {
            let keep = Keep { limit_bytes: 100, reservation: Budget::new(100).reserve(0).expect("budget") };
            let body = Replay::new(Bytes::new(), request.into_body(), keep, LONG);
            let error = post(&client, &endpoint, &body).await.expect_err("a failure");
            *outcome.lock().await = Some((error.kind(), body.source_failure()));
            Ok::<_, Infallible>(Response::new(RequestBody::empty()))
        }
    });
    let serve = async {
        let io = TokioIo::new(front.accept().await.stream);
        hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
    };
    let upstream = async { back.accept().await.closed().await };
    let send = async {
        let mut stream = TcpStream::connect(("127.0.0.1", front.port())).await.expect("a connection");
        stream.write_all(bytes).await.expect("an open connection");
        if !closes {
            Peer::new(stream).closed().await;
        }
    };
    let _ = tokio::join!(serve, upstream, send);
    let outcome = outcome.lock().await.take();
    outcome.expect("an outcome")
}

#[tokio::test]
async fn a_client_that_fails_is_told_from_an_upstream_that_fails() {
    let head = "POST / HTTP/1.1\r\nhost: x\r\n";
    for (body, closes, failure) in [
        ("content-length: 10\r\n\r\npart", true, SourceFailure::Gone),
        ("transfer-encoding: chunked\r\n\r\n4\r\npart\r\n", true, SourceFailure::Gone),
        ("transfer-encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n", false, SourceFailure::Malformed),
    ] {
        let outcome = relayed(format!("{head}{body}").as_bytes(), closes).await;
        assert_eq!(outcome, (SendErrorKind::ClientBody(failure), Some(failure)), "{body}");
    }
}
