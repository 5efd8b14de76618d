//! The head of an event stream.
//!
//! Input: a line whose bytes are the lengths of the chunks, then the stream.

use domain::classify::first_event::{FirstEvent, HOLD_LIMIT_BYTES, Verdict};
use serde_json::Value;

use crate::input::{line, pieces, replaced};

/// The verdict does not depend on where chunks end, stays once it is given, and is the one a plain reading of the stream gives.
pub fn sse(data: &[u8]) {
    let (sizes, stream) = line(data);
    let verdict = judged([stream].into_iter());
    assert_eq!(judged(pieces(stream, sizes)), verdict, "cut into {sizes:?}");
    assert_eq!(judged(stream.chunks(1)), verdict, "byte by byte");
    let held = &stream[..stream.len().min(HOLD_LIMIT_BYTES)];
    let first = first_data(held);
    match verdict {
        Verdict::NeedMore => unreachable!("a stream that has ended is judged"),
        Verdict::Data => assert!(first.is_some() || stream.len() > HOLD_LIMIT_BYTES, "no event has data"),
        Verdict::Empty => assert_eq!(first, None, "an event has data"),
        Verdict::Error { status, body } => {
            assert!((400..600).contains(&status) && body.len() <= HOLD_LIMIT_BYTES);
            assert!(first.is_none_or(|first| first == body), "another event is the first");
        }
    }
}

fn judged<'s>(chunks: impl Iterator<Item = &'s [u8]>) -> Verdict {
    let mut scanner = FirstEvent::new();
    let mut given = Verdict::NeedMore;
    for chunk in chunks {
        let now = scanner.push(chunk);
        assert!(given == Verdict::NeedMore || given == now, "the verdict has changed");
        given = now;
    }
    let end = scanner.finish();
    assert!(given == Verdict::NeedMore || given == end, "the verdict has changed at the end");
    end
}

/// The data of the first event that has any, read as plainly as can be.
fn first_data(stream: &[u8]) -> Option<Vec<u8>> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let stream = replaced(stream, b"\r\n", "\n");
    let (mut event, mut data) = (Vec::new(), Vec::new());
    for line in stream.split(|byte| matches!(byte, b'\r' | b'\n')).chain([&b""[..]]) {
        if line.is_empty() {
            let text = data.trim_ascii();
            let kind = serde_json::from_slice::<Value>(text).ok().and_then(|value| value.get("type").cloned());
            let is_ping = event == b"ping" || kind.is_some_and(|kind| kind == "ping");
            if !text.is_empty() && text != b"[DONE]" && !is_ping {
                return Some(text.to_vec());
            }
            (event, data) = (Vec::new(), Vec::new());
        } else if let Some(value) = value_of(line, b"data") {
            data.extend_from_slice(value);
            data.push(b'\n');
        } else if let Some(value) = value_of(line, b"event") {
            event = value.to_vec();
        }
    }
    None
}

fn value_of<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let rest = line.strip_prefix(name)?;
    let value = if rest.is_empty() { rest } else { rest.strip_prefix(b":")? };
    Some(value.strip_prefix(b" ").unwrap_or(value))
}
