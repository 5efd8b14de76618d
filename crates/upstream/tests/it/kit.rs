//! A peer that does what a test says, and a client to point at it.

use std::{convert::Infallible, future::poll_fn, num::NonZeroUsize, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::mpsc,
};
use tokio_util::task::TaskTracker;
use upstream::{
    BodyCut, Budget, Client, Endpoint, Keep, Limits, Origin, Profile, Proxies, Replay, RequestBody, ResponseBody,
    SendError,
};

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A listener whose connections the test answers itself.
pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    pub(crate) async fn accept(&self) -> Peer<TcpStream> {
        Peer::new(self.0.accept().await.expect("a connection").0)
    }

    /// An address where nobody listens.
    pub(crate) async fn refusing() -> String {
        Self::start().await.url()
    }
}

/// The other side of one connection.
pub(crate) struct Peer<S> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// Reads until `end` and takes everything up to there.
    pub(crate) async fn read_to(&mut self, end: &str) -> String {
        loop {
            let found = self.read.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(at) = found {
                let rest = self.read.split_off(at + end.len());
                let taken = std::mem::replace(&mut self.read, rest);
                return String::from_utf8(taken).expect("text");
            }
            let read = self.stream.read_buf(&mut self.read).await.expect("more bytes");
            let so_far = String::from_utf8_lossy(&self.read);
            assert!(read > 0, "closed before {end:?}: {so_far:?}");
        }
    }

    pub(crate) async fn head(&mut self) -> String {
        self.read_to("\r\n\r\n").await
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("an open connection");
        self.stream.flush().await.expect("an open connection");
    }

    /// Reads one request without a body and answers it.
    pub(crate) async fn serve(&mut self, body: &str) -> String {
        let head = self.head().await;
        self.write(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        head
    }

    /// Waits until the client has closed the connection; what it still sends is thrown away.
    pub(crate) async fn closed(mut self) {
        let mut rest = vec![0; 1 << 16];
        while !matches!(self.stream.read(&mut rest).await, Ok(0) | Err(_)) {}
    }
}

pub(crate) fn limits() -> Limits {
    Limits { connect_timeout: LONG, idle_timeout: LONG, max_idle: 10, max_idle_per_host: 10 }
}

/// The endpoint at `url`, directly.
pub(crate) fn endpoint(url: &str) -> Arc<Endpoint> {
    endpoint_by(url, Proxies::default(), limits())
}

pub(crate) fn endpoint_by(url: &str, proxies: Proxies, limits: Limits) -> Arc<Endpoint> {
    let origin = Origin::from_url(&url.parse().expect("a URL")).expect("an origin");
    Endpoint::new(origin, Profile::new(limits, Arc::new(proxies), NonZeroUsize::MIN)).expect("an endpoint")
}

/// A client that trusts `roots` only.
pub(crate) fn client_trusting(roots: RootCertStore) -> Client {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Client::new(Arc::new(config), TaskTracker::new(), Handle::current())
}

pub(crate) fn client() -> Client {
    client_trusting(RootCertStore::empty())
}

pub(crate) async fn get(client: &Client, endpoint: &Arc<Endpoint>) -> Result<Response<ResponseBody>, SendError> {
    client.send(endpoint, LONG, || Request::get("/x").body(RequestBody::empty()).expect("a request")).await
}

pub(crate) async fn post(
    client: &Client,
    endpoint: &Arc<Endpoint>,
    body: &Replay,
) -> Result<Response<ResponseBody>, SendError> {
    client.send(endpoint, LONG, || Request::post("/x").body(body.attempt()).expect("a request")).await
}

/// The body as text, to its end.
pub(crate) async fn text(response: Response<ResponseBody>) -> Result<String, BodyCut> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).expect("text"))
}

/// Gets, reads the answer to its end, and returns the head the peer saw.
pub(crate) async fn round_trip<S: AsyncRead + AsyncWrite + Unpin>(
    client: &Client,
    endpoint: &Arc<Endpoint>,
    peer: &mut Peer<S>,
) -> String {
    let (response, head) = tokio::join!(get(client, endpoint), peer.serve("answer"));
    assert_eq!(text(response.expect("a response")).await.expect("a whole body"), "answer");
    head
}

/// A first request on a new connection, which is idle afterwards.
pub(crate) async fn connected(client: &Client, endpoint: &Arc<Endpoint>, server: &Server) -> Peer<TcpStream> {
    let script = async {
        let mut peer = server.accept().await;
        peer.serve("answer").await;
        peer
    };
    let (response, peer) = tokio::join!(get(client, endpoint), script);
    text(response.expect("a response")).await.expect("a whole body");
    peer
}

/// The client's end of an upload; dropped, the upload has ended.
pub(crate) struct Upload(mpsc::UnboundedSender<Result<Frame<Bytes>, Infallible>>);

impl Upload {
    pub(crate) fn send(&self, data: impl Into<Bytes>) {
        self.0.send(Ok(Frame::data(data.into()))).expect("a reader");
    }

    pub(crate) fn send_trailer(&self, name: &'static str, value: u32) {
        let name = HeaderName::from_static(name);
        self.0.send(Ok(Frame::trailers(HeaderMap::from_iter([(name, value.into())])))).expect("a reader");
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }
}

/// A body of unknown length, of which `limit_bytes` are kept.
pub(crate) fn upload(limit_bytes: usize) -> (Upload, Replay) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let source = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let keep = Keep { limit_bytes, reservation: Budget::new(1 << 30).reserve(0).expect("budget") };
    (Upload(sender), Replay::new(Bytes::new(), StreamBody::new(source), keep, LONG))
}

/// Lets every task run until nothing but the sockets can wake one.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Waits for a condition that other tasks bring about.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.expect(what);
}

/// The next data of a response.
pub(crate) async fn next(body: &mut ResponseBody) -> String {
    let frame = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(body), cx)).await;
    let data = frame.expect("a frame").expect("no error").into_data().expect("data");
    String::from_utf8(data.to_vec()).expect("text")
}
