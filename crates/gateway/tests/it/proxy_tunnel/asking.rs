//! Which requests are passed on as what they ask, and with what in their heads.

use serde_json::json;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, Step};

use super::{SWITCHING, as_websocket, asking, assert_echoes, echo, opened};
use crate::support::app_and_provider;

#[tokio::test]
async fn the_key_is_put_in_and_the_heads_arrive() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nconnection: Upgrade, X-Hop\r\nX-Hop: 1\r\n\
                sec-websocket-accept: abc=\r\nx-own: 1\r\nx-own: 2\r\n\r\n";
    provider.otherwise(Answer::steps([Step::Send(head.into()), Step::Echo]));
    let request = asking(&group).header("Connection", "X-Hop").header("X-Hop", "1").header("Keep-Alive", "1");
    let request =
        request.header("HTTP2-Settings", "AAMAAABk").header("Sec-WebSocket-Key", "dGhl").header("Origin", "o");
    let response = request.send().await;
    let said = ["upgrade", "connection", "sec-websocket-accept", "x-own", "x-hop", "content-length"];
    let said = said.map(|name| response.headers.all(name).join("|"));
    assert_eq!(said, ["WebSocket", "upgrade", "abc=", "1|2", "", ""]);
    assert!(response.headers.has("x-gpt-load-request-id"));
    assert_echoes(&mut opened(response), "ping").await;

    let got = provider.last_request();
    assert_eq!((got.method.as_str(), got.target.as_str()), ("GET", "/v1/realtime?model=gpt-realtime"));
    let sent = ["upgrade", "connection", "authorization", "sec-websocket-key", "sec-websocket-version", "origin"];
    let sent = sent.map(|name| got.headers.all(name).join("|"));
    assert_eq!(sent, ["websocket", "upgrade", "Bearer sk-1", "dGhl", "13", "o"]);
    assert_eq!(
        ["x-hop", "keep-alive", "http2-settings", "content-length"].map(|name| got.headers.has(name)),
        [false; 4]
    );
}

#[tokio::test]
async fn a_browser_may_put_its_key_among_the_subprotocols() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let key = "openai-insecure-api-key.";
    let with = |query: &str, protocols: &str| {
        let request = Request::get(&group.proxy_url(&format!("/v1/realtime{query}")));
        as_websocket(request).header("Sec-WebSocket-Protocol", protocols)
    };
    let request = with("", &format!("realtime, {key}pk-g, openai-beta.realtime-v1"));
    assert_echoes(&mut opened(request.send().await), "ping").await;
    let got = provider.last_request();
    assert_eq!(got.headers.all("sec-websocket-protocol"), ["realtime, openai-beta.realtime-v1"]);
    assert_eq!((got.headers.all("authorization"), got.key.as_deref()), (vec!["Bearer sk-1"], Some("sk-1")));

    // Another carrier goes before it; it goes no further all the same.
    opened(with("?key=pk-g", &format!("{key}pk-other")).send().await);
    assert!(!provider.last_request().headers.has("sec-websocket-protocol"));
    for (query, protocols) in [("", format!("realtime, {key}wrong")), ("?key=wrong", format!("{key}pk-g"))] {
        assert_eq!(with(query, &protocols).fetch().await.status, 401, "{query} {protocols}");
    }
    // Nor does it open anything but a tunnel.
    let plain = Request::get(&group.proxy_url("/v1/models")).header("Sec-WebSocket-Protocol", &format!("{key}pk-g"));
    assert_eq!(plain.fetch().await.status, 401);
    assert_eq!(provider.count(), 2);
    assert_eq!(plain.bearer("pk-g").fetch().await.status, 200);
    assert!(!provider.last_request().headers.has("sec-websocket-protocol"));
}

#[tokio::test]
async fn the_model_in_the_query_follows_the_groups_rules() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]);
    let group = group.field("model_redirect_rules", json!({"voice": "gpt-realtime/2"}));
    let group = group.field("model_redirect_strict", json!(true)).create().await;
    let ask = |query: &str| as_websocket(group.request("GET", &format!("/v1/realtime{query}")));
    opened(ask("?a=%20&model=voice&b").send().await);
    assert_eq!(provider.last_request().target, "/v1/realtime?a=%20&model=gpt-realtime%2F2&b");
    assert_eq!(ask("?model=gpt-realtime").fetch().await.status, 400);
    opened(ask("?deployment=gpt-realtime").send().await);
    assert_eq!(provider.count(), 2);
    // Of other requests the query names none.
    assert_eq!(group.request("GET", "/v1/models/gpt-4o?model=gpt-4o").fetch().await.status, 200);
}

#[tokio::test]
async fn a_request_that_can_not_leave_http_is_a_plain_one() {
    let (app, provider) = app_and_provider().await;
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::with_body(200, "text/plain", "plain"));
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    for (line, fields) in [
        ("GET /proxy/g/v1/x HTTP/1.0", websocket),
        ("GET /proxy/g/v1/x HTTP/1.1", "Upgrade: websocket\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Connection: keep-alive\r\nUpgrade: websocket\r\n"),
        (
            "GET /proxy/g/v1/x HTTP/1.1",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
        ),
        ("POST /proxy/g/v1/x HTTP/1.1", &format!("{websocket}Content-Length: 2\r\n\r\n{{}}")),
        ("POST /proxy/g/v1/x HTTP/1.1", &format!("{websocket}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n")),
    ] {
        let mut client = Connection::open(&app.addr().to_string()).await.unwrap();
        client.write(format!("{line}\r\nHost: h\r\nAuthorization: Bearer pk-g\r\n{fields}\r\n")).await.unwrap();
        let (reply, mut client) = client.response("GET").await.unwrap().finish().await.unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (200, "plain"), "{line} {fields}");
        let got = provider.last_request();
        for name in ["upgrade", "connection", "http2-settings"] {
            assert!(!got.headers.has(name), "{name}: {line} {fields}");
        }
        if line.starts_with("GET") && line.ends_with("1.1") {
            client.write("GET /health HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
            assert_eq!(client.response("GET").await.unwrap().status, 200, "the connection serves on: {fields}");
        }
    }
    let control = as_websocket(Request::get(&app.url("/health"))).fetch().await;
    assert_eq!(control.status, 200, "nothing but /proxy has tunnels");
}

#[tokio::test]
async fn a_provider_that_switches_unasked_is_broken() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"max_retries": 0}));
    let group = group.create().await;
    let gate = testkit::Gate::default();
    provider.otherwise(Answer::steps([
        Step::Send(SWITCHING.into()),
        Step::Send("HTTP/1.1 200 OK\r\n\r\n".into()),
        Step::Wait(gate),
    ]));
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    provider.wait_client_gone(1).await;
}

#[tokio::test]
async fn a_tunnel_counts_as_a_request_under_way() {
    let provider = testkit::provider::MockProvider::start();
    let app = crate::support::builder().env("MAX_CONCURRENT_REQUESTS", "1").start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut tunnel = echo(&group).await;
    assert_echoes(&mut tunnel, "ping").await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 503);
    drop(tunnel);
    let served = async || group.chat("gpt-4o").fetch().await.status == 200;
    app.eventually("room for another request", served).await;
}
