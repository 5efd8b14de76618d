//! The body of a response, and the connection it comes from.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::{
    endpoint::Endpoint,
    error::chain,
    pool::{Pool, conn::Conn},
};

/// A response body: frames as they arrive, trailers included. It ends with an error if the connection closes before
/// its length or its last chunk; asked again, it says so again. Dropped before its end, it closes the connection at once.
#[derive(Debug)]
pub struct ResponseBody {
    incoming: Incoming,
    lease: Option<Lease>,
    cut: Option<BodyCut>,
}

/// A response body broke off before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyCut(Arc<str>);

impl ResponseBody {
    /// Keeps the connection until `incoming` has ended; without a lease it is somebody else's.
    pub(crate) fn new(incoming: Incoming, lease: Option<Lease>) -> Self {
        let mut body = Self { incoming, lease, cut: None };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        if let Some(cut) = &self.cut {
            return Poll::Ready(Some(Err(cut.clone())));
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        let frame = frame.map(|frame| frame.map_err(|error| BodyCut(chain(&error).into())));
        match &frame {
            None => self.finish(),
            // The reader may stop asking after the last byte or the trailers.
            Some(Ok(frame)) if frame.is_trailers() || self.incoming.is_end_stream() => self.finish(),
            Some(Ok(_)) => {}
            Some(Err(cut)) => {
                self.cut = Some(cut.clone());
                self.lease = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A connection in use. Dropped, it is closed: the request on it has been given up.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) conn: Conn,
    /// Whether the peer can be trusted with another request.
    pub(crate) reusable: bool,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) pool: Arc<Pool>,
}

impl Lease {
    /// Gives the connection back, unless the peer closes it or the request was answered before it was sent to its end.
    fn finish(self) {
        if self.reusable && self.conn.is_ready() {
            self.pool.put(&self.endpoint, self.conn);
        }
    }
}
