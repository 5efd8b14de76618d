//! TLS towards the upstream, with certificates made for the test.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use upstream::{RequestBody, SendErrorKind};

use crate::kit::{LONG, Peer, Server, client_trusting, endpoint, get, round_trip, settle, text};

/// A certificate authority and a server whose certificate it signed.
pub(crate) struct Pki {
    pub(crate) roots: RootCertStore,
    acceptor: TlsAcceptor,
}

impl Pki {
    /// For a server known by `names`, which may be addresses.
    pub(crate) fn for_names(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let mut roots = RootCertStore::empty();
        roots.add(params.self_signed(&key).expect("a certificate").der().clone()).expect("a root");
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().expect("a key");
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).expect("names");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate").der().clone();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
            .expect("a usable certificate");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { roots, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub(crate) async fn accept<S>(&self, peer: Peer<S>) -> std::io::Result<Peer<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(peer.stream).await.map(Peer::new)
    }
}

#[tokio::test]
async fn requests_go_over_tls_with_the_name_or_address_checked() {
    let pki = Pki::for_names(&["localhost", "127.0.0.1"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    for (host, sni) in [("localhost", Some("localhost")), ("127.0.0.1", None)] {
        let endpoint = endpoint(&format!("https://{host}:{}", server.port()));
        let script = async {
            let mut peer = pki.accept(server.accept().await).await.expect("a handshake");
            peer.serve("first").await;
            peer
        };
        let (response, mut peer) = tokio::join!(get(&client, &endpoint), script);
        assert_eq!(text(response.expect("a response")).await.expect("a body"), "first");
        let (_, tls) = peer.stream.get_ref();
        assert_eq!(tls.server_name(), sni);
        assert_eq!(tls.alpn_protocol(), Some(&b"http/1.1"[..]));
        round_trip(&client, &endpoint, &mut peer).await;
    }
}

#[tokio::test]
async fn sessions_are_resumed() {
    let pki = Pki::for_names(&["localhost"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    let endpoint = endpoint(&format!("https://localhost:{}", server.port()));
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let script = async {
            let mut peer = pki.accept(server.accept().await).await.expect("a handshake");
            peer.head().await;
            peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
            peer.stream.get_ref().1.handshake_kind()
        };
        let (response, kind) = tokio::join!(get(&client, &endpoint), script);
        response.expect("a response");
        assert_eq!(kind, Some(expected));
    }
}

#[tokio::test]
async fn a_wrong_certificate_or_no_tls_is_a_tls_failure() {
    let pki = Pki::for_names(&["localhost"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    let stranger = Pki::for_names(&["localhost"]);
    let cases = [("localhost", Some(&stranger)), ("127.0.0.1", Some(&pki)), ("localhost", None)];
    for (host, acceptor) in cases {
        let endpoint = endpoint(&format!("https://{host}:{}", server.port()));
        let script = async {
            let mut peer = server.accept().await;
            match acceptor {
                Some(pki) => drop(pki.accept(peer).await),
                None => peer.write("HTTP/1.1 400 Bad Request\r\n\r\n").await,
            }
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let error = response.expect_err("no trust");
        assert_eq!(error.kind(), SendErrorKind::Tls, "{error}");
        assert!(error.to_string().starts_with(&format!("TLS handshake failed: {host}: ")), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_without_a_goodbye_was_cut() {
    let pki = Pki::for_names(&["localhost"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    let endpoint = endpoint(&format!("https://localhost:{}", server.port()));
    for goodbye in [true, false] {
        let script = async {
            let mut peer = pki.accept(server.accept().await).await.expect("a handshake");
            peer.head().await;
            peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\npart").await;
            if goodbye {
                peer.stream.shutdown().await.expect("an open connection");
            }
        };
        let (response, ()) = tokio::join!(get(&client, &endpoint), script);
        let body = text(response.expect("a head")).await;
        assert_eq!(body.is_ok(), goodbye, "only a whole body may end normally");
    }
}

#[tokio::test]
async fn long_bodies_pass_both_ways() {
    let pki = Pki::for_names(&["localhost"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    let endpoint = endpoint(&format!("https://localhost:{}", server.port()));
    let long = (0..1 << 18).map(|at| format!("{at:08x}")).collect::<Vec<_>>().concat();
    let chunk = |data: &[u8]| format!("{:x}\r\n{}\r\n", data.len(), String::from_utf8_lossy(data));
    let chunks = long.as_bytes().chunks(100_001).map(chunk).collect::<Vec<_>>().concat();
    let by_length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{long}", long.len());
    let by_chunks = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let mut peer = None;
    for answer in [by_length, by_chunks] {
        let body = || RequestBody::full(Bytes::from(long.clone()));
        let request = || Request::post("/x").body(body()).expect("a request");
        let script = async {
            let mut peer = match peer.take() {
                Some(peer) => peer,
                None => pki.accept(server.accept().await).await.expect("a handshake"),
            };
            peer.head().await;
            assert!(peer.read_to(&long[long.len() - 8..]).await == long);
            peer.write(&answer).await;
            peer
        };
        let exchange = async { text(client.send(&endpoint, LONG, request).await.expect("a head")).await };
        let (whole, script) = tokio::join!(exchange, script);
        assert!(whole.expect("a whole body") == long);
        assert_eq!(client.idle_connections(), 1);
        peer = Some(script);
    }
}

#[tokio::test]
async fn an_idle_connection_that_said_goodbye_is_passed_over() {
    let pki = Pki::for_names(&["localhost"]);
    let (server, client) = (Server::start().await, client_trusting(pki.roots.clone()));
    let endpoint = endpoint(&format!("https://localhost:{}", server.port()));
    let fresh = async || pki.accept(server.accept().await).await.expect("a handshake");
    let script = async {
        let mut peer = fresh().await;
        peer.serve("first").await;
        peer.stream.shutdown().await.expect("an open connection");
        peer
    };
    let (response, closed) = tokio::join!(get(&client, &endpoint), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "first");
    settle().await;
    let script = async {
        fresh().await.serve("second").await;
        closed.closed().await;
    };
    let (response, ()) = tokio::join!(get(&client, &endpoint), script);
    assert_eq!(text(response.expect("a response")).await.expect("a body"), "second");
}
