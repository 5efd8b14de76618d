//! What is no answer, or could be read in two ways, is told as a broken head; what is odd but plain passes.

use testkit::provider::{Answer, Step};

use super::tried_once;
use crate::support::app_and_provider;

#[tokio::test]
async fn what_is_no_answer_is_a_502_and_blames_no_key() {
    let (app, provider, group) = tried_once().await;
    let (fields, long) = ("x: y\r\n".repeat(300), format!("x: {}\r\n", "y".repeat(70_000)));
    for answer in [
        "",
        "\0\0\u{12}\u{4}",
        "<html>no head</html>",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 OK 200\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: nul\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\rset-cookie: evil=1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n set-cookie: evil=1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nevil",
        &format!("HTTP/1.1 200 OK\r\n{fields}\r\n"),
        &format!("HTTP/1.1 200 OK\r\n{long}\r\n"),
        &"HTTP/1.1 100 Continue\r\n\r\n".repeat(50_000),
    ] {
        let steps = [Step::Send(answer.to_owned().into()), Step::Close];
        provider.otherwise(Answer::steps(steps));
        let reply = group.chat("m").fetch().await;
        let name = &answer[..answer.len().min(80)];
        assert_eq!((reply.status, &reply.json()["code"]), (502, &"UPSTREAM_UNREACHABLE".into()), "{name:?}");
        assert!(!reply.text().contains("evil") && !reply.headers.has("set-cookie"), "{name:?}: {}", reply.text());
    }
    assert_eq!(app.key(&group, "sk-1").await["failure_count"], 0);
}

#[tokio::test]
async fn a_head_without_end_is_given_up_without_filling_memory() {
    let (app, provider, group) = tried_once().await;
    let before = app.memory_bytes();
    for endless in ["HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n", "x: y\r\n", "y"] {
        let much = endless.repeat((64 << 20) / endless.len());
        let head = Step::Send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n".into());
        let end = if endless.starts_with("HTTP") { "\r\n" } else { "" };
        provider.otherwise(Answer::steps([head, Step::Send(end.into()), Step::Send(much.into()), Step::Hang]));
        assert_eq!(group.chat("m").fetch().await.status, 502, "{endless:?}");
    }
    provider.wait_client_gone(3).await;
    assert!(app.memory_bytes() < before + (16 << 20), "{before} bytes before, {} now", app.memory_bytes());
}

#[tokio::test]
async fn odd_values_pass_and_split_nothing() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    for (fields, name, values) in [
        ("X-Odd: na\u{ef}ve \u{6a21}\r\n", "x-odd", vec!["na\u{ef}ve \u{6a21}"]),
        ("X-Odd: a\tb\r\n", "x-odd", vec!["a\tb"]),
        ("X-Odd: %0d%0aSet-Cookie: evil=1\r\n", "x-odd", vec!["%0d%0aSet-Cookie: evil=1"]),
        ("X-Odd: \u{85}\u{2028}x: y\r\n", "x-odd", vec!["\u{85}\u{2028}x: y"]),
        ("X-Odd:\r\nX-Odd: \t \r\n", "x-odd", vec!["", ""]),
        ("X-Odd: one\nX-Odd: two\n", "x-odd", vec!["one", "two"]),
        ("Content-Type: text/event-stream\u{ef}\r\n", "content-type", vec!["text/event-stream\u{ef}"]),
        ("Retry-After: \u{ef}\r\n", "retry-after", vec!["\u{ef}"]),
        ("Location: //evil/\u{ef}\r\n", "location", vec!["//evil/\u{ef}"]),
    ] {
        provider.otherwise(Answer::raw(format!("HTTP/1.1 203 Odd\r\n{fields}Content-Length: 2\r\n\r\nok")));
        let response = group.request("GET", "/v1/x").send().await;
        let raw = String::from_utf8_lossy(&response.raw_head).into_owned();
        assert_eq!(response.headers.all(name), values, "{fields:?}");
        assert!(raw.lines().all(|line| !line.to_ascii_lowercase().starts_with("set-cookie")), "{raw}");
        assert!(raw.bytes().filter(|byte| *byte == b'\n').count() == raw.matches("\r\n").count(), "{raw:?}");
        assert_eq!(response.finish().await.unwrap().0.body, "ok", "{fields:?}");
    }
}

#[tokio::test]
async fn fields_that_the_provider_has_dropped_can_not_be_ours() {
    let (_app, provider, group) = tried_once().await;
    let named = "Connection: content-length, content-type, date, x-gpt-load-request-id, transfer-encoding, close\r\n";
    let answer = format!("HTTP/1.1 200 OK\r\n{named}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
    provider.otherwise(Answer::raw(answer));
    let reply = group.request("GET", "/v1/x").fetch().await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "ok"));
    assert!(reply.headers.has("x-gpt-load-request-id") && !reply.headers.has("connection"), "{:?}", reply.headers);
}
