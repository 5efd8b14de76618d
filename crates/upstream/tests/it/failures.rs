//! Attempts that get no answer: what kind of failure it was, and what its text says.

use std::time::Duration;

use http::Request;
use tokio::{io::AsyncWriteExt, time};
use upstream::{Limits, Patience, Proxies, RequestBody, SendErrorKind};

use crate::kit::{LONG, Server, client, endpoint, endpoint_by, get, limits};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn nobody_there() {
    let no_such_name = format!("http://{}.invalid/", "x".repeat(64));
    for (url, kind, words) in [
        (no_such_name, SendErrorKind::Dns, "name resolution failed: xxx"),
        (Server::refusing().await, SendErrorKind::Connect, "connection failed: 127.0.0.1:"),
    ] {
        let error = get(&client(), &endpoint(&url)).await.expect_err("no answer");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(words) && !error.is_timeout(), "{error}");
    }
}

#[tokio::test]
async fn the_connect_timeout_covers_proxy_and_tls() {
    let silent = Server::start().await;
    let port = silent.port();
    for (url, proxy) in [
        (format!("https://127.0.0.1:{port}"), None),
        ("https://up.example".to_owned(), Some(format!("http://127.0.0.1:{port}"))),
        ("http://up.example".to_owned(), Some(format!("socks5://127.0.0.1:{port}"))),
        ("http://up.example".to_owned(), Some(format!("https://127.0.0.1:{port}"))),
    ] {
        let proxies = proxy.map(|url| Proxies::parse(&url).expect("a proxy")).unwrap_or_default();
        let endpoint = endpoint_by(&url, proxies, Limits { connect_timeout: SHORT, ..limits() });
        let error = get(&client(), &endpoint).await.expect_err("no answer");
        assert_eq!(error.kind(), SendErrorKind::ConnectTimeout, "{error}");
        assert!(error.is_timeout() && error.to_string().ends_with("after 100ms"), "{error}");
    }
}

#[tokio::test]
async fn whoever_has_less_patience_does_not_wait_for_the_connect_timeout() {
    let silent = Server::start().await;
    let endpoint = endpoint(&format!("https://127.0.0.1:{}", silent.port()));
    let request = || Request::get("/").body(RequestBody::empty()).expect("a request");
    let patience = Patience { head: LONG, until: Some(time::Instant::now() + SHORT) };
    let response = time::timeout(LONG / 2, client().send(&endpoint, patience, request)).await;
    let error = response.expect("an end of it").expect_err("no answer");
    assert_eq!(error.kind(), SendErrorKind::ConnectTimeout, "{error}");
}

#[tokio::test]
async fn the_head_timeout_ends_silence_and_interim_answers_without_end() {
    let (server, client) = (Server::start().await, client());
    let endpoint = endpoint(&server.url());
    for interim in [false, true] {
        let request = || Request::get("/").body(RequestBody::empty()).expect("a request");
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            while interim && peer.stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {
                time::sleep(Duration::from_millis(1)).await;
            }
            peer
        };
        let (response, peer) = tokio::join!(client.send(&endpoint, SHORT, request), script);
        let error = response.expect_err("no answer");
        assert_eq!(error.kind(), SendErrorKind::HeadTimeout, "{error}");
        assert!(error.is_timeout() && error.to_string().ends_with("sent none for 100ms"), "{error}");
        peer.closed().await;
    }
}
