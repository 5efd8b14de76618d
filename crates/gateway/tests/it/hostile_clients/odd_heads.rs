//! Heads that are read in one way only, and try to change what goes to the provider.

use testkit::provider::{Answer, Received};

use super::{connect, served, statuses};
use crate::support::app_and_provider;

/// What the provider must see of a request whose body is `whole`, whatever its client says.
fn is_ours(got: &Received, credential: (&str, &str), host: &str) -> bool {
    let one = |name: &str, value: &str| got.headers.all(name) == [value];
    one(credential.0, credential.1)
        && one("host", host)
        && one("content-length", "5")
        && got.text() == "whole"
        && !got.headers.has("connection")
}

#[tokio::test]
async fn a_client_can_not_have_our_fields_dropped() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    for (channel, credential) in [
        ("openai", ("authorization", "Bearer sk-1")),
        ("openai-response", ("authorization", "Bearer sk-1")),
        ("anthropic", ("x-api-key", "sk-1")),
        ("gemini", ("x-goog-api-key", "sk-1")),
    ] {
        app.group(channel).channel(channel).upstream(&provider.url()).keys(["sk-1"]).create().await;
        for named in [
            "authorization",
            "Authorization, x-api-key, X-Goog-Api-Key, api-key",
            "host",
            "content-length",
            "content-length, transfer-encoding, host, connection, te, upgrade",
            "close, authorization\r\nConnection: x-api-key\r\nconnection: ,,host ,\tx-goog-api-key",
            "\"authorization\", \u{e9}",
        ] {
            let head = format!("POST /proxy/{channel}/v1/x HTTP/1.1\r\nHost: h\r\nx-api-key: pk-{channel}\r\n");
            let mut connection = connect(&app).await;
            let body = "Content-Length: 5\r\nConnection: close\r\n\r\nwhole";
            connection.write(format!("{head}Connection: {named}\r\n{body}")).await.unwrap();
            assert_eq!(statuses(connection).await, [204], "{channel} {named:?}");
            let got = provider.last_request();
            assert!(is_ours(&got, credential, &provider.addr().to_string()), "{channel} {named:?}: {:?}", got.raw_head);
        }
    }
}

#[tokio::test]
async fn a_client_can_not_name_our_key_or_host_a_second_time() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    let mut connection = connect(&app).await;
    let fields = "Host: elsewhere.example\r\nX-Api-Key: pk-g\r\nauthorization: Bearer evil\r\nAUTHORIZATION: Basic ZXZpbA==\r\n\
                  api-key: evil\r\nX-Forwarded-Host: elsewhere.example\r\nX-Goog-Api-Key: evil\r\nContent-Length: 5\r\n";
    let line = "POST /proxy/g/v1/x?key=pk-g&key=evil HTTP/1.1\r\n";
    connection.write(format!("{line}{fields}Connection: close\r\n\r\nwhole")).await.unwrap();
    assert_eq!(statuses(connection).await, [204]);
    let got = provider.last_request();
    assert!(is_ours(&got, ("authorization", "Bearer sk-1"), &provider.addr().to_string()), "{:?}", got.raw_head);
    let head = String::from_utf8_lossy(&got.raw_head);
    assert!(!head.contains("evil") && !head.contains("elsewhere") && !head.contains("pk-g"), "{head}");
}

#[tokio::test]
async fn trailers_can_not_say_what_the_head_has_said() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    let long = "x".repeat(600_000);
    let names =
        "Authorization, Content-Length, Transfer-Encoding, Host, Connection, X-Sum, Content-Encoding, X-Api-Key";
    let head = format!("POST /proxy/g/v1/x HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\nTrailer: {names}\r\n");
    let trailers = "Authorization: Bearer evil\r\nContent-Length: 999\r\nTransfer-Encoding: gzip\r\nHost: evil\r\n\
                    Connection: close\r\nContent-Encoding: gzip\r\nX-Api-Key: evil\r\nX-Sum: 9\r\n";
    for body in ["whole", &long] {
        let mut connection = connect(&app).await;
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n{trailers}\r\n", body.len());
        let framing = "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        connection.write(format!("{head}{framing}{chunk}")).await.unwrap();
        assert_eq!(statuses(connection).await, [204]);
        let got = provider.last_request();
        assert!(got.text() == body && got.headers.all("authorization") == ["Bearer sk-1"], "{:?}", got.raw_head);
        assert!(got.trailers.names().iter().all(|name| name.eq_ignore_ascii_case("x-sum")), "{:?}", got.trailers);
    }
}

#[tokio::test]
async fn odd_but_lawful_heads_are_served() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    for (line, fields) in [
        ("\r\n\r\nGET /proxy/g/v1/x HTTP/1.1", "Host: h\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "host:h\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Host:\t h \t\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Host: \r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Host: h\r\nX-Text: \u{6a21}\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Host: h\r\nX-Empty:\r\n!#$%&'*+-.^_`|~: 1\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.0", ""),
        ("PROPFIND /proxy/g/v1/x HTTP/1.1", "Host: h\r\n"),
        ("GET /proxy/g/v1/x HTTP/1.1", "Host: h\r\nExpect: 100-continue\r\n"),
        ("POST /proxy/g/v1/x HTTP/1.1", "Host: h\r\nExpect: something\r\nContent-Length: 0\r\n"),
        ("GET /proxy/g/v1/x#there HTTP/1.1", "Host: h\r\n"),
    ] {
        let mut connection = connect(&app).await;
        let request = format!("{line}\r\n{fields}x-api-key: pk-g\r\nConnection: close\r\n\r\n");
        connection.write(&request).await.unwrap();
        let answer = connection.read_to_end().await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 204 ") || answer.starts_with("HTTP/1.0 204 "), "{request:?}: {answer}");
        assert_eq!(provider.last_request().target, "/v1/x", "{request:?}");
    }
}
