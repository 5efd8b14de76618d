//! What one call gets: an answer with its head and body, or bytes as they are; pauses, gates and faults in between.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::gate::Gate;

/// One thing the provider does while it answers.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes the bytes. In a body they are data, which gets chunk framing where needed.
    Send(Bytes),
    /// Waits.
    Pause(Duration),
    /// Waits for the test.
    Wait(Gate),
    /// Sends back what comes until the client closes (after an upgrade).
    Echo,
    /// Sends back each message of a WebSocket until it is closed (after an upgrade).
    WebSocket,
    /// Does nothing until the client goes.
    Hang,
    /// Closes in order (FIN).
    Close,
    /// Closes with a reset (RST).
    Reset,
}

/// How an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed in order.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more comes.
    Hang,
}

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before the first byte.
    BeforeHead,
    /// In the middle of the head.
    MidHead,
    /// After so many bytes of the body: 0 right after the head, its length before the last chunk.
    Body(usize),
}

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    /// By closing the connection.
    ToEnd,
    /// By a length that need not be true; the connection is closed afterwards.
    Declared(u64),
    /// No head is made: the body's steps are the message.
    Raw,
}

/// An answer to one call. A value: build one and use it for any number of calls.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) before: Vec<Step>,
    pub(super) body: Vec<Step>,
    pub(super) framing: Framing,
    pub(super) trailers: Vec<(String, String)>,
    pub(super) fault: Option<(At, Fault)>,
}

impl Answer {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            before: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
            trailers: Vec::new(),
            fault: None,
        }
    }

    /// A body with its type and length.
    pub fn with_body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::new(status).header("content-type", content_type);
        answer.body = vec![Step::Send(body.into())];
        answer
    }

    /// A JSON body with its length.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::with_body(status, "application/json", body.to_string())
    }

    /// A 200 in chunks, each written by itself.
    pub fn stream<C: Into<Bytes>>(content_type: &str, chunks: impl IntoIterator<Item = C>) -> Self {
        let mut answer = Self::new(200).header("content-type", content_type);
        answer.framing = Framing::Chunked;
        answer.body = chunks.into_iter().map(|chunk| Step::Send(chunk.into())).collect();
        answer
    }

    /// A 200 event stream; each item is one whole event with its empty line, and one chunk.
    pub fn events<C: Into<Bytes>>(events: impl IntoIterator<Item = C>) -> Self {
        Self::stream("text/event-stream; charset=utf-8", events)
    }

    /// Exactly these bytes, then the connection is closed.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let status = bytes.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        Self::steps([Step::Send(bytes), Step::Close]).status(status.unwrap_or_default())
    }

    /// Exactly these steps; the connection stays open for another request unless one of them ends it.
    pub fn steps(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut answer = Self::new(0);
        answer.framing = Framing::Raw;
        answer.body = steps.into_iter().collect();
        answer
    }

    /// A reset instead of an answer.
    pub fn reset() -> Self {
        Self::steps([Step::Reset])
    }

    /// The end of the connection instead of an answer.
    pub fn close() -> Self {
        Self::steps([Step::Close])
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Self::steps([Step::Hang])
    }

    /// Another status for the same answer.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a field after those already there; names may repeat.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before the head.
    pub fn after(mut self, pause: Duration) -> Self {
        self.before.push(Step::Pause(pause));
        self
    }

    /// Waits for the test before the head.
    pub fn gate(mut self, gate: &Gate) -> Self {
        self.before.push(Step::Wait(gate.clone()));
        self
    }

    /// Sends a 1xx head first.
    pub fn interim(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        let mut early = Self::new(status);
        early.headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.before.push(Step::Send(super::render::head(&early, Framing::Raw, false)));
        self
    }

    /// Waits before every piece of the body but the first.
    pub fn every(self, pause: Duration) -> Self {
        self.between(1, &Step::Pause(pause))
    }

    /// Waits for the test before every piece of the body.
    pub fn gate_each(self, gate: &Gate) -> Self {
        self.between(0, &Step::Wait(gate.clone()))
    }

    /// Waits for the test before piece `index` of the body (from 0).
    pub fn gate_before(mut self, index: usize, gate: &Gate) -> Self {
        let sends = self.body.iter().enumerate().filter(|(_, step)| matches!(step, Step::Send(_)));
        let at = sends.map(|(at, _)| at).nth(index).expect("the body has that piece");
        self.body.insert(at, Step::Wait(gate.clone()));
        self
    }

    fn between(mut self, first: usize, step: &Step) -> Self {
        let mut paced = Vec::with_capacity(self.body.len() * 2);
        let mut pieces = 0;
        for part in self.body {
            if matches!(part, Step::Send(_)) {
                if pieces >= first {
                    paced.push(step.clone());
                }
                pieces += 1;
            }
            paced.push(part);
        }
        self.body = paced;
        self
    }

    /// Tells the body's end by chunks instead of a length.
    pub fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Tells the body's end by closing.
    pub fn to_end(mut self) -> Self {
        self.framing = Framing::ToEnd;
        self
    }

    /// Says this content-length, true or not; the connection is closed after the body.
    pub fn declared_length(mut self, bytes: u64) -> Self {
        self.framing = Framing::Declared(bytes);
        self
    }

    /// A trailer field; the body becomes chunked.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self.chunked()
    }

    /// Compresses the body, flushed after every piece so that each can be decoded when it arrives.
    pub fn gzip(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        for step in &mut self.body {
            if let Step::Send(data) = step {
                encoder.write_all(data).and_then(|()| encoder.flush()).expect("writing to memory");
                *data = Bytes::from(std::mem::take(encoder.get_mut()));
            }
        }
        let end = encoder.finish().expect("writing to memory");
        self.body.push(Step::Send(Bytes::from(end)));
        self.header("content-encoding", "gzip")
    }

    /// Breaks off there.
    pub fn fault(mut self, at: At, fault: Fault) -> Self {
        self.fault = Some((at, fault));
        self
    }

    /// Compact form of `fault(At::Body(bytes), Fault::Close)`: a body cut short.
    pub fn cut_after(self, bytes: usize) -> Self {
        self.fault(At::Body(bytes), Fault::Close)
    }

    /// The bytes of the body, pauses left out.
    pub fn body_bytes(&self) -> Bytes {
        let data = self.body.iter().filter_map(|step| match step {
            Step::Send(data) => Some(&data[..]),
            _ => None,
        });
        Bytes::from(data.collect::<Vec<_>>().concat())
    }
}
