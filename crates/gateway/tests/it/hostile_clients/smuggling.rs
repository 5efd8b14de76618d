//! Messages that another server could read in another way than we do. What follows them on the connection must never be taken for a
//! request that a client has made.

use testkit::provider::{Answer, MockProvider, Step};

use super::{connect, served, statuses};
use crate::support::app_and_provider;

/// What a body would be if its end were read in another way.
const SMUGGLED: &str = "GET /proxy/g/smuggled HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n";

/// What comes after a whole request.
const NEXT: &str = "GET /proxy/g/next HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\nConnection: close\r\n\r\n";

const POST: &str = "POST /proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n";

const UPGRADE: &str = "GET /proxy/g/v1/realtime HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn targets(provider: &MockProvider) -> Vec<String> {
    provider.requests().iter().map(|request| request.target.clone()).collect()
}

#[tokio::test]
async fn a_head_that_could_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let (app, provider) = served().await;
    let get = |fields: &str| format!("GET /proxy/g/first HTTP/1.1\r\nx-api-key: pk-g\r\n{fields}\r\n");
    let post = |fields: &str, body: &str| format!("{POST}{fields}\r\n{body}");
    let chunked = "Transfer-Encoding: chunked\r\n";
    for request in [
        post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
        post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post(&chunked.repeat(2), "0\r\n\r\n"),
        post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: identity\r\n", ""),
        post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        post("X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
        post("Content-Length: 5, 5\r\n", "hello"),
        post("Content-Length: +2\r\n", "{}"),
        post("Content-Length: -2\r\n", "{}"),
        post("Content-Length: 0x2\r\n", "{}"),
        post("Content-Length: 2a\r\n", "{}"),
        post("Content-Length: \r\n", ""),
        post("Content-Length: 99999999999999999999\r\n", ""),
        post("Content-Length : 2\r\n", "{}"),
        post("Content-Length: 2\n", "{}"),
        format!("POST /proxy/g/first HTTP/1.0\r\nx-api-key: pk-g\r\n{chunked}\r\n0\r\n\r\n"),
        get("Host: h\r\nHost: i\r\n"),
        get("Host: h\r\nhost: h\r\n"),
        get("X: no host\r\n"),
        get("Host: h\r\nX: folded\r\n over\r\n"),
        get("Host: h\r\n X: folded\r\n"),
        get("Host: h\r\nX: nul\0\r\n"),
        get("Host: h\r\nX\0: nul\r\n"),
        get("Host: h\r\nX : space\r\n"),
        get("Host: h\r\nno colon\r\n"),
        get("Host: h\r\n: no name\r\n"),
        get("Host: h\r\nX: bare\rcr\r\n"),
        get("Host: h\r\nX: bare cr\r\r\n"),
        get("Host: h\nX: bare lf\n"),
        get("Host: h\r\nX: one bare lf\nY: z\r\n"),
        "GET /proxy/g/first HTTP/1.1\nHost: h\nx-api-key: pk-g\n\n".to_owned(),
        "GET /proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\n".to_owned(),
        "GET http://h/proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET http://i/proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET h:80 HTTP/1.1\r\nHost: h:80\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "G@T /proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET  /proxy/g/first HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/fi rst HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/fi\0rst HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/fi\x01\x7frst HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/fi\trst HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/first HTTP/1.2\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/first HTTP/2.0\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/first\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "GET /proxy/g/first HTTP/1.1 \r\nHost: h\r\nx-api-key: pk-g\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\nHost: h\r\n\r\n".to_owned(),
    ] {
        for pieces in [1, 2] {
            let mut connection = connect(&app).await;
            let all = format!("{request}{SMUGGLED}");
            let (first, second) = all.split_at(if pieces == 1 { all.len() } else { request.len() / 2 });
            connection.write(first).await.unwrap();
            // The connection may already be closed.
            let _ = connection.write(second).await;
            assert_eq!(statuses(connection).await, [400], "{request:?} in {pieces}");
        }
    }
    assert_eq!(targets(&provider), [""; 0], "nothing of it went to the provider");
}

#[tokio::test]
async fn a_body_that_could_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let (app, provider) = served().await;
    let (extension, trailer) = ("x".repeat(20_000), "X: y\r\n".repeat(20_000));
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2,\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}\r0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
        "2;x\n{}\r\n0\r\n\r\n",
        "2;x\r{}\r\n0\r\n\r\n",
        &format!("2;{extension}\r\n{{}}\r\n0\r\n\r\n"),
        "2\r\n{}\r\n0\n\n",
        "2\r\n{}\r\n0\r\n\n",
        "2\r\n{}\r\n0\r\nX: y\n\r\n",
        "2\r\n{}\r\n0\r\nno colon\r\n\r\n",
        &format!("2\r\n{{}}\r\n0\r\n{trailer}\r\n"),
    ] {
        let mut connection = connect(&app).await;
        connection.write(format!("{POST}Transfer-Encoding: chunked\r\n\r\n")).await.unwrap();
        // The connection may be closed before all of it is sent.
        let _ = connection.write(format!("{body}{SMUGGLED}")).await;
        let name = &body[..body.len().min(60)];
        assert_eq!(statuses(connection).await, [400], "{name:?}");
    }
    assert_eq!(targets(&provider), [""; 0], "nothing of it went to the provider");
}

#[tokio::test]
async fn what_follows_a_whole_request_is_the_next_one() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    for (fields, body, got) in [
        ("", "", ""),
        ("Content-Length: 5\r\n", "a\nb\r\n", "a\nb\r\n"),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", "ab", "ab"),
        ("Transfer-Encoding: Chunked\r\n", "2\r\nab\r\n0\r\n\r\n", "ab"),
        ("Transfer-Encoding: chunked\r\n", "002;a=\"b\"\r\na\n\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n", "a\nc"),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n", "", ""),
    ] {
        provider.forget();
        let whole = format!("{POST}{fields}\r\n{body}{NEXT}");
        let mut connection = connect(&app).await;
        connection.write(&whole).await.unwrap();
        assert_eq!(statuses(connection).await, [204, 204], "{fields:?}");
        assert_eq!(targets(&provider), ["/first", "/next"], "{fields:?}");
        assert_eq!(provider.requests()[0].text(), got, "{fields:?}");
    }
}

#[tokio::test]
async fn requests_before_a_bad_one_are_answered_in_turn_and_none_after_it() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    let bad = "GET /proxy/g/bad HTTP/1.1\r\nHost: h\nx-api-key: pk-g\r\n\r\n";
    let first = format!("{POST}Content-Length: 2\r\n\r\nab{POST}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    let mut connection = connect(&app).await;
    connection.write(format!("{first}{bad}{SMUGGLED}")).await.unwrap();
    assert_eq!(statuses(connection).await, [204, 204, 400]);
    assert_eq!(targets(&provider), ["/first", "/first"]);
}

#[tokio::test]
async fn a_body_ends_where_it_says_whatever_is_in_it() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    for framing in [format!("Content-Length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len()), {
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len())
    }] {
        provider.forget();
        let mut connection = connect(&app).await;
        connection.write(format!("{POST}{framing}{NEXT}")).await.unwrap();
        assert_eq!(statuses(connection).await, [204, 204]);
        assert_eq!(targets(&provider), ["/first", "/next"]);
        assert_eq!(provider.requests()[0].text(), SMUGGLED);
    }
}

#[tokio::test]
async fn what_follows_an_upgrade_request_is_no_tunnel_without_a_101_and_no_request() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    for ahead in [SMUGGLED, "\u{81}\u{85}frame\r\n\r\n", "GET /hidden HTTP/1.1\nHost: h\n\n", "0\r\n\r\n"] {
        provider.forget();
        let mut connection = connect(&app).await;
        connection.write(format!("{UPGRADE}{ahead}")).await.unwrap();
        assert_eq!(statuses(connection).await, [204], "{ahead:?}");
        assert_eq!(targets(&provider), ["/v1/realtime"], "{ahead:?}");
    }
}

#[tokio::test]
async fn what_was_sent_ahead_of_a_101_and_refused_never_reaches_the_tunnel() {
    let (app, provider) = served().await;
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    provider.otherwise(Answer::steps([Step::Send(switch.into()), Step::Echo]));
    for (ahead, echoed) in [("as it is", "as it is"), ("a line\r\n", "a line\r\n"), ("two\nlines\n", "")] {
        let mut connection = connect(&app).await;
        connection.write(format!("{UPGRADE}{ahead}")).await.unwrap();
        let response = connection.response("GET").await.unwrap();
        assert_eq!(response.status, 101, "{ahead:?}");
        let mut connection = response.into_connection();
        let came = connection.read().await.unwrap();
        assert_eq!(came, echoed, "{ahead:?}");
    }
}

#[tokio::test]
async fn a_client_that_gives_up_in_its_body_leaves_no_half_request() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::new(204));
    let long = "x".repeat(600_000);
    for framing in [format!("Content-Length: 700000\r\n\r\n{{\"model\":\"m\",\"x\":\"{long}"), {
        format!("Transfer-Encoding: chunked\r\n\r\naae60\r\n{{\"model\":\"m\",\"x\":\"{long}")
    }] {
        let mut connection = connect(&app).await;
        connection.write(format!("{POST}{framing}")).await.unwrap();
        drop(connection);
    }
    for number in [1, 2] {
        provider.wait_client_gone(number).await;
    }
    assert!(provider.requests().iter().all(|request| !request.complete), "no body looks whole");
    assert_eq!(group.request("GET", "/v1/x").fetch().await.status, 204);
}
