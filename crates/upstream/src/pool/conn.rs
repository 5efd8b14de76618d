//! One HTTP/1.1 connection between two requests.

use std::{fmt, future::poll_fn, mem::MaybeUninit, pin::Pin, time::Duration};

use futures_util::FutureExt;
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::OwnedSemaphorePermit,
    task::unconstrained,
    time::Instant,
};

use crate::connect::Stream;

/// No request begins on a connection older than this, so that changes of DNS are seen.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(600);

/// Dropped, it closes its socket at once, whatever goes on there and even if the peer reads nothing.
pub(crate) struct Conn {
    pub(crate) stream: Stream,
    expires: Instant,
    _socket: Option<OwnedSemaphorePermit>,
}

impl Conn {
    /// A connection that has just been opened, and counts as `socket` as long as it is.
    pub(crate) fn new(stream: Stream, socket: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, expires: Instant::now() + MAX_AGE, _socket: socket }
    }

    /// Whether the peer is there and keeps silent: what it says unasked is no answer to the next request.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut space = [MaybeUninit::uninit()];
        let mut read = ReadBuf::uninit(&mut space);
        let stream = &mut self.stream;
        // The task's budget says nothing about the peer.
        unconstrained(poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut read))).now_or_never().is_none()
    }

    pub(crate) fn expires(&self) -> Instant {
        self.expires
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").finish_non_exhaustive()
    }
}
