use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::StreamBody;

use super::*;
use crate::{Budget, Keep, Origin, Proxies, Replay, SourceFailure, endpoint::tests::profile};

fn endpoint(url: &str, proxy: Option<&str>) -> Arc<Endpoint> {
    let proxies = proxy.map(|proxy| Proxies::parse(proxy).expect("a proxy")).unwrap_or_default();
    let origin = Origin::from_url(&url.parse().expect("a URL")).expect("an origin");
    Endpoint::new(origin, profile(proxies, 60)).expect("an endpoint")
}

fn streamed() -> RequestBody {
    let source = StreamBody::new(futures_util::stream::empty::<Result<_, SourceFailure>>());
    let keep = Keep { limit_bytes: 1, reservation: Budget::new(1).reserve(0).expect("budget") };
    Replay::new(Bytes::new(), source, keep, Duration::MAX).attempt()
}

fn prepared(method: &Method, headers: &[(&str, &str)], body: RequestBody) -> Request<RequestBody> {
    let mut request = Request::builder().method(method).uri("/v1/x?y=z").version(Version::HTTP_2);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body).expect("a request");
    prepare(&mut request, &endpoint("http://up.example:81", None));
    request
}

#[test]
fn framing_follows_the_body_whatever_the_headers_said() {
    let full = || RequestBody::full(Bytes::from_static(b"12345"));
    let none = RequestBody::empty;
    let wrong = ("content-length", "3");
    for (method, given, body, length, chunked) in [
        (Method::POST, &[][..], full(), Some("5"), false),
        (Method::POST, &[("content-length", "5")], full(), Some("5"), false),
        (Method::POST, &[wrong], full(), Some("5"), false),
        (Method::POST, &[wrong, ("content-length", "5")], full(), Some("5"), false),
        (Method::POST, &[("transfer-encoding", "chunked")], full(), Some("5"), false),
        (Method::GET, &[], none(), None, false),
        (Method::GET, &[wrong], none(), Some("0"), false),
        (Method::DELETE, &[("content-length", "0")], none(), Some("0"), false),
        (Method::POST, &[], none(), Some("0"), false),
        (Method::POST, &[("transfer-encoding", "chunked")], none(), Some("0"), false),
        (Method::POST, &[wrong], streamed(), None, true),
        (Method::GET, &[], streamed(), None, true),
    ] {
        let request = prepared(&method, given, body);
        let values = |name| request.headers().get_all(name).iter().map(|value| value.to_str().expect("text"));
        let lengths: Vec<_> = values("content-length").collect();
        assert_eq!(lengths, Vec::from_iter(length), "{method} {given:?}");
        let encodings: Vec<_> = values("transfer-encoding").collect();
        assert_eq!(encodings, if chunked { vec!["chunked"] } else { vec![] }, "{method} {given:?}");
    }
}

#[test]
fn the_host_is_the_upstreams_in_the_place_of_the_clients() {
    let request = prepared(
        &Method::GET,
        &[("accept", "a"), ("host", "gateway"), ("cookie", "1"), ("host", "other"), ("cookie", "2")],
        RequestBody::empty(),
    );
    let headers: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
    assert_eq!(headers, [("accept", "a"), ("host", "up.example:81"), ("cookie", "1"), ("cookie", "2")]);
    assert_eq!(request.version(), Version::HTTP_11);
    assert_eq!(request.uri(), "/v1/x?y=z");
}

#[test]
fn only_an_http_proxy_for_a_plain_target_sees_the_url_and_the_login() {
    for (url, proxy, target, login) in [
        ("http://up.example/", "http://u:p@proxy", "http://up.example/v1/x?y=z", Some("Basic dTpw")),
        ("http://up.example/", "http://proxy", "http://up.example/v1/x?y=z", None),
        ("https://up.example/", "http://u:p@proxy", "/v1/x?y=z", None),
        ("http://up.example/", "socks5://u:p@proxy", "/v1/x?y=z", None),
    ] {
        let mut request = Request::get("/v1/x?y=z").body(RequestBody::empty()).expect("a request");
        prepare(&mut request, &endpoint(url, Some(proxy)));
        assert_eq!(request.uri(), target, "{url} by {proxy}");
        let sent = request.headers().get("proxy-authorization").map(|value| value.to_str().expect("text"));
        assert_eq!(sent, login, "{url} by {proxy}");
    }
}
