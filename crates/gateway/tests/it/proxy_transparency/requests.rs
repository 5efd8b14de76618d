//! Requests on their way to the provider.

use serde_json::json;
use testkit::http::Request;
use testkit::provider::Answer;

use super::{grouped, names, one_key};
use crate::support::app_and_provider;

#[tokio::test]
async fn every_method_arrives_with_its_body() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "X"] {
        for body in [&b""[..], b"\0\xff a body \r\n"] {
            let request = group.request(method, "/v1/things");
            let request = if body.is_empty() { request } else { request.body(body) };
            assert_eq!(request.fetch().await.status, 204, "{method}");
            let got = provider.last_request();
            assert_eq!((got.method.as_str(), &got.body[..], got.complete), (method, body, true));
        }
    }
}

#[tokio::test]
async fn a_body_has_a_length_exactly_where_the_client_or_the_method_wants_one() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    for (request, length) in [
        (group.request("GET", "/"), None),
        (group.request("DELETE", "/"), None),
        (group.request("OPTIONS", "/"), None),
        (group.request("POST", "/"), Some("0")),
        (group.request("POST", "/").body(""), Some("0")),
        (group.request("GET", "/").body("ab"), Some("2")),
        (group.request("DELETE", "/").body("abc"), Some("3")),
    ] {
        request.fetch().await;
        let got = provider.last_request();
        assert_eq!(got.header("content-length"), length, "{request:?}");
        assert!(!got.headers.has("transfer-encoding"), "{request:?}");
    }
}

#[tokio::test]
async fn paths_and_queries_arrive_byte_for_byte() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    for target in [
        "/v1/chat/completions",
        "/",
        "/v1//double///slashes/",
        "/a%2Fb%2f%2e%20%C3%A9%zz",
        "/v1/files/x;y=1,2:3@4!$&'()*+=~",
        "/v1/models/a%204:do?x=1",
        "/na\u{ef}ve/\u{6a21}\u{578b}",
        "/a|b{c}\"d\"[e]",
        "/v1/a/../b/./c",
        "/x?",
        "/x?a=1&a=2&&b&=c",
        "/x?q=%20%2B+&r=a=b?c/d",
        "/x?filter[a]={b|c}^`&keys=1&Key=2",
    ] {
        assert_eq!(group.request("GET", target).fetch().await.status, 204, "{target}");
        assert_eq!(provider.last_request().target, target);
    }
    for (path, target) in [("/proxy/g", "/"), ("/proxy/g?a=1", "/?a=1"), ("/proxy/g/", "/")] {
        Request::get(&app.url(path)).bearer("pk-g").fetch().await;
        assert_eq!(provider.last_request().target, target, "{path}");
    }
}

#[tokio::test]
async fn the_path_of_a_base_url_is_kept_and_slashes_are_not_doubled() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    for (name, base, path, target) in [
        ("plain", "", "/v1/x?a=1", "/v1/x?a=1"),
        ("slash", "/", "/v1/x", "/v1/x"),
        ("prefix", "/prefix", "/v1/x", "/prefix/v1/x"),
        ("prefix-slash", "/prefix/", "/v1//x/?q", "/prefix/v1//x/?q"),
        ("deep", "/a/b%20c", "", "/a/b%20c"),
    ] {
        let group = app.group(name).upstream(&format!("{}{base}", provider.url())).keys(["sk-1"]).create().await;
        assert_eq!(group.request("GET", path).fetch().await.status, 204, "{name}");
        assert_eq!(provider.last_request().target, target, "{name}");
    }
}

#[tokio::test]
async fn a_path_that_climbs_out_of_the_base_url_is_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&format!("{}/base", provider.url())).keys(["sk-1"]).create().await;
    for path in ["/..", "/../admin", "/v1/../../x", "/%2e%2E/x", "/v1/..%2f..%2Fx", "/v1/..%5c..%5cx", "//../x"] {
        let reply = group.request("GET", path).fetch().await;
        assert_eq!((reply.status, reply.json()["code"].clone()), (400, json!("BAD_REQUEST")), "{path}");
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn headers_arrive_as_sent_repeated_ones_in_their_order() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let sent = [
        ("Accept", "text/event-stream, */*;q=0.1"),
        ("X-Multi", "1"),
        ("User-Agent", "me/1.0 (test)"),
        ("x-multi", "2, 3"),
        ("Accept-Encoding", "zstd, br;q=0.5"),
        ("X-MULTI", ""),
        ("Cookie", "a=b; c=d"),
        ("X-Text", "na\u{ef}ve \u{6a21}"),
        ("Content-Type", "application/x; charset=\"y\""),
        ("Range", "bytes=0-1"),
        ("If-None-Match", "\"x\", W/\"y\""),
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Cache-Control", "no-store"),
        ("Origin", "https://a.example"),
        ("Referer", "https://a.example/b"),
        ("X-Request-Id", "mine"),
        ("Traceparent", "00-1-2-01"),
        ("Max-Forwards", "7"),
        ("Authorization-Info", "kept"),
    ];
    let request = sent.iter().fold(group.request("GET", "/v1/models"), |request, (n, v)| request.header(n, v));
    assert_eq!(request.fetch().await.status, 200);
    let got = provider.last_request();
    for (name, values) in grouped(&sent) {
        assert_eq!(got.headers.all(&name), values, "{name}");
    }
    let mut expected: Vec<_> = grouped(&sent).into_iter().map(|(name, _)| name).collect();
    expected.extend(["authorization".to_owned(), "host".to_owned()]);
    expected.sort();
    assert_eq!(names(&got.headers), expected);
    assert_eq!(got.header("host"), Some(provider.addr().to_string().as_str()));
}

#[tokio::test]
async fn nothing_is_invented() {
    let (app, provider) = app_and_provider().await;
    for (name, channel, path, expected) in [
        ("a", "openai", "/v1/models", &["authorization", "host"][..]),
        ("b", "openai-response", "/v1/models", &["authorization", "host"]),
        ("c", "anthropic", "/v1/models", &["anthropic-version", "host", "x-api-key"]),
        ("d", "gemini", "/v1beta/models", &["host", "x-goog-api-key"]),
        ("e", "gemini", "/v1beta/openai/models", &["authorization", "host"]),
    ] {
        let group = app.group(name).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        assert_eq!(group.request("GET", path).fetch().await.status, 200, "{name}");
        assert_eq!(names(&provider.last_request().headers), expected, "{name}");
    }
}

#[tokio::test]
async fn what_concerns_the_clients_connection_stays_there() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    let request = group.request("POST", "/v1/x").header("Connection", "keep-alive, X-Secret , authorization,TE");
    let request = request.header("Connection", "x-other, content-length, host");
    let request = [
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("TE", "trailers, deflate;q=0.5"),
        ("Upgrade", "foo/2"),
        ("X-Secret", "1"),
        ("x-other", "2"),
        ("X-Kept", "3"),
    ]
    .iter()
    .fold(request, |request, (name, value)| request.header(name, value));
    assert_eq!(request.body("whole").fetch().await.status, 204);
    let got = provider.last_request();
    assert_eq!(names(&got.headers), ["authorization", "content-length", "host", "te", "x-kept"]);
    let said = ["te", "content-length", "authorization"].map(|name| got.headers.all(name));
    assert_eq!(said, [["trailers"], ["5"], ["Bearer sk-g"]]);
    assert_eq!(got.text(), "whole");
}

#[tokio::test]
async fn the_provider_is_not_told_who_the_client_is() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    let identity = [
        ("Forwarded", "for=192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.2"),
        ("X-Forwarded-Host", "gateway.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Real-IP", "192.0.2.1"),
        ("CF-Connecting-IP", "192.0.2.1"),
        ("CF-Ray", "0-FRA"),
        ("CDN-Loop", "cloudflare"),
        ("Via", "1.1 proxy"),
    ];
    let request = identity.iter().fold(group.request("GET", "/v1/models"), |request, (n, v)| request.header(n, v));
    assert_eq!(request.fetch().await.status, 200);
    assert_eq!(names(&provider.last_request().headers), ["authorization", "host"]);
}

#[tokio::test]
async fn a_compressed_body_arrives_as_it_is_whatever_the_groups_rules() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]);
    let group = group.field("param_overrides", json!({"temperature": 0.5}));
    let group = group.field("model_redirect_rules", json!({"a": "b"})).create().await;
    provider.otherwise(Answer::new(204));
    let body = Answer::with_body(200, "", r#"{"model":"a","temperature":1}"#).gzip().body_bytes();
    for encoding in ["gzip", "br", "zstd"] {
        let request = group.request("POST", "/v1/chat/completions").header("Content-Encoding", encoding);
        assert_eq!(request.body(body.clone()).fetch().await.status, 204);
        let got = provider.last_request();
        assert_eq!((got.header("content-encoding"), &got.body[..]), (Some(encoding), &body[..]));
    }
}

#[tokio::test]
async fn trailers_of_a_chunked_body_arrive() {
    let (app, provider) = app_and_provider().await;
    let group = one_key(&app, &provider, "g").await;
    provider.otherwise(Answer::new(204));
    let request = group.request("POST", "/v1/upload").header("Trailer", "X-Sum, X-Not-Sent");
    let request = request.chunked(["a body ", "in two chunks"]).trailer("X-Sum", "9");
    assert_eq!(request.fetch().await.status, 204);
    let got = provider.last_request();
    assert_eq!((got.text().as_str(), got.complete), ("a body in two chunks", true));
    assert_eq!(got.trailers.all("x-sum"), ["9"]);
}
