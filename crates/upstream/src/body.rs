//! The body of a request on its way to an upstream.

pub(crate) mod budget;
mod kept;
pub(crate) mod replay;

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use replay::{Attempt, Replay, SourceFailure};

/// The body of one attempt: nothing, bytes at hand, or a stream that can begin again.
#[derive(Debug, Default)]
pub struct RequestBody(Kind);

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Replay(Box<Attempt>),
}

/// Why a request body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The source failed: see the failure.
    #[error("{0}")]
    Source(#[from] SourceFailure),
    /// Part of the body was no longer kept when it was to be sent again.
    #[error("the request body is no longer kept")]
    NotKept,
    /// A later attempt has taken the body over.
    #[error("another attempt is sending the request body")]
    Superseded,
}

impl RequestBody {
    /// A request without a body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body that is whole in memory; cloning `bytes` for another attempt is cheap.
    #[must_use]
    pub fn full(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::empty() } else { Self(Kind::Full(bytes)) }
    }

    pub(crate) fn attempt(attempt: Attempt) -> Self {
        Self(Kind::Replay(Box::new(attempt)))
    }

    /// The stream behind the body, if it is one.
    pub(crate) fn replay(&self) -> Option<Replay> {
        match &self.0 {
            Kind::Replay(attempt) => Some(attempt.replay()),
            Kind::Empty | Kind::Full(_) => None,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Kind::Replay(attempt) = &mut self.0 {
            return attempt.poll_frame(cx);
        }
        match mem::take(&mut self.0) {
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(_) => false,
            Kind::Replay(attempt) => attempt.remaining() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Replay(attempt) => attempt.remaining().map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
