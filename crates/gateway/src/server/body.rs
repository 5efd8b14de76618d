//! Response bodies of both planes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::in_flight::{Count, Entered, InFlight};
use crate::proxy::relay::Relay;
use crate::proxy::tunnel::Tunnel;

/// What goes out as the body of a response.
pub enum ServerBody {
    /// Bytes that are all there.
    Full(Option<Bytes>),
    /// An upstream's answer on its way through.
    Relay(Box<Relay>),
    /// The control plane's answer.
    Control(axum::body::Body),
    /// Nothing, but the connection is the tunnel's from there on.
    Tunnel(Box<Tunnel>),
}

/// Why a body broke off. The client only sees that it did.
#[derive(Debug, thiserror::Error)]
#[error("the response was cut short")]
pub struct CutShort;

impl ServerBody {
    /// No bytes at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::Full(None)
    }
}

impl<B: Into<Bytes>> From<B> for ServerBody {
    fn from(bytes: B) -> Self {
        Self::Full(Some(bytes.into()).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Relay(relay) => Pin::new(relay.as_mut()).poll_frame(cx),
            Self::Control(body) => Pin::new(body).poll_frame(cx).map_err(|_| CutShort),
            Self::Tunnel(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Relay(relay) => relay.is_end_stream(),
            Self::Control(body) => body.is_end_stream(),
            Self::Tunnel(_) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Relay(relay) => relay.size_hint(),
            Self::Control(body) => body.size_hint(),
            Self::Tunnel(_) => SizeHint::with_exact(0),
        }
    }
}

/// A body that keeps its request counted until it is gone, unless somebody else does.
pub struct Counted {
    body: ServerBody,
    _in_flight: Option<InFlight>,
    /// Where it counts while the client has not taken what it gave last; `None` where nobody asks.
    untaken: Option<Count>,
    waits: Option<Entered>,
}

impl Counted {
    pub(super) fn new(body: ServerBody, in_flight: Option<InFlight>, untaken: Option<Count>) -> Self {
        Self { body, _in_flight: in_flight, untaken, waits: None }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let counted = self.get_mut();
        let frame = Pin::new(&mut counted.body).poll_frame(cx);
        if let Some(untaken) = &counted.untaken {
            // A frame is asked for when the one before has been taken.
            counted.waits = matches!(frame, Poll::Ready(Some(Ok(_)))).then(|| untaken.enter());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
