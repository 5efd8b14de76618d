//! Outbound proxies, played by the tests.

use rustls::RootCertStore;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use upstream::{Proxies, SendErrorKind};

use crate::{
    kit::{Peer, Server, client, client_trusting, endpoint_by, get, limits, round_trip, text},
    secure::Pki,
};

const TUNNEL_HEAD: &str = "CONNECT up.example:443 HTTP/1.1\r\nhost: up.example:443\r\n";

fn by(proxy: &str) -> Proxies {
    Proxies::parse(proxy).expect("a proxy")
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_a_plain_or_an_encrypted_proxy() {
    let (target, proxy) = (Pki::for_names(&["up.example"]), Pki::for_names(&["localhost"]));
    let mut roots = RootCertStore::empty();
    roots.roots.extend(target.roots.roots.iter().chain(&proxy.roots.roots).cloned());
    let (server, client) = (Server::start().await, client_trusting(roots));
    let head = format!("{TUNNEL_HEAD}proxy-authorization: Basic dTpw\r\n\r\n");

    let plain = endpoint_by("https://up.example", by(&format!("http://u:p@127.0.0.1:{}", server.port())), limits());
    let script = async {
        let mut peer = server.accept().await;
        assert_eq!(peer.head().await, head);
        peer.write("HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n").await;
        let mut peer = target.accept(peer).await.expect("a handshake");
        let request = peer.serve("tunnelled").await;
        assert_eq!(request, "GET /x HTTP/1.1\r\nhost: up.example\r\n\r\n", "the upstream sees no login");
        peer
    };
    let (response, mut peer) = tokio::join!(get(&client, &plain), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "tunnelled");
    round_trip(&client, &plain, &mut peer).await;

    let encrypted =
        endpoint_by("https://up.example", by(&format!("https://u:p@localhost:{}", server.port())), limits());
    let script = async {
        let mut peer = proxy.accept(server.accept().await).await.expect("a handshake");
        assert_eq!(peer.head().await, head);
        peer.write("HTTP/1.0 200 OK\r\n\r\n").await;
        target.accept(peer).await.expect("a handshake").serve("twice encrypted").await;
    };
    let (response, ()) = tokio::join!(get(&client, &encrypted), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "twice encrypted");
}

#[tokio::test]
async fn http_is_forwarded_with_the_whole_url_and_a_login_each_time() {
    let (server, client) = (Server::start().await, client());
    let proxy = format!("http://u:p@127.0.0.1:{}", server.port());
    let endpoint = endpoint_by("http://up.example:8080/base", by(&proxy), limits());
    let script = async {
        let mut peer = server.accept().await;
        (peer.serve("forwarded").await, peer)
    };
    let (response, (head, mut peer)) = tokio::join!(get(&client, &endpoint), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "forwarded");
    let expected =
        "GET http://up.example:8080/x HTTP/1.1\r\nhost: up.example:8080\r\nproxy-authorization: Basic dTpw\r\n\r\n";
    assert_eq!(head, expected);
    assert_eq!(round_trip(&client, &endpoint, &mut peer).await, expected);
}

#[tokio::test]
async fn a_proxy_that_makes_no_tunnel_is_named_without_its_login() {
    let (server, client) = (Server::start().await, client());
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    for (answer, reason) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 9\r\n\r\ngo away!\n",
            "other credentials (407)",
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "status 403"),
        ("SSH-2.0-OpenSSH\r\n", "no HTTP"),
        ("HTTP/1.1 200 OK", "closed the connection"),
        ("", "closed the connection"),
        ("HTTP/1.1 200 OK\r\n\r\nearly", "before the tunnel"),
        (&long, "too long"),
    ] {
        let proxy = format!("http://user:hunter2@127.0.0.1:{}", server.port());
        let endpoint = endpoint_by("https://up.example", by(&proxy), limits());
        let script = async {
            let mut peer = server.accept().await;
            peer.head().await;
            let _ = peer.stream.write_all(answer.as_bytes()).await;
            let _ = peer.stream.shutdown().await;
            peer.closed().await;
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let error = response.expect_err(reason);
        let text = error.to_string();
        assert_eq!(error.kind(), SendErrorKind::Proxy, "{text}");
        let named = format!("outbound proxy failed: http://127.0.0.1:{}: ", server.port());
        assert!(text.starts_with(&named) && text.contains(reason), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("user"), "{text}");
    }
    let absent = Server::refusing().await;
    let error = get(&client, &endpoint_by("http://up.example", by(&absent), limits())).await.expect_err("no proxy");
    assert_eq!(error.kind(), SendErrorKind::Proxy, "{error}");
}

async fn exact<S: AsyncRead + AsyncWrite + Unpin>(peer: &mut Peer<S>, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    peer.stream.read_exact(&mut bytes).await.expect("more bytes");
    bytes
}

#[tokio::test]
async fn socks5_connects_to_names_and_addresses_with_and_without_a_login() {
    let (server, client) = (Server::start().await, client());
    let name = [&b"\x05\x01\x00\x03\x0aup.example"[..], &8080_u16.to_be_bytes()].concat();
    let ipv6 = [b"\x05\x01\x00\x04", &[0; 15][..], &[1], &80_u16.to_be_bytes()].concat();
    let ipv4 = b"\x05\x01\x00\x01\x0a\x01\x02\x03\x00\x50".to_vec();
    for (scheme, login, url, request, reply) in [
        ("socks5h", "", "http://up.example:8080", &name, &b"\x05\x00\x00\x01\0\0\0\0\0\0"[..]),
        ("socks5", "us%65r:p%40ss@", "http://up.example:8080", &name, b"\x05\x00\x00\x03\x02ab\0\0"),
        ("socks5", "", "http://[::1]", &ipv6, b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("socks5", "", "http://10.1.2.3", &ipv4, b"\x05\x00\x00\x01\0\0\0\0\0\0"),
    ] {
        let proxy = format!("{scheme}://{login}127.0.0.1:{}", server.port());
        let endpoint = endpoint_by(url, by(&proxy), limits());
        let script = async {
            let mut peer = server.accept().await;
            if login.is_empty() {
                assert_eq!(exact(&mut peer, 3).await, b"\x05\x01\x00");
                peer.stream.write_all(b"\x05\x00").await.expect("an open connection");
            } else {
                assert_eq!(exact(&mut peer, 4).await, b"\x05\x02\x00\x02");
                peer.stream.write_all(b"\x05\x02").await.expect("an open connection");
                assert_eq!(exact(&mut peer, 11).await, b"\x01\x04user\x04p@ss");
                peer.stream.write_all(b"\x01\x00").await.expect("an open connection");
            }
            assert_eq!(&exact(&mut peer, request.len()).await, request, "{url}");
            peer.stream.write_all(reply).await.expect("an open connection");
            assert!(peer.serve("ok").await.starts_with("GET /x HTTP/1.1\r\n"), "{url}");
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        assert_eq!(text(response.expect(url)).await.expect(url), "ok");
    }
}

#[tokio::test]
async fn a_socks5_proxy_that_refuses_says_why() {
    let (server, client) = (Server::start().await, client());
    for (answers, reason) in [
        (&[&b"\x05\xff"[..]][..], "login of another kind"),
        (&[b"HT"], "no SOCKS5"),
        (&[b"\x05\x02", b"\x01\x01"], "refused user and password"),
        (&[b"\x05\x00", b"\x05\x05\x00\x01\0\0\0\0\0\0"], "connection refused"),
        (&[b"\x05\x00", b"\x05\x02\x00\x01\0\0\0\0\0\0"], "not allowed by its rules"),
        (&[b"\x05\x00", b"\x05\x63\x00\x01\0\0\0\0\0\0"], "unknown reason"),
        (&[b"\x05\x00", b"\x04\x00\x00\x01\0\0\0\0\0\0"], "no SOCKS5"),
        (&[b"\x05\x00", b"\x05\x00\x00\x09\0\0\0\0\0\0"], "no SOCKS5"),
        (&[], "early eof"),
    ] {
        let proxy = format!("socks5://user:hunter2@127.0.0.1:{}", server.port());
        let endpoint = endpoint_by("http://up.example", by(&proxy), limits());
        let script = async {
            let mut peer = server.accept().await;
            for answer in answers {
                let mut question = Vec::with_capacity(512);
                assert_ne!(peer.stream.read_buf(&mut question).await.expect("a question"), 0);
                peer.stream.write_all(answer).await.expect("an open connection");
            }
            let _ = peer.stream.shutdown().await;
            peer.closed().await;
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let error = response.expect_err(reason);
        let text = error.to_string();
        assert_eq!(error.kind(), SendErrorKind::Proxy, "{text}");
        assert!(text.contains(reason) && !text.contains("hunter2"), "{reason}: {text}");
    }
}
