use proptest::prelude::*;

use super::{FirstEvent, HOLD_LIMIT_BYTES, Verdict};

/// The verdict on a whole stream that comes in chunks of these sizes, the last one again and again.
fn verdict(stream: &[u8], sizes: &[usize]) -> Verdict {
    let mut scanner = FirstEvent::new();
    let mut rest = stream;
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(sizes.last().copied().unwrap_or(usize::MAX)));
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        match scanner.push(chunk) {
            Verdict::NeedMore => rest = tail,
            decided => return decided,
        }
    }
    scanner.finish()
}

fn error(status: u16, body: &str) -> Verdict {
    Verdict::Error { status, body: body.as_bytes().to_vec() }
}

#[test]
fn the_first_data_event_decides() {
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let openai = r#"{"error":{"message":"m","type":"server_error","code":null}}"#;
    let failed = r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"}}}"#;
    let cases = [
        ("data: {\"choices\":[]}\n\n".to_owned(), Verdict::Data),
        ("data: {\"choices\":[],\"error\":null}\n\n".to_owned(), Verdict::Data),
        ("event: message_start\r\ndata: {\"type\":\"message_start\"}\r\n\r\n".to_owned(), Verdict::Data),
        ("data: plain text\n\n".to_owned(), Verdict::Data),
        ("data: [1,2]\n\n".to_owned(), Verdict::Data),
        (format!("event: error\ndata: {overloaded}\n\n"), error(529, overloaded)),
        (
            format!("event: ping\ndata: {{\"type\": \"ping\"}}\n\nevent: error\ndata: {overloaded}\n\n"),
            error(529, overloaded),
        ),
        (format!("data: {{\"type\":\"ping\"}}\n\ndata: {overloaded}\n\n"), error(529, overloaded)),
        (format!(": OPENROUTER PROCESSING\n\n\ndata: {openai}\n\n"), error(500, openai)),
        (format!("event: response.failed\ndata: {failed}\n\n"), error(429, failed)),
        ("event: error\ndata: no JSON\n\n".to_owned(), error(500, "no JSON")),
        ("data:{\"error\":\"text\"}\r\rdata: {}\r\r".to_owned(), error(500, "{\"error\":\"text\"}")),
        ("data: [{\"error\":{\"code\":503}}]\n\n".to_owned(), error(503, "[{\"error\":{\"code\":503}}]")),
        ("data: {\"error\":\ndata: {\"code\":429}}\n\n".to_owned(), error(429, "{\"error\":\n{\"code\":429}}")),
        ("\u{feff}data: {\"error\":{\"code\":429}}".to_owned(), error(429, "{\"error\":{\"code\":429}}")),
        (format!("id: 1\nretry: 5\nevent: error\n\ndata: {{}}\n\ndata: {openai}\n\n"), Verdict::Data),
    ];
    for (stream, expected) in cases {
        for sizes in [&[][..], &[1], &[3, 1, 7], &[17]] {
            assert_eq!(verdict(stream.as_bytes(), sizes), expected, "{stream:?} in {sizes:?}");
        }
    }
}

#[test]
fn a_stream_without_data_is_empty() {
    for stream in [
        "",
        "\n\n",
        ": comment\n\n",
        "data: [DONE]\n\n",
        "data:\n\n",
        "event: ping\ndata: {}\n\n",
        "event: error\n\n",
        "nonsense",
    ] {
        assert_eq!(verdict(stream.as_bytes(), &[]), Verdict::Empty, "{stream:?}");
    }
}

#[test]
fn a_bare_error_body_under_the_wrong_content_type_is_an_error() {
    let body = "{\n  \"error\": {\n    \"code\": 429\n  }\n}\n";
    assert_eq!(verdict(body.as_bytes(), &[5]), error(429, body));
}

#[test]
fn nothing_is_decided_before_the_event_is_complete() {
    let mut scanner = FirstEvent::new();
    for part in [": hi\n", "event: error\n", "data: {\"error\":", "{\"code\":500}}", "\n"] {
        assert_eq!(scanner.push(part.as_bytes()), Verdict::NeedMore, "{part:?}");
    }
    let decided = error(500, "{\"error\":{\"code\":500}}");
    assert_eq!(scanner.push(b"\n"), decided);
    assert_eq!(scanner.push(b"data: {}\n\n"), decided, "the verdict stays");
    assert_eq!(scanner.finish(), decided);
}

#[test]
fn no_more_is_held_than_the_limit() {
    let stream = format!(":{}\ndata: {{\"error\":\"late\"}}\n\n", "x".repeat(HOLD_LIMIT_BYTES));
    assert_eq!(verdict(stream.as_bytes(), &[1000]), Verdict::Data);
    let mut scanner = FirstEvent::new();
    assert_eq!(scanner.push(&vec![b':'; HOLD_LIMIT_BYTES]), Verdict::NeedMore);
    assert_eq!(scanner.push(b":"), Verdict::Data);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_verdict(
        stream in "(data:|event:|: ?|error|ping|\\[DONE\\]|\\{\"error\":\\{\"code\":429\\}\\}|\\{\\}| |\r\n|\r|\n){0,30}",
        sizes in prop::collection::vec(1usize..20, 1..6),
    ) {
        prop_assert_eq!(verdict(stream.as_bytes(), &sizes), verdict(stream.as_bytes(), &[]));
    }

    #[test]
    fn any_bytes_in_any_chunking_give_the_same_verdict(
        stream in prop::collection::vec(any::<u8>(), 0..300),
        sizes in prop::collection::vec(1usize..50, 1..6),
    ) {
        prop_assert_eq!(verdict(&stream, &sizes), verdict(&stream, &[]));
    }

    #[test]
    fn long_streams_in_any_chunking_give_the_same_verdict(comment in HOLD_LIMIT_BYTES - 60..HOLD_LIMIT_BYTES + 10, size in 1usize..5000) {
        let stream = format!(":{}\n\ndata: {{\"error\":{{\"code\":429}}}}\n\n", "x".repeat(comment));
        prop_assert_eq!(verdict(stream.as_bytes(), &[size]), verdict(stream.as_bytes(), &[]));
    }
}
