//! A request on its way out: the head, and the body as its source gives it and the socket takes it.

use std::{
    io::{self, IoSlice, Write},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header, request};
use http_body::Body;
use tokio::io::AsyncWrite;

use super::ExchangeError;
use crate::body::RequestBody;

/// Room for an ordinary head.
const HEAD_BYTES: usize = 1024;
/// A smaller chunk is copied beside what goes out before it, up to [`JOINED_BYTES`] in all: one write instead of many.
const SMALL_CHUNK_BYTES: usize = 4 * 1024;
const JOINED_BYTES: usize = 16 * 1024;
/// Writes in a row before others get their turn: what comes from the peer, too, is to be looked at.
const WRITES_A_TURN: usize = 16;

/// What of a request has yet to be sent.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Head and chunk sizes, of which `written` bytes have gone out; then come `data` and `after`.
    before: Vec<u8>,
    written: usize,
    data: Bytes,
    after: &'static [u8],
    body: RequestBody,
    framing: Framing,
    /// Everything has been taken out of the body.
    is_last: bool,
    /// The body has been waited for.
    has_waited: bool,
}

#[derive(Debug)]
enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// With the trailers that the head has named.
    Chunked(Vec<HeaderName>),
}

impl Upload {
    /// The request must have been [prepared](crate::outgoing::prepare).
    pub(super) fn new(request: Request<RequestBody>) -> Self {
        let (parts, body) = request.into_parts();
        let framing = match body.size_hint().exact() {
            Some(length) => Framing::Length(length),
            None => Framing::Chunked(named_trailers(&parts.headers)),
        };
        let is_last = matches!(framing, Framing::Length(0));
        Self {
            before: encoded(&parts),
            written: 0,
            data: Bytes::new(),
            after: b"",
            body,
            framing,
            is_last,
            has_waited: false,
        }
    }

    /// Sends what can be sent now; ready once that was all.
    pub(crate) fn poll<W>(&mut self, cx: &mut Context<'_>, io: &mut W) -> Poll<Result<(), ExchangeError>>
    where
        W: AsyncWrite + Unpin,
    {
        for _ in 0..WRITES_A_TURN {
            let staged = self.poll_stage(cx)?;
            if staged.is_pending() && !mem::replace(&mut self.has_waited, true) {
                // Asked for, more of the body may be there in a moment, or be found to be broken: nothing of it is to be sent then.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(self.poll_write(cx, io))?;
            if self.is_last || staged.is_pending() {
                ready!(Pin::new(&mut *io).poll_flush(cx))?;
                return staged.map(Ok);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Makes what the body has the next to be written, unless there is enough; pending if the body has no more yet.
    fn poll_stage(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ExchangeError>> {
        while !self.is_last && self.data.is_empty() && self.after.is_empty() && self.before.len() < JOINED_BYTES {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) else {
                return Poll::Ready(self.stage_end(None));
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => self.stage(data)?,
                Err(frame) => return Poll::Ready(self.stage_end(frame.into_trailers().ok())),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn stage(&mut self, data: Bytes) -> Result<(), ExchangeError> {
        match &mut self.framing {
            Framing::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(ExchangeError::WrongLength)?;
                self.is_last = *left == 0;
                self.data = data;
            }
            Framing::Chunked(_) => {
                write!(self.before, "{:x}\r\n", data.len())?;
                if data.len() < SMALL_CHUNK_BYTES {
                    self.before.extend_from_slice(&data);
                    self.before.extend_from_slice(b"\r\n");
                } else {
                    self.data = data;
                    self.after = b"\r\n";
                }
            }
        }
        Ok(())
    }

    fn stage_end(&mut self, trailers: Option<HeaderMap>) -> Result<(), ExchangeError> {
        self.is_last = true;
        let Framing::Chunked(named) = &self.framing else { return Err(ExchangeError::WrongLength) };
        self.before.extend_from_slice(b"0\r\n");
        let trailers = trailers.unwrap_or_default();
        encode_fields(&mut self.before, trailers.iter().filter(|(name, _)| named.contains(name)));
        Ok(())
    }

    /// Writes what is staged, as much as can be in one go.
    fn poll_write<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, io: &mut W) -> Poll<io::Result<()>> {
        loop {
            let before = self.before.get(self.written..).unwrap_or_default();
            if before.len() + self.data.len() + self.after.len() == 0 {
                self.before.clear();
                self.written = 0;
                return Poll::Ready(Ok(()));
            }
            let slices = [before, &self.data, self.after].map(IoSlice::new);
            match ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.advance(written),
            }
        }
    }

    fn advance(&mut self, written: usize) {
        let of_before = written.min(self.before.len() - self.written);
        let of_data = (written - of_before).min(self.data.len());
        self.written += of_before;
        self.data.advance(of_data);
        self.after.advance(written - of_before - of_data);
        if self.data.is_empty() {
            self.data = Bytes::new();
        }
    }
}

fn encoded(request: &request::Parts) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(request.method.as_str().as_bytes());
    head.push(b' ');
    match (request.uri.authority(), request.uri.path_and_query()) {
        (None, Some(target)) => head.extend_from_slice(target.as_str().as_bytes()),
        _ => head.extend_from_slice(request.uri.to_string().as_bytes()),
    }
    head.extend_from_slice(b" HTTP/1.1\r\n");
    encode_fields(&mut head, &request.headers);
    head
}

/// Fields and the empty line after them.
fn encode_fields<'f>(out: &mut Vec<u8>, fields: impl IntoIterator<Item = (&'f HeaderName, &'f HeaderValue)>) {
    for (name, value) in fields {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// The trailers a head announces, without those that have a meaning only in a head (RFC 9110 6.5.1).
fn named_trailers(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers.get_all(header::TRAILER).iter().filter_map(|list| list.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).filter_map(|name| name.trim().parse().ok());
    names.filter(is_for_trailers).collect()
}

fn is_for_trailers(name: &HeaderName) -> bool {
    ![
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::HOST,
        header::MAX_FORWARDS,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
}

#[cfg(test)]
mod tests;
