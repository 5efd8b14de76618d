//! A client's bytes, read by framing and parser as the server reads them, to the head that goes to a provider.
//!
//! Input: what the client sends.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use domain::rewrite::{headers, url};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::gateway::framing::Framing;
use crate::gateway::head_check;

const BASE: &str = "/base/v1";
/// What must not be among the headers that go on, besides whole families.
const GONE: &[&str] = &[
    "authorization",
    "connection",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// What the server makes of the same bytes does not depend on where reads end. What goes to a provider is one request below the base path,
/// without credentials, connection headers or signs of the client.
pub fn head(data: &[u8]) {
    let requests = read(data, usize::MAX);
    for at_once in [1, 7] {
        assert_eq!(texts(&read(data, at_once)), texts(&requests), "{at_once} bytes at once");
    }
    for (head, _) in requests {
        let parts = Request::from_parts(head.clone(), ());
        if head_check::refusal(&parts).is_none() && head.uri.path().starts_with("/proxy/") {
            let (group, rest) = url::group_and_rest(head.uri.path());
            assert!(!group.contains('/') && format!("/proxy/{group}{rest}") == head.uri.path(), "{group} {rest}");
            let shown = headers::credential(&head.headers, head.uri.query());
            assert!(shown.is_none_or(|shown| !shown.is_empty()));
            if !url::escapes_base(rest) {
                forwarded(&head, rest);
            }
        }
    }
}

/// A head, and its body if that came whole.
type Came = (Parts, Option<Bytes>);

/// The requests that the server takes out of `data` when so many bytes come at once.
fn read(data: &[u8], at_once: usize) -> Vec<Came> {
    let came = RefCell::new(Vec::new());
    let service = service_fn(async |request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        // As in the gateway, a body is read before it is answered.
        let body = body.collect().await.ok().map(http_body_util::Collected::to_bytes);
        came.borrow_mut().push((head, body));
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let mut builder = http1::Builder::new();
    builder.max_buf_size(64 * 1024);
    let client = Client { left: data, at_once, framing: Framing::default() };
    let mut connection = pin!(builder.serve_connection(client, service));
    let mut cx = Context::from_waker(Waker::noop());
    // All bytes are there, so it never waits; it yields now and then.
    while connection.as_mut().poll(&mut cx).is_pending() {}
    came.take()
}

fn texts(requests: &[Came]) -> Vec<String> {
    requests.iter().map(|(head, body)| format!("{head:?} {body:?}")).collect()
}

fn forwarded(head: &Parts, rest: &str) {
    let query = url::strip_key(head.uri.query());
    let names = || ::url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()).map(|(name, _)| name);
    assert!(names().all(|name| name != "key"), "a key is left in {query:?}");
    let target = url::join(BASE, rest, query.as_deref());
    stays_below_base(&target);
    let mut sent = head.headers.clone();
    headers::strip_for_provider(&mut sent);
    cleaned(&head.headers, &sent);
    if PathAndQuery::try_from(&*target).is_ok() {
        reads_as_one(head, &target, &sent);
    }
}

fn stays_below_base(target: &str) {
    let url = format!("http://provider{target}");
    let Ok(url) = url.parse::<::url::Url>() else { return };
    let below = url.path().strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    assert!(below && url.host_str() == Some("provider"), "{target} leads to {url}");
}

fn cleaned(came: &HeaderMap, sent: &HeaderMap) {
    let credentials = (headers::credential(sent, None), headers::subprotocol_credential(sent));
    assert_eq!(credentials, (None, None), "a credential is left");
    for name in sent.keys() {
        let name = name.as_str();
        assert!(!GONE.contains(&name) && !name.starts_with("x-forwarded-") && !name.starts_with("cf-"), "{name}");
    }
    assert!(sent.get_all(TE).iter().all(|te| te == "trailers"), "te");
    let nominated = came.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    for name in nominated.flat_map(|value| value.split(',').map(str::trim)) {
        let stays = ["te", "host", "content-length"].iter().any(|kept| name.eq_ignore_ascii_case(kept));
        assert!(stays || !sent.contains_key(name), "{name} was nominated");
    }
    for kept in [HOST, CONTENT_LENGTH] {
        assert!(came.get_all(&kept).iter().eq(sent.get_all(&kept)), "{kept}");
    }
    let upgrade = headers::upgrade(came).map(|protocols| protocols.as_bytes().to_ascii_lowercase());
    assert!(upgrade.is_none_or(|protocols| !protocols.split(|byte| *byte == b',').any(is_http)), "HTTP in HTTP");
}

fn is_http(protocol: &[u8]) -> bool {
    [&b"http"[..], b"h2", b"tls"]
        .iter()
        .any(|http| protocol.trim_ascii().split(|byte| *byte == b'/').next() == Some(http))
}

/// The head as it is written is read by another parser as that request and nothing more.
fn reads_as_one(head: &Parts, target: &str, sent: &HeaderMap) {
    let mut wire = format!("{} {target} HTTP/1.1\r\n", head.method).into_bytes();
    for (name, value) in sent {
        wire.extend_from_slice(name.as_str().as_bytes());
        wire.extend_from_slice(b": ");
        wire.extend_from_slice(value.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"\r\n");
    let mut space = vec![httparse::EMPTY_HEADER; sent.len() + 1];
    let mut read = httparse::Request::new(&mut space);
    let status = read.parse(&wire).expect("a head that can be read");
    assert_eq!(status, httparse::Status::Complete(wire.len()), "more than one head");
    assert_eq!((read.method, read.path), (Some(head.method.as_str()), Some(target)));
    assert_eq!(read.headers.len(), sent.len(), "headers");
    assert!(head.version != Version::HTTP_11 || sent.get_all(HOST).iter().count() == 1, "hosts");
}

/// A connection on which all bytes have come, read as `GuardedIo` reads one.
struct Client<'d> {
    left: &'d [u8],
    at_once: usize,
    framing: Framing,
}

impl Read for Client<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if let Some(instead) = self.framing.instead(buf.remaining()) {
            buf.put_slice(instead);
            return Poll::Ready(Ok(()));
        }
        let (now, later) = self.left.split_at(self.left.len().min(buf.remaining()).min(self.at_once));
        let mut now = now.to_vec();
        let passed = self.framing.pass(&mut now);
        buf.put_slice(now.get(..passed).unwrap_or_default());
        self.left = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Client<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
