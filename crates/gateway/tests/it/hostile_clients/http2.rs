//! HTTP/2: what HTTP/1 knows as framing is the library's affair there, but what it lets through is ours.

use std::time::Duration;

use testkit::app::App;
use testkit::gate::Gate;
use testkit::http::Request;
use testkit::provider::{Answer, MockProvider};
use tokio::time::sleep;

use super::served;
use crate::support::builder;
use frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, End, GOAWAY, HEADERS, INITIAL_WINDOW, PING, RST_STREAM, Raw,
    SETTINGS, block, frame,
};

mod frames;

const HEAD: [(&str, &str); 5] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "h"),
    (":path", "/proxy/g/v1/x"),
    ("authorization", "Bearer pk-g"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&HEAD[..], more].concat()
}

/// One field of the head said otherwise.
fn but<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    HEAD.iter().map(|(n, v)| if *n == name { (*n, value) } else { (*n, *v) }).collect()
}

async fn is_well(app: &App) {
    assert_eq!(Request::get(&app.url("/health")).fetch().await.status, 200);
    assert!(!app.output().contains("WARN"), "a client fills the log");
}

#[tokio::test]
async fn a_request_that_would_be_another_one_in_http_1_goes_nowhere() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::new(204));
    assert_eq!(Raw::open(&app, &[]).await.ask(1, &HEAD, b"ab").await, End::Status(204));
    provider.forget();
    let smuggled = "x\r\nX-Y: z\r\n\r\nGET /smuggled HTTP/1.1";
    for (fields, body) in [
        (with(&[("transfer-encoding", "chunked")]), "0\r\n\r\n"),
        (with(&[("connection", "close")]), ""),
        (with(&[("connection", "authorization")]), ""),
        (with(&[("keep-alive", "1")]), ""),
        (with(&[("proxy-connection", "close")]), ""),
        (with(&[("upgrade", "websocket")]), ""),
        (with(&[("te", "gzip")]), ""),
        (with(&[("content-length", "1")]), "ab"),
        (with(&[("content-length", "3")]), "ab"),
        (with(&[("content-length", "2"), ("content-length", "3")]), "ab"),
        (with(&[("content-length", "+2")]), "ab"),
        (with(&[("content-length", "2, 2")]), "ab"),
        (with(&[("x-y", smuggled)]), ""),
        (with(&[("x-y", "nul\0")]), ""),
        (with(&[("x\r\ny", "z")]), ""),
        (with(&[("x y", "z")]), ""),
        (with(&[("x:y", "z")]), ""),
        (with(&[("X-Y", "z")]), ""),
        (with(&[("", "z")]), ""),
        (with(&[(":path", "/proxy/g/smuggled")]), ""),
        (with(&[(":unknown", "z")]), ""),
        (with(&[(":status", "200")]), ""),
        (with(&[("host", "h"), ("host", "i")]), ""),
        (but(":path", smuggled), ""),
        (but(":path", "/proxy/g/x HTTP/1.1\r\n\r\nGET /smuggled"), ""),
        (but(":path", "/proxy/g/a b"), ""),
        (but(":path", ""), ""),
        (but(":method", "GET /smuggled HTTP/1.1\r\n\r\nGET"), ""),
        (but(":method", ""), ""),
        (HEAD[1..].to_vec(), ""),
        (HEAD.iter().copied().filter(|(name, _)| *name != ":path").collect(), ""),
        (HEAD.iter().rev().copied().collect(), ""),
    ] {
        let end = Raw::open(&app, &[]).await.ask(1, &fields, body.as_bytes()).await;
        let is_refused = matches!(end, End::Reset | End::Closed | End::Status(400));
        assert!(is_refused, "{fields:?} {body:?}: {end:?}");
    }
    assert!(provider.requests().iter().all(|request| !request.complete), "{:?}", provider.requests());
    is_well(&app).await;
}

#[tokio::test]
async fn a_connect_request_and_a_target_elsewhere_are_no_proxy() {
    let (app, provider) = served().await;
    let connect = [(":method", "CONNECT"), (":authority", "h:80"), ("authorization", "Bearer pk-g")];
    let end = Raw::open(&app, &[]).await.ask(1, &connect, b"").await;
    assert!(matches!(end, End::Status(400..500) | End::Reset), "{end:?}");
    // The host is not ours to judge: the request goes to the group's upstream like any other.
    provider.otherwise(Answer::new(204));
    assert_eq!(Raw::open(&app, &[]).await.ask(1, &but(":authority", "elsewhere"), b"").await, End::Status(204));
    assert_eq!(provider.last_request().header("host"), Some(provider.addr().to_string().as_str()));
}

#[tokio::test]
async fn heads_have_the_same_limits() {
    let (app, provider) = served().await;
    let long = "x".repeat(70_000);
    let mut raw = Raw::open(&app, &[]).await;
    let block = block(&with(&[("x-long", &long)]));
    let mut pieces = block.chunks(16_000).peekable();
    let mut kind = HEADERS;
    while let Some(piece) = pieces.next() {
        let flags = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        let flags = if kind == HEADERS { flags | END_STREAM } else { flags };
        raw.send(kind, flags, 1, piece).await.unwrap();
        kind = CONTINUATION;
    }
    assert_eq!(raw.end(1).await, End::Status(431));
    let path = format!("/proxy/g/{}", "y".repeat(15_000) + &"%20".repeat(1_000));
    // Two frames: one may hold 16 KiB.
    let head = frames::block(&but(":path", &path));
    let (first, second) = head.split_at(10_000);
    let mut raw = Raw::open(&app, &[]).await;
    raw.send(HEADERS, END_STREAM, 1, first).await.unwrap();
    raw.send(CONTINUATION, END_HEADERS, 1, second).await.unwrap();
    assert_eq!(raw.end(1).await, End::Status(414));
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn a_header_block_without_end_ends_the_connection() {
    let (app, provider) = served().await;
    for piece in [&b"\0\x01x\x01y"[..], b""] {
        let mut raw = Raw::open(&app, &[]).await;
        raw.send(HEADERS, END_STREAM, 1, &block(&HEAD)).await.unwrap();
        raw.flood(|| frame(CONTINUATION, 0, 1, piece).repeat(1_000)).await;
    }
    assert_eq!(provider.count(), 0);
    is_well(&app).await;
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::hang());
    let mut raw = Raw::open(&app, &[]).await;
    let mut streams = (0..).map(|at| 2 * at + 1);
    raw.flood(|| {
        let taken_back = |stream| {
            let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&HEAD));
            [head, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        };
        streams.by_ref().take(500).flat_map(taken_back).collect()
    })
    .await;
    is_well(&app).await;
    assert!(provider.count() < 1_000, "{} requests went to the provider", provider.count());
}

#[tokio::test]
async fn faulty_requests_one_after_another_end_the_connection() {
    let (app, _provider) = served().await;
    let mut raw = Raw::open(&app, &[]).await;
    let faulty = block(&with(&[("connection", "close")]));
    let mut streams = (0..).map(|at| 2 * at + 1);
    raw.flood(|| {
        let faulty = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &faulty);
        streams.by_ref().take(100).flat_map(faulty).collect()
    })
    .await;
    is_well(&app).await;
}

#[tokio::test]
async fn more_requests_at_once_than_allowed_are_refused() {
    let (app, provider) = served().await;
    provider.otherwise(Answer::hang());
    let mut raw = Raw::open(&app, &[]).await;
    for at in 0..256 {
        raw.send(HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, &block(&HEAD)).await.unwrap();
    }
    provider.wait_for(256).await;
    assert!(matches!(raw.ask(513, &HEAD, b"").await, End::Reset | End::Closed));
    assert_eq!(provider.requests().len(), 256);
    drop(raw);
    provider.wait_client_gone(256).await;
}

/// Frames that want an answer, from a client that reads none, make no memory grow.
#[tokio::test]
async fn floods_that_ask_for_answers_are_held_back() {
    let (app, _provider) = served().await;
    let before = app.memory_bytes();
    for (flood, payload) in [(SETTINGS, &[][..]), (PING, &[0; 8]), (SETTINGS, &[0, INITIAL_WINDOW, 0, 0, 1, 0])] {
        let mut raw = Raw::open(&app, &[]).await;
        let stream = 0;
        let frames = frame(flood, 0, stream, payload).repeat(10_000);
        // It is cut off, or held back until the test has had enough.
        for _ in 0..200 {
            if !matches!(raw.try_send_all(&frames).await, Some(Ok(()))) {
                break;
            }
        }
        assert!(app.memory_bytes() < before + (32 << 20), "{before} before, {} now", app.memory_bytes());
    }
    is_well(&app).await;
}

#[tokio::test]
async fn empty_pieces_of_a_body_without_end_are_not_gathered() {
    let (app, _provider) = served().await;
    let before = app.memory_bytes();
    let mut raw = Raw::open(&app, &[]).await;
    raw.send(HEADERS, END_HEADERS, 1, &block(&HEAD)).await.unwrap();
    let flood = frame(DATA, 0, 1, b"").repeat(10_000);
    for _ in 0..200 {
        if raw.send_all(&flood).await.is_err() {
            break;
        }
    }
    assert!(app.memory_bytes() < before + (16 << 20), "{before} before, {} now", app.memory_bytes());
    is_well(&app).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let app = builder().env("SERVER_WRITE_TIMEOUT", "1").env("SERVER_IDLE_TIMEOUT", "1").start().await;
    let provider = MockProvider::start();
    app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    provider.otherwise(Answer::with_body(200, "application/octet-stream", vec![0; 8 << 20]));
    for window in [0, 1000] {
        let mut raw = Raw::open(&app, &[(INITIAL_WINDOW, window)]).await;
        raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&HEAD)).await.unwrap();
        // At most until it has been looked for once, and then for as long as it may take.
        while raw.next().await.is_some() {}
    }
    provider.wait_client_gone(2).await;
    // One that waits for its answer is not, however long it takes.
    let gate = Gate::default();
    provider.otherwise(Answer::with_body(200, "text/plain", "late").gate(&gate));
    let mut raw = Raw::open(&app, &[]).await;
    raw.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&HEAD)).await.unwrap();
    gate.reached(1).await;
    sleep(Duration::from_millis(2500)).await;
    gate.open();
    assert_eq!(raw.end(1).await, End::Status(200));
}

#[tokio::test]
async fn what_is_no_http_2_after_its_preface_ends_the_connection() {
    let (app, provider) = served().await;
    for nonsense in
        [&b"GET /proxy/g/smuggled HTTP/1.1\r\nHost: h\r\nx-api-key: pk-g\r\n\r\n"[..], &[0xff; 64], &[0; 64]]
    {
        let mut raw = Raw::open(&app, &[]).await;
        let _ = raw.send_all(nonsense).await;
        while let Some(frame) = raw.next().await {
            assert!(matches!(frame.kind, SETTINGS | GOAWAY | 8), "{frame:?}");
        }
    }
    let mut raw = Raw::open(&app, &[]).await;
    raw.send(SETTINGS, ACK, 0, &[]).await.unwrap();
    raw.send(PING, 0, 1, &[0; 8]).await.unwrap();
    assert_eq!(raw.end(1).await, End::Closed);
    assert_eq!(provider.count(), 0);
}
