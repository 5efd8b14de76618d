use std::time::Duration;

use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::{AsyncReadExt, duplex};

use super::*;
use crate::{Budget, Keep, Replay, SourceFailure};

/// A body that is sent by chunks.
fn streamed(frames: Vec<Frame<Bytes>>) -> RequestBody {
    let frames = frames.into_iter().map(Ok::<_, SourceFailure>);
    let source = StreamBody::new(futures_util::stream::iter(frames));
    let keep = Keep { limit_bytes: 1 << 20, reservation: Budget::new(1 << 20).reserve(0).expect("budget") };
    Replay::new(Bytes::new(), source, keep, Duration::MAX).attempt()
}

/// Target, a field, the body, and what is to go out.
type Case<'c> = (&'c str, Option<(&'c str, &'c str)>, &'c dyn Fn() -> RequestBody, &'c str);

/// What goes out when the socket takes `room` bytes at once.
async fn sent(request: Request<RequestBody>, room: usize) -> String {
    let (mut ours, mut theirs) = duplex(room);
    let mut upload = Upload::new(request);
    let write = async {
        std::future::poll_fn(|cx| upload.poll(cx, &mut ours)).await.expect("an open connection");
        drop(ours);
    };
    let mut sent = String::new();
    let (read, ()) = tokio::join!(theirs.read_to_string(&mut sent), write);
    read.expect("text");
    sent
}

#[tokio::test]
async fn nothing_is_sent_of_a_body_that_is_broken_from_the_beginning() {
    let frames = [Err::<Frame<Bytes>, _>(SourceFailure::Malformed)];
    let mut asked = false;
    let mut frames = frames.into_iter();
    // As a connection that reads its body when it is asked for it.
    let source = futures_util::stream::poll_fn(move |cx| {
        asked = !asked;
        if asked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(frames.next())
    });
    let keep = Keep { limit_bytes: 1 << 20, reservation: Budget::new(1 << 20).reserve(0).expect("budget") };
    let replay = Replay::new(Bytes::from_static(b"begin"), StreamBody::new(source), keep, Duration::MAX);
    let (mut ours, mut theirs) = duplex(1 << 16);
    let mut upload = Upload::new(Request::post("/").body(replay.attempt()).expect("a request"));
    let outcome = std::future::poll_fn(|cx| upload.poll(cx, &mut ours)).await;
    assert!(matches!(outcome, Err(ExchangeError::Body(_))), "{outcome:?}");
    drop(ours);
    let mut sent = String::new();
    theirs.read_to_string(&mut sent).await.expect("text");
    assert_eq!(sent, "");
}

#[tokio::test]
async fn a_request_goes_out_whole_however_little_is_taken_at_once() {
    let data = |text: &'static str| Frame::data(Bytes::from_static(text.as_bytes()));
    let trailers = |names: &[&'static str]| {
        Frame::trailers(
            names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("v"))).collect(),
        )
    };
    let all_of_many = format!("POST /a?b HTTP/1.1\r\n\r\n{}0\r\n\r\n", "1\r\nx\r\n".repeat(100));
    let large = format!("POST /a?b HTTP/1.1\r\n\r\n1\r\nx\r\n1388\r\n{}\r\n1\r\nz\r\n0\r\n\r\n", "y".repeat(5000));
    let cases: [Case; 8] = [
        ("/", None, &RequestBody::empty, "POST / HTTP/1.1\r\n\r\n"),
        ("http://h:1/a?b", None, &RequestBody::empty, "POST http://h:1/a?b HTTP/1.1\r\n\r\n"),
        (
            "/a?b",
            Some(("x-Y", "\u{e9}")),
            &|| RequestBody::full("{}".into()),
            "POST /a?b HTTP/1.1\r\nx-y: \u{e9}\r\n\r\n{}",
        ),
        ("/a?b", None, &|| streamed(vec![]), "POST /a?b HTTP/1.1\r\n\r\n0\r\n\r\n"),
        (
            "/a?b",
            None,
            &|| streamed(vec![data(""), data("0123456789abcdef"), data(""), data("g")]),
            "POST /a?b HTTP/1.1\r\n\r\n10\r\n0123456789abcdef\r\n1\r\ng\r\n0\r\n\r\n",
        ),
        ("/a?b", None, &|| streamed((0..100).map(|_| data("x")).collect()), &all_of_many),
        ("/a?b", None, &|| streamed(vec![data("x"), Frame::data(vec![b'y'; 5000].into()), data("z")]), &large),
        (
            "/",
            Some(("trailer", "x-b, Host,X-A")),
            &|| streamed(vec![data("g"), trailers(&["x-a", "host", "x-c"])]),
            "POST / HTTP/1.1\r\ntrailer: x-b, Host,X-A\r\n\r\n1\r\ng\r\n0\r\nx-a: v\r\n\r\n",
        ),
    ];
    for (uri, field, body, expected) in cases {
        for room in [1, 7, 1 << 16] {
            let request = Request::post(uri);
            let request = field.into_iter().fold(request, |request, (name, value)| request.header(name, value));
            assert_eq!(sent(request.body(body()).expect("a request"), room).await, expected, "{room} at once");
        }
    }
}
