//! Which connection a request goes over, and what becomes of it afterwards.

use std::{cell::Cell, sync::Arc};

use bytes::Bytes;
use http::{Method, Request};
use tokio::{runtime::Handle, sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;
use upstream::{Client, RequestBody, SendErrorKind, tls_config};

use crate::kit::{LONG, Server, client, connected, endpoint, get, next, post, round_trip, settle, text, until, upload};

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let mut peer = connected(&client, &endpoint, &server).await;
    for _ in 0..3 {
        assert_eq!(client.idle_connections(), 1);
        let head = round_trip(&client, &endpoint, &mut peer).await;
        assert_eq!(head, format!("GET /x HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", server.port()));
    }
    client.close();
    peer.closed().await;
}

#[tokio::test]
async fn every_complete_answer_leaves_the_connection_usable() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let mut peer = connected(&client, &endpoint, &server).await;
    for (method, answer, body) in [
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n", ""),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", ""),
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", ""),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok"),
        (Method::GET, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok"),
        (Method::GET, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-t: 1\r\n\r\n", "ok"),
        (Method::GET, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n", ""),
    ] {
        let request = || Request::builder().method(&method).uri("/").body(RequestBody::empty()).expect("a request");
        let script = async {
            peer.head().await;
            peer.write(answer).await;
        };
        let (response, ()) = tokio::join!(client.send(&endpoint, LONG, request), script);
        assert_eq!(text(response.expect(answer)).await.expect(answer), body, "{answer}");
        assert_eq!(client.idle_connections(), 1, "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_the_connection_does_not() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for (answer, closes) in [
        ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\n\r\nok", true),
        ("HTTP/1.1 200 OK\r\n\r\nok", true),
    ] {
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            peer.write(answer).await;
            (!closes).then_some(peer)
        };
        let (response, peer) = tokio::join!(get(&client, &endpoint), script);
        assert_eq!(text(response.expect(answer)).await.expect(answer), "ok", "{answer}");
        assert_eq!(client.idle_connections(), 0, "{answer}");
        if let Some(peer) = peer {
            peer.closed().await;
        }
    }
}

#[tokio::test]
async fn a_reused_connection_that_closes_unanswered_is_replaced_once() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let mut old = connected(&client, &endpoint, &server).await;
    let made = Cell::new(0);
    let request = || {
        made.set(made.get() + 1);
        Request::post("/x").body(RequestBody::full(Bytes::from_static(b"body"))).expect("a request")
    };
    let script = async {
        assert!(old.read_to("body").await.contains("content-length: 4"));
        drop(old);
        let mut fresh = server.accept().await;
        assert!(fresh.read_to("body").await.contains("content-length: 4"));
        fresh.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfresh").await;
        fresh
    };
    let (response, mut fresh) = tokio::join!(client.send(&endpoint, LONG, request), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "fresh");
    assert_eq!(made.get(), 2);

    made.set(0);
    let script = async {
        fresh.read_to("body").await;
        drop(fresh);
        server.accept().await.read_to("body").await;
    };
    let (response, ()) = tokio::join!(client.send(&endpoint, LONG, request), script);
    assert_eq!(response.expect_err("the fresh one closed too").kind(), SendErrorKind::Reset);
    assert_eq!(made.get(), 2, "no third connection");

    made.set(0);
    let script = async { server.accept().await.read_to("body").await };
    let (response, _) = tokio::join!(client.send(&endpoint, LONG, request), script);
    assert_eq!(response.expect_err("a first connection is not replaced").kind(), SendErrorKind::Reset);
    assert_eq!(made.get(), 1);
}

#[tokio::test]
async fn a_connection_that_said_anything_is_not_replaced() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for word in ["H", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nx: "] {
        let mut peer = connected(&client, &endpoint, &server).await;
        let script = async {
            peer.head().await;
            peer.write(word).await;
            drop(peer);
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        assert_eq!(response.expect_err(word).kind(), SendErrorKind::BrokenHead, "{word}");
    }
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_passed_over() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for last_words in ["", "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"] {
        let mut peer = connected(&client, &endpoint, &server).await;
        peer.write(last_words).await;
        drop(peer);
        settle().await;
        let mut peer = connected(&client, &endpoint, &server).await;
        round_trip(&client, &endpoint, &mut peer).await;
        drop(peer);
    }
}

#[tokio::test]
async fn a_streamed_body_is_sent_again_as_long_as_it_is_kept() {
    for (limit, replaced) in [(100, true), (3, false)] {
        let (server, client) = (Server::start().await, client());
        let endpoint = endpoint(&server.url());
        let mut old = connected(&client, &endpoint, &server).await;
        let (sender, body) = upload(limit);
        sender.send("first");
        let script = async {
            assert!(old.read_to("first\r\n").await.contains("transfer-encoding: chunked"));
            drop(old);
            if replaced {
                let mut fresh = server.accept().await;
                fresh.read_to("first\r\n").await;
                sender.send("second");
                drop(sender);
                assert!(fresh.read_to("0\r\n\r\n").await.contains("second"));
                fresh.write("HTTP/1.1 204 No Content\r\n\r\n").await;
            }
        };
        let (response, ()) = tokio::join!(post(&client, &endpoint, &body), script);
        match response {
            Ok(_) => assert!(replaced, "the body was not kept"),
            Err(error) => assert!(!replaced && error.kind() == SendErrorKind::Reset, "{error}"),
        }
    }
}

#[tokio::test]
async fn giving_up_closes_the_connection_at_once() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());

    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer
    };
    let peer = tokio::select! {
        _ = get(&client, &endpoint) => unreachable!("nobody answers"),
        peer = script => peer,
    };
    peer.closed().await;

    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin").await;
        peer
    };
    let (response, peer) = tokio::join!(get(&client, &endpoint), script);
    let mut body = response.expect("a response").into_body();
    assert_eq!(next(&mut body).await, "begin");
    drop(body);
    peer.closed().await;
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn closing_lets_running_responses_end_and_no_task_stays() {
    let (server, tasks) = (Server::start().await, TaskTracker::new());
    let client = Client::new(tls_config().expect("a configuration"), tasks.clone(), Handle::current());
    let endpoint = endpoint(&server.url());
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nbegin ").await;
        peer
    };
    let (response, mut peer) = tokio::join!(get(&client, &endpoint), script);
    client.close();
    peer.write("ok").await;
    assert_eq!(text(response.expect("a response")).await.expect("a whole body"), "begin ok");
    peer.closed().await;
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn giving_up_an_upload_nobody_reads_closes_the_connection_too() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    for _ in 0..64 {
        sender.send(chunk.clone());
    }
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer
    };
    let peer = tokio::select! {
        _ = post(&client, &endpoint, &body) => unreachable!("nobody answers"),
        peer = script => peer,
    };
    drop(body);
    until("the upload is let go", || sender.is_abandoned()).await;
    peer.closed().await;
}

#[tokio::test]
async fn a_client_without_a_socket_gets_that_of_anothers_idle_connection() {
    let (server, sockets) = (Server::start().await, Arc::new(Semaphore::new(1)));
    let (rich, poor) = (client().within(Arc::clone(&sockets)), client().within(sockets));
    let endpoint = endpoint(&server.url());
    let idle = connected(&rich, &endpoint, &server).await;
    let script = async { server.accept().await.serve("here").await };
    let exchange = async { tokio::join!(get(&poor, &endpoint), script).0 };
    let response = timeout(LONG / 2, exchange).await.expect("a socket before connecting has taken too long");
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "here");
    assert_eq!(rich.idle_connections(), 0);
    idle.closed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_of_a_multi_thread_runtime_share_a_client() {
    let (server, client, tasks) = (Server::start().await, client(), TaskTracker::new());
    let endpoint = endpoint(&server.url());
    let serving = tasks.spawn({
        let tasks = tasks.clone();
        async move {
            loop {
                let mut peer = server.accept().await;
                tasks.spawn(async move {
                    while peer.stream.peek(&mut [0]).await.is_ok_and(|read| read > 0) {
                        peer.serve("answer").await;
                    }
                });
            }
        }
    });
    let requests = (0..8).map(|_| {
        let (client, endpoint) = (client.clone(), endpoint.clone());
        tasks.spawn(async move {
            for _ in 0..50 {
                let response = get(&client, &endpoint).await.expect("a response");
                assert_eq!(text(response).await.expect("a body"), "answer");
            }
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.expect("no panic");
    }
    client.close();
    serving.abort();
}
