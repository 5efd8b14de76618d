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
    pool::{Pool, conn::Conn},
};

/// A response body: frames as they arrive, trailers included. It ends with an error if the connection closes before
/// its length or its last chunk. Dropped before its end, it closes the connection at once.
#[derive(Debug)]
pub struct ResponseBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl ResponseBody {
    /// Keeps the connection until `incoming` has ended; without a lease it is somebody else's.
    pub(crate) fn new(incoming: Incoming, lease: Option<Lease>) -> Self {
        let mut body = Self { incoming, lease };
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
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        match &frame {
            None => self.finish(),
            // The reader may stop asking after the last byte or the trailers.
            Some(Ok(frame)) if frame.is_trailers() || self.incoming.is_end_stream() => self.finish(),
            Some(Ok(_)) => {}
            Some(Err(_)) => self.lease = None,
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
