//! The provider: how it answers depends on the nature of the key, told by a word in it, and on chance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use serde_json::json;
use testkit::provider::{Answer, At, Call, Fault, MockProvider, Received, Script, Step, errors};

use crate::book::{Book, Seen};

/// Before a late answer.
const LATE: Duration = Duration::from_secs(1);
/// Between the events of a stream.
const BEAT: Duration = Duration::from_millis(5);
const EVENTS: usize = 8;
/// The word of a path that asks for a WebSocket.
pub(crate) const TUNNEL: &str = "realtime";
/// Bytes of an answer to a path of this word.
const SIZES: [(&str, usize); 3] = [("plain", 200), ("stream", 64), ("large", 300_000)];

/// How a key behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Always answers.
    Good,
    /// Is rate limited now and then.
    Busy,
    /// Fails in every way that is not the key's fault.
    Wild,
    /// Is refused.
    Dead,
}

impl Nature {
    const ALL: [(Self, &str); 4] =
        [(Self::Good, "good"), (Self::Busy, "busy"), (Self::Wild, "wild"), (Self::Dead, "dead")];

    pub(crate) fn of(key: &str) -> Self {
        let word = key.split('_').nth(1).unwrap_or_default();
        Self::ALL.iter().find(|(_, name)| *name == word).map_or(Self::Good, |(nature, _)| *nature)
    }

    /// A key of this nature.
    pub(crate) fn key(self, number: u64) -> String {
        let word = Self::ALL.iter().find(|(nature, _)| *nature == self).map_or("good", |(_, word)| word);
        format!("sk_{word}_{number:08}")
    }
}

/// One way of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    Late,
    /// After a 103.
    Hinted,
    Limited,
    /// 429, and when to come back.
    LimitedNamed,
    /// 401
    Refused,
    /// 400
    Mistake,
    /// 500
    Failed,
    /// 500 whose body ends before its length.
    FailedCut,
    /// Nothing, and the connection ends.
    Close,
    Reset,
    /// The end in the middle of the head.
    MidHead,
    /// No answer at all.
    Hang,
    /// 200 whose body ends before its end.
    Cut,
    /// A stream that begins with an error.
    ErrorEvent,
    EmptyStream,
    /// A stream that breaks off before its first event.
    BrokenStream,
    /// 101, and every byte comes back.
    Tunnel,
}

impl Kind {
    const WILD: [Self; 11] = [
        Self::Failed,
        Self::FailedCut,
        Self::Close,
        Self::Reset,
        Self::MidHead,
        Self::Cut,
        Self::Limited,
        Self::LimitedNamed,
        Self::Mistake,
        Self::Late,
        Self::Hinted,
    ];
    const WILD_STREAM: [Self; 3] = [Self::ErrorEvent, Self::EmptyStream, Self::BrokenStream];

    fn of(nature: Nature, streams: bool, hung: bool, rng: &mut Rng) -> Self {
        let one_of = |kinds: &[Self], rng: &mut Rng| kinds[rng.usize(..kinds.len())];
        match nature {
            Nature::Busy if rng.u8(..10) < 4 => one_of(&[Self::Limited, Self::LimitedNamed], rng),
            Nature::Good | Nature::Busy => Self::Good,
            Nature::Dead => Self::Refused,
            Nature::Wild if rng.u8(..100) < 2 && !hung => Self::Hang,
            Nature::Wild if rng.bool() => Self::Good,
            Nature::Wild if streams && rng.bool() => one_of(&Self::WILD_STREAM, rng),
            Nature::Wild => one_of(&Self::WILD, rng),
        }
    }
}

/// Starts to answer, and notes in the book what it answers.
pub(crate) fn start(book: &Arc<Book>, seed: u64) -> MockProvider {
    let provider = MockProvider::builder().without_recording().start();
    let (book, connections) = (Arc::clone(book), Mutex::<HashMap<u64, u64>>::default());
    provider.otherwise(Script::from_fn(move |call: &Call<'_>| {
        let mut connections = connections.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = connections.entry(call.request.connection).or_default();
        *calls += 1;
        let reused = *calls > 1;
        drop(connections);
        answer(&book, call.request, reused, seed)
    }));
    provider
}

fn answer(book: &Book, request: &Received, reused: bool, seed: u64) -> Answer {
    let mut parts = request.path().rsplit('/');
    let number = parts.next().and_then(|number| number.parse::<u64>().ok());
    let word = parts.next().unwrap_or_default();
    let key = request.key.clone().unwrap_or_default();
    let nature = Nature::of(&key);
    // Whatever has no number is a test of a key.
    let Some(number) = number else { return test(nature) };
    check(book, request, number);
    let streams = word == "stream";
    let kind = book.saw(number, |seen| {
        let mut rng = Rng::with_seed(seed ^ (number << 8) ^ seen.len() as u64);
        let hung = seen.iter().any(|one| one.kind == Kind::Hang);
        let kind = match Kind::of(nature, streams, hung, &mut rng) {
            Kind::Good | Kind::Late | Kind::Hinted | Kind::Cut if word == TUNNEL => Kind::Tunnel,
            kind => kind,
        };
        Seen { key, kind, reused }
    });
    let Some(kind) = kind else {
        book.fault(format!("the provider got a request that nobody made: {}", request.target));
        return Answer::new(500);
    };
    let size = SIZES.iter().find(|(name, _)| *name == word).map_or(0, |(_, size)| *size);
    play(kind, number, streams, size)
}

/// A request must come as it was sent.
fn check(book: &Book, request: &Received, number: u64) {
    let sent = request.query("bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    if request.body_len != sent {
        book.fault(format!("request {number}: {sent} bytes were sent, {} arrived", request.body_len));
    }
    let mark = mark(number);
    if !request.body.is_empty() && memchr::memmem::find(&request.body, mark.as_bytes()).is_none() {
        book.fault(format!("request {number} has the body of another"));
    }
}

/// Stands in the body of a request and in each piece of its answer.
pub(crate) fn mark(number: u64) -> String {
    format!("\"number\":{number},")
}

fn test(nature: Nature) -> Answer {
    if nature == Nature::Dead { errors::openai::invalid_key("") } else { Answer::json(200, &json!({"ok": true})) }
}

fn play(kind: Kind, number: u64, streams: bool, size: usize) -> Answer {
    let limited = || Answer::json(429, &json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}));
    match kind {
        Kind::Good => good(number, streams, size),
        Kind::Late => good(number, streams, size).after(LATE),
        Kind::Hinted => good(number, streams, size).interim(103, &[("link", "</x>")]),
        Kind::Limited => limited(),
        Kind::LimitedNamed => limited().header("retry-after", "1"),
        Kind::Refused => errors::openai::invalid_key(""),
        Kind::Mistake => errors::openai::bad_request("the messages make no sense"),
        Kind::Failed => errors::openai::server_error(),
        Kind::FailedCut => errors::openai::server_error().cut_after(10),
        Kind::Close => Answer::close(),
        Kind::Reset => Answer::reset(),
        Kind::MidHead => good(number, false, size).fault(At::MidHead, Fault::Close),
        Kind::Hang => Answer::hang(),
        // The first event of a stream is whole.
        Kind::Cut => good(number, streams, size).cut_after(if streams { piece(number, size).len() + 3 } else { 5 }),
        Kind::ErrorEvent => Answer::events(["data: {\"error\":{\"message\":\"oh\",\"code\":\"server_error\"}}\n\n"]),
        Kind::EmptyStream => errors::empty_stream(),
        Kind::BrokenStream => good(number, true, size).cut_after(4),
        Kind::Tunnel => Answer::steps([Step::Send(Bytes::from_static(SWITCHING)), Step::Echo]),
    }
}

const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

fn good(number: u64, streams: bool, size: usize) -> Answer {
    if streams {
        return Answer::events((0..EVENTS).map(|_| piece(number, size))).every(BEAT);
    }
    let filler = "x".repeat(size);
    Answer::with_body(200, "application/json", format!("{{{}\"text\":\"{filler}\"}}", mark(number)))
}

fn piece(number: u64, size: usize) -> Bytes {
    let filler = "x".repeat(size);
    format!("data: {{{}\"text\":\"{filler}\"}}\n\n", mark(number)).into()
}
