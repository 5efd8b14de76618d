//! What of an answer reaches the caller, and when.

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use upstream::{RequestBody, SendErrorKind};

use crate::kit::{LONG, Server, client, endpoint, get, next, post, settle, text, upload};

fn numbered_headers(count: usize) -> String {
    let headers: Vec<_> = (0..count).map(|at| format!("x-{at}: {at}\r\n")).collect();
    headers.concat()
}

#[tokio::test]
async fn frames_arrive_one_by_one() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        peer
    };
    let (response, mut peer) = tokio::join!(get(&client, &endpoint), script);
    let mut body = response.expect("the head").into_body();
    for word in ["one", "two"] {
        peer.write(&format!("3\r\n{word}\r\n")).await;
        assert_eq!(next(&mut body).await, word);
    }
    peer.write("0\r\nx-sum: 6\r\n\r\n").await;
    let trailers = body.frame().await.expect("a frame").expect("no error").into_trailers().expect("trailers");
    assert_eq!(trailers["x-sum"], "6");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn headers_come_back_repeated_and_in_order() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let many = numbered_headers(90);
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write(&format!("HTTP/1.1 429 Slow\r\nset-cookie: a\r\nx: \u{e9}\r\nSet-Cookie: b\r\n{many}\r\n")).await;
    };
    let (response, ()) = tokio::join!(get(&client, &endpoint), script);
    let response = response.expect("a response");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a", "b"]);
    assert_eq!(response.headers()["x"].as_bytes(), "\u{e9}".as_bytes());
    assert_eq!(response.headers()["x-89"], "89");
    assert_eq!(text(response).await.expect("an empty body"), "");
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_after_what_came() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for framing in ["content-length: 10\r\n\r\npart", "transfer-encoding: chunked\r\n\r\n4\r\npart\r\n"] {
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            peer.write(&format!("HTTP/1.1 200 OK\r\n{framing}")).await;
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let mut body = response.expect("a head").into_body();
        assert_eq!(next(&mut body).await, "part", "{framing}");
        for _ in 0..2 {
            assert!(body.frame().await.expect("not a normal end").is_err(), "{framing}");
        }
        assert_eq!(client.idle_connections(), 0);
    }
}

#[tokio::test]
async fn a_broken_or_endless_head_is_an_error() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let too_many = numbered_headers(101);
    let too_long = format!("x: {}\r\n", "y".repeat(70_000));
    let endless = "x: y\r\n".repeat(20_000);
    let interim = format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(100));
    for head in [
        "nonsense\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: folded\r\n over\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: nul\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: bare\rcr\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx : space\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 099 Too Low\r\n\r\n",
        "HTTP/1.1 20 Short\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "<html>HTTP/0.9 has no head</html>",
        "{\"error\":\"nor has this\"}\n",
        "\0\0\u{12}\u{4}\0\0\0\0\0\0\u{3}\0\0\0d",
        "\u{15}\u{3}\u{3}\0\u{2}\u{2}F",
        &"\r\n".repeat(40_000),
        &interim.repeat(20_000),
        &format!("{interim}nonsense\r\n\r\n"),
        &format!("HTTP/1.1 200 OK\r\n{too_many}\r\n"),
        &format!("HTTP/1.1 200 OK\r\n{too_long}\r\n"),
        &format!("HTTP/1.1 200 OK\r\n{endless}"),
    ] {
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            // The client may close before it has read everything.
            let _ = peer.stream.write_all(head.as_bytes()).await;
            peer
        };
        let (response, peer) = tokio::join!(get(&client, &endpoint), script);
        let name = &head[..head.len().min(60)];
        assert_eq!(response.err().map(|error| error.kind()), Some(SendErrorKind::BrokenHead), "{name}");
        peer.closed().await;
    }
}

#[tokio::test]
async fn an_answer_before_the_request_is_sent_is_delivered_but_ends_the_connection() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    sender.send("part");
    let script = async {
        let mut peer = server.accept().await;
        peer.read_to("part").await;
        peer.write("HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno!").await;
        peer
    };
    let (response, peer) = tokio::join!(post(&client, &endpoint, &body), script);
    let response = response.expect("the early answer");
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(response).await.expect("its body"), "no!");
    peer.closed().await;
    assert_eq!(client.idle_connections(), 0);
    assert!(body.can_replay() && !body.finished(), "the rest of the body is still with the client");
}

#[tokio::test]
async fn an_upgraded_connection_becomes_a_tunnel() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let request = || {
        let request = Request::get("/chat").header("connection", "upgrade").header("upgrade", "websocket");
        request.body(RequestBody::empty()).expect("a request")
    };
    let script = async {
        let mut peer = server.accept().await;
        assert!(peer.head().await.contains("upgrade: websocket\r\n"));
        peer.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello").await;
        peer
    };
    let (response, mut peer) = tokio::join!(client.send(&endpoint, LONG, request), script);
    let response = response.expect("a response");
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    settle().await;
    let mut tunnel = response.into_body().into_upgraded().expect("a tunnel");
    let mut greeting = [0; 5];
    tunnel.read_exact(&mut greeting).await.expect("a greeting");
    assert_eq!(&greeting, b"hello");
    tunnel.write_all(b"ping!").await.expect("an open tunnel");
    assert_eq!(peer.read_to("ping!").await, "ping!");
    assert_eq!(client.idle_connections(), 0);
    drop(tunnel);
    peer.closed().await;
}

#[tokio::test]
async fn an_answer_that_begins_early_goes_along_with_the_rest_of_the_request() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    sender.send("one");
    let script = async {
        let mut peer = server.accept().await;
        peer.read_to("one\r\n").await;
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nONE\r\n").await;
        peer
    };
    let (response, mut peer) = tokio::join!(post(&client, &endpoint, &body), script);
    let mut answer = response.expect("the early answer").into_body();
    assert_eq!(next(&mut answer).await, "ONE");
    sender.send("two");
    let script = async {
        peer.read_to("two\r\n").await;
        peer.write("3\r\nTWO\r\n").await;
    };
    let (second, ()) = tokio::join!(next(&mut answer), script);
    assert_eq!(second, "TWO");
    drop(sender);
    let script = async {
        peer.read_to("0\r\n\r\n").await;
        peer.write("0\r\n\r\n").await;
    };
    let (end, ()) = tokio::join!(answer.frame(), script);
    assert!(end.is_none() && body.finished());
    assert_eq!(client.idle_connections(), 1, "both have ended");
}

#[tokio::test]
async fn protocols_are_not_switched_in_the_middle_of_a_request() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    sender.send("one");
    let request = || Request::post("/x").header("upgrade", "websocket").body(body.attempt()).expect("a request");
    let script = async {
        let mut peer = server.accept().await;
        peer.read_to("one").await;
        peer.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n").await;
        peer
    };
    let (response, peer) = tokio::join!(client.send(&endpoint, LONG, request), script);
    assert_eq!(response.expect_err("no tunnel").kind(), SendErrorKind::BrokenHead);
    peer.closed().await;
}

#[tokio::test]
async fn an_answer_counts_though_its_peer_takes_no_more_of_the_request() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let (sender, body) = upload(100);
    sender.send("part");
    let mut sending = Box::pin(post(&client, &endpoint, &body));
    let script = async {
        let mut peer = server.accept().await;
        peer.read_to("part").await;
        peer
    };
    let peer = tokio::select! {
        _ = &mut sending => unreachable!("nobody has answered"),
        peer = script => peer,
    };
    // All at once, so that the next write meets the reset before anything has been read.
    peer.stream.set_zero_linger().expect("an option");
    let answer = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nno!";
    assert_eq!(peer.stream.try_write(answer).expect("room"), answer.len());
    drop(peer);
    sender.send("more");
    let response = sending.await.expect("the answer");
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(response).await.expect("its body"), "no!");
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn chunks_that_arrive_together_come_as_one_frame() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write(&format!("{head}3\r\none\r\n3;x\r\ntwo\r\n5\r\nth")).await;
        peer
    };
    let (response, mut peer) = tokio::join!(get(&client, &endpoint), script);
    let mut body = response.expect("a head").into_body();
    assert_eq!(next(&mut body).await, "onetwoth");
    peer.write("ree\r\n4\r\nfour\r\n4\r\nfour!").await;
    assert_eq!(next(&mut body).await, "reefourfour");
    for _ in 0..2 {
        let fault = body.frame().await.expect("not a normal end").expect_err("a chunk that is too long");
        assert!(fault.to_string().contains("longer than its size"), "{fault}");
    }
    peer.closed().await;
}

#[tokio::test]
async fn nothing_is_read_that_nobody_asks_for() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    let long = "x".repeat(64 << 20);
    let script = async {
        let mut peer = server.accept().await;
        peer.head().await;
        peer.write(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", long.len())).await;
        peer
    };
    let (response, mut peer) = tokio::join!(get(&client, &endpoint), script);
    let response = response.expect("a head");
    let mut rest = Box::pin(peer.write(&long));
    for _ in 0..50 {
        settle().await;
        assert!(futures_util::poll!(&mut rest).is_pending(), "sockets have no room for all of it");
    }
    let (whole, ()) = tokio::join!(text(response), rest);
    assert!(whole.expect("a whole body") == long);
    assert_eq!(client.idle_connections(), 1);
}
