//! Cheap answers for measurements: nothing is recorded, heads are not kept, bytes are built once.
//!
//! `/bench/…` gives 1 KB of JSON, `?size=N` N bytes, `/bench/stream?chunks=N&every_ms=M` an event stream.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::answer::{Answer, Step};
use super::connection::{Connection, Next};
use super::render::{Asked, steps};
use crate::wire::Body;

const JSON_BYTES: usize = 1024;

/// What a benchmark asks for; the key under which its steps are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum BenchCall {
    Json,
    Bytes(usize),
    Stream { chunks: usize, every_ms: u64 },
}

/// The steps already built.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<HashMap<BenchCall, Vec<Step>>>);

impl Answers {
    fn steps(&self, call: &BenchCall) -> Vec<Step> {
        let mut built = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(call.clone()).or_insert_with(|| build(call)).clone()
    }
}

/// The benchmark call in this head, if it is one.
pub(super) fn call(raw_head: &[u8]) -> Option<BenchCall> {
    let mut words = raw_head.split(|b| *b == b' ');
    let target = words.nth(1)?;
    if !target.starts_with(b"/bench/") {
        return None;
    }
    let target = str::from_utf8(target).ok()?;
    let number = |name: &str| {
        let pairs = target.split_once('?')?.1.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?.1.parse().ok()
    };
    if target.starts_with("/bench/stream") {
        let every_ms = number("every_ms").unwrap_or(0);
        return Some(BenchCall::Stream { chunks: number("chunks").unwrap_or(10), every_ms: every_ms as u64 });
    }
    Some(number("size").map_or(BenchCall::Json, BenchCall::Bytes))
}

/// Whether the client wants the connection to end, told without building a header list.
pub(super) fn closes(raw_head: &[u8]) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(raw_head, text).is_some();
    has(b" HTTP/1.0\r\n") || has(b"\r\nConnection: close\r\n") || has(b"\r\nconnection: close\r\n")
}

/// Reads the body away and answers.
pub(super) async fn answer(
    connection: &mut Connection,
    mut body: Body,
    call: &BenchCall,
    close: bool,
) -> io::Result<Next> {
    while connection.wire.piece(&mut body).await?.is_some() {}
    connection.shared.stats.count();
    let steps = connection.shared.bench.steps(call);
    let played = connection.play(&steps).await;
    if close { Ok(Next::End) } else { connection.after(played).await }
}

fn build(call: &BenchCall) -> Vec<Step> {
    let answer = match *call {
        BenchCall::Json => Answer::with_body(200, "application/json", json_text()),
        BenchCall::Bytes(size) => Answer::with_body(200, "application/octet-stream", vec![b'x'; size]),
        BenchCall::Stream { chunks, every_ms } => stream(chunks, Duration::from_millis(every_ms)),
    };
    steps(&answer, Asked { head_only: false, http10: false, close: false })
}

fn stream(chunks: usize, every: Duration) -> Answer {
    let event = Bytes::from_static(
        b"data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\
        \"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n",
    );
    let done = Bytes::from_static(b"data: [DONE]\n\n");
    let answer = Answer::events(std::iter::repeat_n(event, chunks).chain([done]));
    if every.is_zero() { answer } else { answer.every(every) }
}

fn json_text() -> String {
    let start = "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\",\
        \"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\"";
    let end = "\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":180,\"total_tokens\":189}}";
    let filling = "word ".repeat(JSON_BYTES / 5);
    format!("{start}{}{end}", &filling[..JSON_BYTES - start.len() - end.len()])
}
