//! The head of an answer (RFC 9112 4 and 5).

use std::{
    mem::{self, MaybeUninit},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;
use tokio::io::{AsyncRead, ReadBuf};

use super::{ExchangeError, MAX_FIELDS, SMALL_READ_BYTES};

/// A longer head is broken.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;
/// What a peer may send before the end of a head, interim heads (1xx) included.
const MAX_BYTES_TO_HEAD: usize = 1024 * 1024;

/// Room for fields that are added before an answer is passed on: a map that has to grow costs as much as one that is built.
const ADDED_FIELDS: usize = 2;

/// A head, and what came together with it.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) response: Response<()>,
    /// The beginning of what follows the head.
    pub(crate) rest: BytesMut,
}

/// Reads until a head is there that is not an interim one.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// The beginning of a head.
    partial: Vec<u8>,
    /// Bytes that have come.
    heard: usize,
}

impl HeadReader {
    /// Whether any byte has come.
    pub(super) fn has_heard(&self) -> bool {
        self.heard > 0
    }

    pub(super) fn poll<R>(&mut self, cx: &mut Context<'_>, io: &mut R) -> Poll<Result<Head, ExchangeError>>
    where
        R: AsyncRead + Unpin,
    {
        loop {
            let mut space = [const { MaybeUninit::uninit() }; SMALL_READ_BYTES];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Err(ExchangeError::Closed));
            }
            if let Some(head) = self.push(read.filled())? {
                return Poll::Ready(Ok(head));
            }
        }
    }

    fn push(&mut self, came: &[u8]) -> Result<Option<Head>, ExchangeError> {
        self.heard += came.len();
        if self.partial.is_empty() {
            return self.parse(came);
        }
        self.partial.extend_from_slice(came);
        // Bytes that end no line end no head, either.
        if self.partial.len() <= MAX_HEAD_BYTES && !came.contains(&b'\n') {
            return Ok(None);
        }
        let so_far = mem::take(&mut self.partial);
        self.parse(&so_far)
    }

    fn parse(&mut self, mut bytes: &[u8]) -> Result<Option<Head>, ExchangeError> {
        while !bytes.is_empty() {
            let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
            let mut response = httparse::Response::new(&mut []);
            let parsed =
                ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut fields)?;
            let length = match parsed {
                Status::Complete(length) => length,
                Status::Partial => bytes.len(),
            };
            if length > MAX_HEAD_BYTES {
                return Err(ExchangeError::TooLong);
            }
            if parsed.is_partial() {
                self.partial = bytes.to_vec();
                break;
            }
            let (head, rest) = bytes.split_at(length);
            let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(ExchangeError::Unfit)?;
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                let response = built(head, &response, status).ok_or(ExchangeError::Unfit)?;
                return Ok(Some(Head { response, rest: BytesMut::from(rest) }));
            }
            bytes = rest;
        }
        if self.heard > MAX_BYTES_TO_HEAD { Err(ExchangeError::EndlessInterim) } else { Ok(None) }
    }
}

/// The head with values of its own: slices of one copy of it. A reason in words of the peer's own is where hyper's server looks for it.
fn built(head: &[u8], parsed: &httparse::Response<'_, '_>, status: StatusCode) -> Option<Response<()>> {
    let copy = Bytes::copy_from_slice(head);
    let mut headers = HeaderMap::with_capacity(parsed.headers.len() + ADDED_FIELDS);
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        let start = field.value.as_ptr().addr().checked_sub(head.as_ptr().addr())?;
        let value = copy.slice(start..start + field.value.len());
        headers.append(name, HeaderValue::from_maybe_shared(value).ok()?);
    }
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.version_mut() = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    *response.headers_mut() = headers;
    if parsed.reason != status.canonical_reason()
        && let Ok(reason) = ReasonPhrase::try_from(parsed.reason.unwrap_or_default().as_bytes())
    {
        response.extensions_mut().insert(reason);
    }
    Some(response)
}

#[cfg(test)]
mod tests;
