//! From an answer to the steps on the wire, for one request: HEAD, HTTP/1.0 and `Connection: close` are seen to here.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::answer::{Answer, At, Fault, Framing, Step};
use crate::http::{chunk_of, field, last_chunk};

/// What the form of an answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The method is HEAD.
    pub(super) head_only: bool,
    /// The client speaks HTTP/1.0: no chunks.
    pub(super) http10: bool,
    /// The connection ends after this answer.
    pub(super) close: bool,
}

/// Everything to do for this answer, in order.
pub(super) fn steps(answer: &Answer, asked: Asked) -> Vec<Step> {
    let mut steps = answer.before.clone();
    let framing = match answer.framing {
        Framing::Raw => {
            steps.extend(answer.body.iter().cloned());
            return steps;
        }
        Framing::Chunked if asked.http10 => Framing::ToEnd,
        framing => framing,
    };
    let head = head(answer, framing, asked.close);
    match answer.fault {
        Some((At::BeforeHead, fault)) => steps.push(fault.into()),
        Some((At::MidHead, fault)) => steps.extend([Step::Send(head.slice(..head.len() / 2)), fault.into()]),
        _ if asked.head_only || has_no_body(answer.status) => steps.push(Step::Send(head)),
        fault => {
            let body = match fault {
                Some((At::Body(bytes), fault)) => cut(&answer.body, bytes, fault),
                _ => answer.body.clone(),
            };
            steps.extend(framed(head, body, framing, answer));
        }
    }
    if asked.close || matches!(framing, Framing::ToEnd | Framing::Declared(_)) {
        steps.push(Step::Close);
    }
    steps
}

/// The status line and fields of an answer in this framing; `Raw` adds no field of its own.
pub(super) fn head(answer: &Answer, framing: Framing, close: bool) -> Bytes {
    let reason = StatusCode::from_u16(answer.status).ok().and_then(|s| s.canonical_reason()).unwrap_or_default();
    let mut text = String::with_capacity(512);
    write!(text, "HTTP/1.1 {} {reason}\r\n", answer.status).expect("writing to a string");
    for (name, value) in &answer.headers {
        field(&mut text, name, value);
    }
    match framing {
        Framing::Length if has_no_body(answer.status) => {}
        Framing::Length => field(&mut text, "content-length", &body_len(answer).to_string()),
        Framing::Declared(length) => field(&mut text, "content-length", &length.to_string()),
        Framing::Chunked => field(&mut text, "transfer-encoding", "chunked"),
        Framing::ToEnd | Framing::Raw => {}
    }
    if close || framing == Framing::ToEnd {
        field(&mut text, "connection", "close");
    }
    Bytes::from(text + "\r\n")
}

fn has_no_body(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

fn body_len(answer: &Answer) -> usize {
    answer.body.iter().map(|step| if let Step::Send(data) = step { data.len() } else { 0 }).sum()
}

/// Head and first piece of a body with a length leave in one write, as real servers do it.
fn framed(head: Bytes, body: Vec<Step>, framing: Framing, answer: &Answer) -> Vec<Step> {
    let mut steps = vec![Step::Send(head)];
    for step in body {
        match (step, steps.as_mut_slice()) {
            (Step::Send(data), _) if framing == Framing::Chunked => {
                if !data.is_empty() {
                    steps.push(Step::Send(chunk_of(&data)));
                }
            }
            (Step::Send(data), [Step::Send(head)]) => {
                let mut joined = BytesMut::from(&head[..]);
                joined.extend_from_slice(&data);
                *head = joined.freeze();
            }
            (step, _) => steps.push(step),
        }
    }
    if framing == Framing::Chunked {
        steps.push(Step::Send(last_chunk(&answer.trailers)));
    }
    steps
}

/// The first `bytes` of the body, then the fault.
fn cut(body: &[Step], bytes: usize, fault: Fault) -> Vec<Step> {
    let mut left = bytes;
    let mut kept = Vec::new();
    for step in body {
        match step {
            Step::Send(_) if left == 0 => break,
            Step::Send(data) => {
                let take = left.min(data.len());
                left -= take;
                kept.push(Step::Send(data.slice(..take)));
            }
            other => kept.push(other.clone()),
        }
    }
    kept.push(fault.into());
    kept
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Close => Self::Close,
            Fault::Reset => Self::Reset,
            Fault::Hang => Self::Hang,
        }
    }
}
