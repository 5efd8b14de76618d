//! A request body that is streamed to an upstream while it arrives, and kept for the next attempt.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, LengthLimitError, combinators::UnsyncBoxBody};
use tokio::time::{Instant, Sleep};

use super::{BodyError, RequestBody, budget::Reservation, kept::Kept};
use crate::LONGEST_WAIT;
use crate::sync::{Mutex, MutexGuard};

type Source = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// A body of which some bytes may have been read already, while the rest is still with the client. It is read only as
/// fast as an attempt takes it. Up to the limits of [`Keep`] it can be sent again; beyond them it is streamed through.
#[derive(Clone)]
pub struct Replay(Arc<Mutex<State>>);

/// How much of a body is kept.
#[derive(Debug)]
pub struct Keep {
    /// Bytes of this body at most, the prefix included.
    pub limit_bytes: usize,
    /// The share of the process-wide budget; must cover the prefix, and grows with what is kept.
    pub reservation: Reservation,
}

/// How the source of a body failed. The upstream is not to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SourceFailure {
    /// The client closed or reset its connection or stream.
    #[error("the client went away while sending the request body")]
    Gone,
    /// The client's body has a broken framing.
    #[error("the client's request body is malformed")]
    Malformed,
    /// The client's body is longer than a limit set by [`http_body_util::Limited`].
    #[error("the client's request body is too large")]
    TooLarge,
    /// The client sent nothing for the read timeout, or had not sent everything when all patience was over.
    #[error("the client did not send the request body in time")]
    TimedOut,
}

struct State {
    /// `None` once it has ended.
    source: Option<Source>,
    kept: Kept,
    trailers: Option<HeaderMap>,
    failure: Option<SourceFailure>,
    /// Bytes taken out of the source, prefix included.
    read_bytes: u64,
    total_bytes: Option<u64>,
    /// The attempt that may read.
    attempt: u64,
    last_progress: Instant,
    patience: Patience,
}

/// The time the source is given for the next chunk; runs only while somebody waits for one.
struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl Replay {
    /// `prefix` is what has been read of the body, `rest` the remainder, `read_timeout` the longest wait between two
    /// chunks of it. The length is known if `rest` knows its own.
    pub fn new<B>(prefix: Bytes, rest: B, keep: Keep, read_timeout: Duration) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let read_bytes = prefix.len() as u64;
        Self(Arc::new(Mutex::new(State {
            total_bytes: rest.size_hint().exact().map(|rest| rest + read_bytes),
            source: Some(rest.map_err(Into::into).boxed_unsync()),
            kept: Kept::new(prefix, keep.limit_bytes, keep.reservation),
            trailers: None,
            failure: None,
            read_bytes,
            attempt: 0,
            last_progress: Instant::now(),
            patience: Patience { limit: read_timeout.min(LONGEST_WAIT), timer: None, waiting: false },
        })))
    }

    /// A body that begins at the first byte again and goes on with what the source still has. It takes the source
    /// over from any attempt before. Ask [`Replay::can_replay`] first: without it the body fails on its way.
    #[must_use]
    pub fn attempt(&self) -> RequestBody {
        let mut state = self.state();
        state.kept.seal();
        state.attempt += 1;
        // The attempt before may have been given up while it waited; this one has yet to.
        state.patience.waiting = false;
        RequestBody::attempt(Attempt {
            number: state.attempt,
            remaining: state.total_bytes,
            offset: 0,
            trailers_sent: false,
            replay: self.clone(),
        })
    }

    /// Whether the body can be sent from its start: nothing has overflowed, the source has not failed.
    #[must_use]
    pub fn can_replay(&self) -> bool {
        let state = self.state();
        state.kept.is_whole() && state.failure.is_none()
    }

    /// Whether the source has been read to its end.
    #[must_use]
    pub fn finished(&self) -> bool {
        let state = self.state();
        state.source.is_none() && state.failure.is_none()
    }

    /// How the source failed, if it did.
    #[must_use]
    pub fn source_failure(&self) -> Option<SourceFailure> {
        self.state().failure
    }

    /// Whether an attempt has taken all that has come of the body and waits for more.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.state().patience.waiting
    }

    /// When an attempt last got bytes of the body; the present while it waits for the client: that is not the upstream's time.
    pub(crate) fn last_progress(&self) -> Instant {
        let state = self.state();
        if state.patience.waiting { Instant::now() } else { state.last_progress }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").finish_non_exhaustive()
    }
}

/// One pass over a [`Replay`].
#[derive(Debug)]
pub(crate) struct Attempt {
    replay: Replay,
    number: u64,
    offset: u64,
    remaining: Option<u64>,
    trailers_sent: bool,
}

impl Attempt {
    pub(super) fn replay(&self) -> Replay {
        self.replay.clone()
    }

    /// Bytes still to come, if known.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut state = self.replay.state();
        if state.attempt != self.number {
            return Poll::Ready(Some(Err(BodyError::Superseded)));
        }
        let next = ready!(state.poll_data(self.offset, cx));
        if let Some(Ok(data)) = &next {
            let len = data.len() as u64;
            self.offset += len;
            self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(len));
        }
        Poll::Ready(match next {
            Some(data) => Some(data.map(Frame::data)),
            None if self.trailers_sent => None,
            None => {
                self.trailers_sent = true;
                state.trailers.clone().map(|trailers| Ok(Frame::trailers(trailers)))
            }
        })
    }
}

impl State {
    fn poll_data(&mut self, offset: u64, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if let Some(kept) = self.kept.after(offset) {
            self.last_progress = Instant::now();
            return Poll::Ready(Some(Ok(kept)));
        }
        if offset != self.read_bytes {
            return Poll::Ready(Some(Err(BodyError::NotKept)));
        }
        let read = ready!(self.poll_source(cx));
        self.last_progress = Instant::now();
        if let Some(Err(failure)) = read {
            self.failure = Some(failure);
        }
        Poll::Ready(read.map(|data| data.map_err(BodyError::Source)))
    }

    /// The next bytes of the source; keeps them, and its trailers.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, SourceFailure>>> {
        loop {
            if let Some(failure) = self.failure {
                return Poll::Ready(Some(Err(failure)));
            }
            let Some(source) = &mut self.source else { return Poll::Ready(None) };
            let Poll::Ready(frame) = Pin::new(source).poll_frame(cx) else {
                return self.patience.poll_exhausted(cx).map(|()| Some(Err(SourceFailure::TimedOut)));
            };
            self.patience.waiting = false;
            match frame {
                None => self.source = None,
                Some(Err(error)) => return Poll::Ready(Some(Err(SourceFailure::of(&*error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.read_bytes += data.len() as u64;
                        self.kept.push(&data);
                        return Poll::Ready(Some(Ok(data)));
                    }
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }
}

impl Patience {
    fn poll_exhausted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.waiting {
            self.waiting = true;
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(cx)
    }
}

impl SourceFailure {
    /// What an error of a client's body means. A limit tells so itself; bad framing shows as invalid data or input; everything
    /// else is the connection's or the stream's end.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            let kind = error.downcast_ref().map(io::Error::kind);
            if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
                return Self::Malformed;
            }
            cause = error.source();
        }
        Self::Gone
    }
}

#[cfg(test)]
mod tests;
