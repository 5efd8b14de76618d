//! Second phase: as much of the body as choosing a key needs, kept so that it can be sent again.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use domain::rewrite::headers;
use domain::rewrite::hints::{Hints, Progress, hints};
use futures_util::FutureExt;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use upstream::{Keep, Replay, RequestBody, Reservation, SourceFailure};

use super::Shared;
use super::admit::Admitted;
use super::respond::Refusal;

/// Bytes of one body that are kept for retries and edits.
pub const KEEP_BYTES: usize = 32 * 1024 * 1024;
/// A body of at most this length is read whole before anything is sent; a longer one only until its model is known.
const SMALL_BYTES: u64 = 256 * 1024;

/// What a client sent, as far as it is known.
pub struct Intake {
    /// What the body says about itself.
    pub hints: Hints,
    /// What was read of it before anything was sent.
    pub beginning: Bytes,
    /// The body.
    pub body: Body,
}

/// A request's body.
pub enum Body {
    /// All of it, and its share of the memory for kept bodies.
    Whole { bytes: Bytes, _memory: Reservation },
    /// Its beginning, and the rest still with the client.
    Streaming(Replay),
}

impl Body {
    /// The bytes, if all are there.
    pub fn whole(&self) -> Option<&Bytes> {
        match self {
            Self::Whole { bytes, .. } => Some(bytes),
            Self::Streaming(_) => None,
        }
    }

    /// Whether another attempt could send it.
    pub fn can_replay(&self) -> bool {
        match self {
            Self::Whole { .. } => true,
            Self::Streaming(replay) => replay.can_replay(),
        }
    }

    /// The body of the next attempt.
    pub fn attempt(&self) -> RequestBody {
        match self {
            Self::Whole { bytes, .. } => RequestBody::full(bytes.clone()),
            Self::Streaming(replay) => replay.attempt(),
        }
    }
}

/// Reads a body, `at_least` so many bytes of it. `needs_edit` tells from the hints whether it will have to be edited and so must be there
/// whole.
pub async fn take(
    shared: &Arc<Shared>,
    admitted: &Admitted,
    body: Incoming,
    at_least: usize,
    needs_edit: impl Fn(&Hints) -> bool,
) -> Result<Intake, Refusal> {
    if body.is_end_stream() {
        let nothing = Body::Whole { bytes: Bytes::new(), _memory: shared.kept_bodies.open() };
        return Ok(Intake { hints: Hints::default(), beginning: Bytes::new(), body: nothing });
    }
    let mut reader = Reader::new(shared, admitted, body)?;
    while !reader.ended() && reader.has_room() && (reader.prefix.len() < at_least || !reader.knows_enough()) {
        reader.read_more().await?;
    }
    reader.scan();
    // What is neither a JSON object nor a form has nothing to edit.
    if !reader.encoded && reader.progress != Progress::NotAnObject && needs_edit(&reader.hints) {
        while !reader.ended() {
            if !reader.has_room() {
                return Err(reader.no_room_for_edit());
            }
            reader.read_more().await?;
        }
        reader.scan();
    }
    Ok(reader.finish())
}

struct Reader<'a> {
    shared: &'a Shared,
    admitted: &'a Admitted,
    /// `None` once it has ended: one without a length does not know its end beforehand.
    body: Option<Limited<Incoming>>,
    prefix: Prefix,
    /// Covers the prefix, unless memory for kept bodies is used up.
    reservation: Reservation,
    used_up: bool,
    small: bool,
    encoded: bool,
    hints: Hints,
    progress: Progress,
    scanned: usize,
}

impl<'a> Reader<'a> {
    fn new(shared: &'a Arc<Shared>, admitted: &'a Admitted, body: Incoming) -> Result<Self, Refusal> {
        let limit = shared.max_body_bytes.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let length = body.size_hint();
        if length.lower() > limit as u64 {
            return Err(Refusal::body_too_large(admitted.error_shape(), limit as u64));
        }
        Ok(Self {
            shared,
            admitted,
            body: Some(Limited::new(body, limit)),
            prefix: Prefix::default(),
            reservation: shared.kept_bodies.open(),
            used_up: false,
            small: length.exact().is_some_and(|length| length <= SMALL_BYTES),
            encoded: admitted.headers.contains_key(CONTENT_ENCODING),
            hints: Hints::default(),
            progress: Progress::NeedMore,
            scanned: 0,
        })
    }

    fn ended(&self) -> bool {
        self.body.as_ref().is_none_or(Limited::is_end_stream)
    }

    fn has_room(&self) -> bool {
        !self.used_up && self.prefix.len() < KEEP_BYTES
    }

    /// Looks again only when twice as much is there, so that the looking stays linear however the body is cut.
    fn knows_enough(&mut self) -> bool {
        if self.small {
            return false;
        }
        if self.prefix.len() >= 2 * self.scanned {
            self.scan();
        }
        self.encoded || self.progress != Progress::NeedMore
    }

    fn scan(&mut self) {
        if self.encoded || self.prefix.len() == 0 {
            return;
        }
        let content_type = self.admitted.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let complete = self.ended();
        (self.hints, self.progress) = hints(content_type, self.prefix.bytes(), complete);
        self.scanned = self.prefix.len();
    }

    async fn read_more(&mut self) -> Result<(), Refusal> {
        let Some(body) = &mut self.body else { return Ok(()) };
        // Most bodies arrive together with their head: no clock is needed for them.
        let frame = if let Some(frame) = body.frame().now_or_never() {
            frame
        } else {
            let frame = tokio::time::timeout(self.shared.read_timeout, body.frame()).await;
            frame.map_err(|_| self.refusal(SourceFailure::TimedOut))?
        };
        let Some(frame) = frame else {
            self.body = None;
            return Ok(());
        };
        let frame = frame.map_err(|error| self.refusal(SourceFailure::of(&*error)))?;
        if let Ok(data) = frame.into_data() {
            self.used_up |= !self.reservation.grow(data.len());
            self.prefix.push(data);
        }
        Ok(())
    }

    fn refusal(&self, failure: SourceFailure) -> Refusal {
        let shape = self.admitted.error_shape();
        match failure {
            SourceFailure::Gone => Refusal::request_failed(shape, 499, &failure.to_string()),
            SourceFailure::Malformed => Refusal::body_broken(shape),
            SourceFailure::TooLarge => Refusal::body_too_large(shape, self.shared.max_body_bytes.unwrap_or(u64::MAX)),
            SourceFailure::TimedOut => Refusal::body_timed_out(shape),
        }
    }

    fn no_room_for_edit(&self) -> Refusal {
        let shape = self.admitted.error_shape();
        if self.used_up { Refusal::no_memory(shape) } else { Refusal::body_too_large(shape, KEEP_BYTES as u64) }
    }

    fn finish(self) -> Intake {
        let prefix = self.prefix.freeze();
        let beginning = prefix.clone();
        let body = match self.body.filter(|body| !body.is_end_stream()) {
            None => Body::Whole { bytes: prefix, _memory: self.reservation },
            Some(rest) => {
                let limit_bytes = if self.used_up { 0 } else { KEEP_BYTES };
                let keep = Keep { limit_bytes, reservation: self.reservation };
                Body::Streaming(Replay::new(prefix, CleanTrailers(rest), keep, self.shared.read_timeout))
            }
        };
        Intake { hints: self.hints, beginning, body }
    }
}

/// A body whose trailers say nothing that only a head may say: they pass the same rules.
struct CleanTrailers(Limited<Incoming>);

impl http_body::Body for CleanTrailers {
    type Data = Bytes;
    type Error = <Limited<Incoming> as http_body::Body>::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_ok(|mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                headers::strip_for_provider(trailers);
            }
            frame
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// What has been read. One chunk, the usual case, is not copied.
#[derive(Default)]
struct Prefix {
    one: Bytes,
    more: BytesMut,
}

impl Prefix {
    fn len(&self) -> usize {
        self.bytes().len()
    }

    fn bytes(&self) -> &[u8] {
        if self.more.is_empty() { &self.one } else { &self.more }
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.one = chunk;
            return;
        }
        if self.more.is_empty() {
            self.more.extend_from_slice(&std::mem::take(&mut self.one));
        }
        self.more.extend_from_slice(&chunk);
    }

    fn freeze(self) -> Bytes {
        if self.more.is_empty() { self.one } else { self.more.freeze() }
    }
}
