//! HTTP/1.1 messages as they lie on the wire: heads as raw bytes, headers in order and spelling as sent, bodies piece by piece.
//! Shared by the mock provider (requests) and the test client (responses).

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A head without an end after this many bytes is broken.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// More than any test sends in one head.
pub(crate) const MAX_HEADERS: usize = 256;

const READ_BYTES: usize = 64 << 10;

/// Header fields in the order, spelling and number in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn from_parsed(headers: &[httparse::Header<'_>]) -> Self {
        let field = |h: &httparse::Header<'_>| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned());
        Self(headers.iter().map(field).collect())
    }

    /// The first value of that name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values of that name, in any case, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// Whether a field of that name was sent, in any case.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether one of the comma-separated members of the fields of that name is `token`.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).iter().flat_map(|value| value.split(',')).any(|member| member.trim().eq_ignore_ascii_case(token))
    }

    /// The fields as sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names as sent.
    pub fn names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| name).collect()
    }
}

/// What is still to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing.
    Done,
    /// So many bytes.
    Length(u64),
    /// All bytes until the peer closes.
    ToEnd,
    /// Chunks: `left` of the current one, then, if `started`, the line end that closes it.
    Chunked { left: u64, started: bool },
}

impl Body {
    /// RFC 9112 6.3: chunked beats a length. `None` if there is neither.
    pub(crate) fn of(headers: &[httparse::Header<'_>]) -> Option<Self> {
        let value = |name: &str| headers.iter().rev().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value);
        if value("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().ends_with(b"chunked")) {
            return Some(Self::Chunked { left: 0, started: false });
        }
        let length = str::from_utf8(value("content-length")?).ok()?.trim().parse().ok()?;
        Some(if length == 0 { Self::Done } else { Self::Length(length) })
    }
}

/// A connection and what was read from it but not yet used.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) buf: BytesMut,
    pub(crate) trailers: Headers,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, buf: BytesMut::new(), trailers: Headers::default() }
    }

    /// The bytes up to and with the empty line. `None` if the peer closed before the first byte.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.buf, b"\r\n\r\n") {
                return Ok(Some(self.buf.split_to(at + 4).freeze()));
            }
            if self.buf.len() > MAX_HEAD_BYTES {
                return Err(broken("a head without end"));
            }
            if self.read().await? == 0 {
                return if self.buf.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The next bytes of a body as they come, never of two chunks at once. `None` at its end; trailers are then in `trailers`.
    pub(crate) async fn piece(&mut self, body: &mut Body) -> io::Result<Option<Bytes>> {
        if let Body::Chunked { left: 0, started } = *body {
            *body = self.next_chunk(started).await?;
        }
        let left = match *body {
            Body::Done => return Ok(None),
            Body::Length(left) | Body::Chunked { left, .. } => left,
            Body::ToEnd => u64::MAX,
        };
        if self.buf.is_empty() && self.read().await? == 0 {
            return if *body == Body::ToEnd { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.buf.len());
        let data = self.buf.split_to(take).freeze();
        let left = left - take as u64;
        match body {
            Body::Length(_) if left == 0 => *body = Body::Done,
            Body::Length(length) => *length = left,
            Body::Chunked { left: chunk, .. } => *chunk = left,
            Body::Done | Body::ToEnd => {}
        }
        Ok(Some(data))
    }

    async fn next_chunk(&mut self, started: bool) -> io::Result<Body> {
        if started && !self.line().await?.is_empty() {
            return Err(broken("a chunk longer than it says"));
        }
        let line = self.line().await?;
        let size = line.split(|b| *b == b';').next().unwrap_or_default();
        let size = str::from_utf8(size).ok().and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
        match size.ok_or_else(|| broken("a chunk size that is no number"))? {
            0 => self.read_trailers().await.map(|()| Body::Done),
            left => Ok(Body::Chunked { left, started: true }),
        }
    }

    async fn read_trailers(&mut self) -> io::Result<()> {
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line);
            let (name, value) = line.split_once(':').ok_or_else(|| broken("a trailer without a colon"))?;
            self.trailers.0.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.buf, b"\r\n") {
                let line = self.buf.split_to(at + 2).freeze();
                return Ok(line.slice(..at));
            }
            if self.buf.len() > MAX_HEAD_BYTES {
                return Err(broken("a line without end"));
            }
            if self.read().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.buf.reserve(READ_BYTES);
        self.stream.read_buf(&mut self.buf).await
    }
}

pub(crate) fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
