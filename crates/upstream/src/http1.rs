//! HTTP/1.1 as a client speaks it (RFC 9112), driven by the task that waits for the answer: a connection has no task of its own, and one
//! that is idle or waits for bytes holds no buffer.
//!
//! ```text
//! Exchange ── Upload ─────► head and body of the request, as the socket takes them
//!     └────── HeadReader ─► the answer's head, interim ones skipped; bytes after it
//! Decoder ────────────────► the body among the bytes that follow: by length, by chunks, or all until the end
//! Upgraded ───────────────► the connection itself, after a 101
//! ```

mod chunked;
pub(crate) mod decoder;
pub(crate) mod exchange;
pub(crate) mod head;
mod upgraded;
mod upload;

use std::io;

use crate::body::BodyError;

pub use upgraded::Upgraded;
pub(crate) use upload::Upload;

/// What is read at once as long as little comes, on the stack: of what has come only as much is kept as there is.
pub(crate) const SMALL_READ_BYTES: usize = 4 * 1024;
/// Fields of a head or of trailers.
const MAX_FIELDS: usize = 100;

/// Why an exchange came to no head.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the peer closed the connection")]
    Closed,
    #[error("{0}")]
    Body(#[from] BodyError),
    #[error("the request body does not have the length it told")]
    WrongLength,
    #[error("not a head of HTTP/1: {0}")]
    Syntax(#[from] httparse::Error),
    #[error("its status, or one of its fields, can't be passed on")]
    Unfit,
    #[error("longer than {} KiB", head::MAX_HEAD_BYTES / 1024)]
    TooLong,
    #[error("interim responses without end")]
    EndlessInterim,
}
