//! Cheap answers for measurements: nothing is recorded, heads are not kept, bytes are built once.
//!
//! | path | answer |
//! |---|---|
//! | `/bench/…` | 1 KB of JSON |
//! | `/bench/…?size=N` | N bytes |
//! | `/bench/…?fail_every=N` | 1 KB of JSON, but to one call in N a 429 that names a rest of 1 ms, or a 500 |
//! | `/bench/stream…?chunks=N&every_ms=M` | an event stream whose events say when they were written |

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::WriteHalf;
use tokio::time::{Instant, interval_at};

use super::answer::{Answer, Framing, Step};
use super::connection::{Connection, Next, Played};
use super::render::{Asked, head, steps};
use crate::http::{chunk_of, last_chunk};
use crate::monotonic;
use crate::wire::Body;

const JSON_BYTES: usize = 1024;

/// What a benchmark asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BenchCall {
    Json,
    Bytes(usize),
    Failing { every: u64 },
    Stream { chunks: u64, every: Duration },
}

/// What an answer written in one piece says; the key under which its steps are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whole {
    Json,
    Bytes(usize),
    Limited,
    Broken,
}

/// The steps already built, and how many calls were answered that may fail.
#[derive(Debug, Default)]
pub(super) struct Answers {
    built: Mutex<HashMap<Whole, Vec<Step>>>,
    may_fail: AtomicU64,
}

impl Answers {
    fn steps(&self, answer: Whole) -> Vec<Step> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(answer).or_insert_with(|| build(answer)).clone()
    }

    /// One in `every`, in no order that a proxy's retries could keep step with (mixed as `SplitMix64` does).
    fn maybe_failing(&self, every: u64) -> Whole {
        let number = self.may_fail.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = mixed ^ (mixed >> 27);
        match (mixed % every, mixed / every % 2) {
            (0, 0) => Whole::Limited,
            (0, _) => Whole::Broken,
            _ => Whole::Json,
        }
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
    let number = |name: &str| -> Option<u64> {
        let pairs = target.split_once('?')?.1.split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?.1.parse().ok()
    };
    if target.starts_with("/bench/stream") {
        let every = Duration::from_millis(number("every_ms").unwrap_or(0));
        return Some(BenchCall::Stream { chunks: number("chunks").unwrap_or(10), every });
    }
    if let Some(every) = number("fail_every").filter(|every| *every > 0) {
        return Some(BenchCall::Failing { every });
    }
    let size = number("size").and_then(|size| usize::try_from(size).ok());
    Some(size.map_or(BenchCall::Json, BenchCall::Bytes))
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
    call: BenchCall,
    close: bool,
) -> io::Result<Next> {
    while connection.wire.piece(&mut body).await?.is_some() {}
    connection.shared.stats.count();
    let answers = &connection.shared.bench;
    let whole = match call {
        BenchCall::Json => Whole::Json,
        BenchCall::Bytes(size) => Whole::Bytes(size),
        BenchCall::Failing { every } => answers.maybe_failing(every),
        BenchCall::Stream { chunks, every } => {
            let phase = phase(connection.number, every);
            let played = connection.watched(async |writer| send_stream(writer, chunks, every, phase).await).await;
            return if close { Ok(Next::End) } else { connection.after(played).await };
        }
    };
    let steps = answers.steps(whole);
    let played = connection.play(&steps).await;
    if close { Ok(Next::End) } else { connection.after(played).await }
}

fn build(answer: Whole) -> Vec<Step> {
    let answer = match answer {
        Whole::Json => Answer::with_body(200, "application/json", json_text()),
        Whole::Bytes(size) => Answer::with_body(200, "application/octet-stream", vec![b'x'; size]),
        Whole::Limited => error(429, "Rate limit reached").header("retry-after-ms", "1"),
        Whole::Broken => error(500, "The server had an error"),
    };
    steps(&answer, Asked { head_only: false, http10: false, close: false })
}

fn error(status: u16, message: &str) -> Answer {
    let body = serde_json::json!({"error": {"message": message, "type": "error", "param": null, "code": null}});
    Answer::json(status, &body)
}

/// When in its interval a connection's stream writes: streams opened together must not all write at the same moment.
fn phase(connection: u64, every: Duration) -> Duration {
    every * u32::try_from(connection * 618 % 1000).unwrap_or(0) / 1000
}

async fn send_stream(writer: &mut WriteHalf<'_>, chunks: u64, every: Duration, phase: Duration) -> io::Result<Played> {
    writer.write_all(&head(&Answer::events::<Bytes>([]), Framing::Chunked, false)).await?;
    let (mut chunk, stamp) = stamped_chunk();
    let mut ticks = (!every.is_zero()).then(|| interval_at(Instant::now() + phase, every));
    for _ in 0..chunks {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        let now = format!("{:0width$}", monotonic::now_ns(), width = stamp.len());
        chunk[stamp.clone()].copy_from_slice(now.as_bytes());
        writer.write_all(&chunk).await?;
    }
    writer.write_all(&chunk_of(b"data: [DONE]\n\n")).await?;
    writer.write_all(&last_chunk(&[])).await?;
    Ok(Played::Through)
}

/// One event as a chunk, and where in it the time stands.
fn stamped_chunk() -> (Vec<u8>, std::ops::Range<usize>) {
    let before = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
        \"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
    let after = "\"},\"finish_reason\":null}]}\n\n";
    let stamp = "0".repeat(monotonic::DIGITS);
    let chunk = chunk_of(format!("{before}{stamp}{after}").as_bytes());
    let start = memchr::memmem::find(&chunk, stamp.as_bytes()).expect("the event holds the stamp");
    (chunk.to_vec(), start..start + stamp.len())
}

fn json_text() -> String {
    let start = "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"bench\",\
        \"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\"";
    let end = "\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":180,\"total_tokens\":189}}";
    let filling = "word ".repeat(JSON_BYTES / 5);
    format!("{start}{}{end}", &filling[..JSON_BYTES - start.len() - end.len()])
}
