//! A small HTTP/1.1 client that sends exactly what it is told and shows exactly what came: header fields in order, body pieces as
//! they arrive. One connection a request unless told otherwise; every wait is bounded by [`crate::wait::LIMIT`].

use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::Value;

mod connection;
mod response;
#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use response::{Frame, Reply, Response};

/// A request as it will be written. `Host`, and the length of a body, are added unless told.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) authority: String,
    pub(crate) method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Length(Bytes),
    Chunked { chunks: Vec<Bytes>, trailers: Vec<(String, String)> },
}

impl Request {
    /// `url` is `http://host:port/target`; the target is sent byte for byte, never normalised.
    pub fn new(method: &str, url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url:?} does not begin with http://"));
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Self {
            authority: authority.to_owned(),
            method: method.to_owned(),
            target: if target.is_empty() { "/".to_owned() } else { target.to_owned() },
            headers: Vec::new(),
            body: Body::None,
        }
    }

    /// A GET of `url`.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST to `url`, still without a body.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// Adds a field after those already there; names may repeat.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `Authorization: Bearer`.
    pub fn bearer(self, key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    /// Adds `Authorization: Basic` (RFC 7617).
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("Authorization", &format!("Basic {pair}"))
    }

    /// A body with its length.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Length(body.into());
        self
    }

    /// A JSON body with its length and type.
    pub fn json(self, value: &Value) -> Self {
        self.header("Content-Type", "application/json").body(value.to_string())
    }

    /// A chunked body, one chunk an item.
    pub fn chunked<C: Into<Bytes>>(mut self, chunks: impl IntoIterator<Item = C>) -> Self {
        self.body = Body::Chunked { chunks: chunks.into_iter().map(Into::into).collect(), trailers: Vec::new() };
        self
    }

    /// A trailer field after a chunked body.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        match &mut self.body {
            Body::Chunked { trailers, .. } => trailers.push((name.to_owned(), value.to_owned())),
            Body::None | Body::Length(_) => panic!("only a chunked body has trailers"),
        }
        self
    }

    /// The whole message as it goes over the wire.
    pub fn to_bytes(&self) -> Bytes {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let told = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !told("host") {
            field(&mut head, "Host", &self.authority);
        }
        for (name, value) in &self.headers {
            field(&mut head, name, value);
        }
        match &self.body {
            Body::Length(body) if !told("content-length") => {
                field(&mut head, "Content-Length", &body.len().to_string());
            }
            Body::Chunked { .. } if !told("transfer-encoding") => field(&mut head, "Transfer-Encoding", "chunked"),
            _ => {}
        }
        head.push_str("\r\n");
        let mut bytes = BytesMut::from(head.as_bytes());
        match &self.body {
            Body::None => {}
            Body::Length(body) => bytes.put_slice(body),
            Body::Chunked { chunks, trailers } => {
                for chunk in chunks {
                    bytes.put(chunk_of(chunk));
                }
                bytes.put(last_chunk(trailers));
            }
        }
        bytes.freeze()
    }

    /// Sends it on a fresh connection and reads the head of the answer. Panics if there is none.
    pub async fn send(&self) -> Response {
        self.try_send().await.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// As [`Self::send`], for a test that expects the connection to break.
    pub async fn try_send(&self) -> io::Result<Response> {
        Connection::open(&self.authority).await?.request(self).await
    }

    /// Sends it on a fresh connection and reads the whole answer. Panics if that breaks off.
    pub async fn fetch(&self) -> Reply {
        self.try_fetch().await.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// As [`Self::fetch`], for a test that expects the connection to break.
    pub async fn try_fetch(&self) -> io::Result<Reply> {
        Ok(self.try_send().await?.finish().await?.0)
    }
}

/// One chunk in its frame (RFC 9112 7.1).
pub(crate) fn chunk_of(data: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(data.len() + 16);
    framed.put_slice(format!("{:x}\r\n", data.len()).as_bytes());
    framed.put_slice(data);
    framed.put_slice(b"\r\n");
    framed.freeze()
}

/// The chunk of size 0 with its trailers.
pub(crate) fn last_chunk(trailers: &[(String, String)]) -> Bytes {
    let mut text = "0\r\n".to_owned();
    for (name, value) in trailers {
        field(&mut text, name, value);
    }
    Bytes::from(text + "\r\n")
}

pub(crate) fn field(text: &mut String, name: &str, value: &str) {
    write!(text, "{name}: {value}\r\n").expect("writing to a string");
}
