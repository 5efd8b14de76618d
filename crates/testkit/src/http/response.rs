//! An answer: its head first, then its body piece by piece or whole.

use std::io;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::Connection;
use crate::wait::within;
use crate::wire::{Body, Headers, MAX_HEADERS, broken};

/// An answer whose head has been read and whose body is still to come.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The text behind the status code.
    pub reason: String,
    /// The minor version: 0 or 1.
    pub version: u8,
    /// The fields as sent.
    pub headers: Headers,
    /// The head as sent, with its empty line.
    pub raw_head: Bytes,
    /// The 1xx heads that came before.
    pub interim: Vec<(u16, Headers)>,
    pub(super) connection: Connection,
    body: Body,
    events: BytesMut,
}

/// A piece of a body. A chunk that arrives in one piece is one frame; two chunks never are.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The bytes, without chunk framing.
    pub data: Bytes,
    /// When they had been read.
    pub at: Instant,
}

/// An answer read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The fields as sent.
    pub headers: Headers,
    /// The body without chunk framing.
    pub body: Bytes,
    /// The fields after a chunked body.
    pub trailers: Headers,
}

impl Response {
    pub(super) fn parse(
        connection: Connection,
        raw_head: &Bytes,
        method: &str,
        interim: Vec<(u16, Headers)>,
    ) -> io::Result<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut fields);
        parsed.parse(raw_head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let status = parsed.code.ok_or_else(|| broken("a head without status"))?;
        let bodiless = method == "HEAD" || matches!(status, 100..200 | 204 | 304);
        let body = if bodiless { Body::Done } else { Body::of(parsed.headers).unwrap_or(Body::ToEnd) };
        Ok(Self {
            status,
            reason: parsed.reason.unwrap_or_default().to_owned(),
            version: parsed.version.unwrap_or_default(),
            headers: Headers::from_parsed(parsed.headers),
            raw_head: raw_head.clone(),
            interim,
            connection,
            body,
            events: BytesMut::new(),
        })
    }

    /// The next piece of the body. `None` at its end; an error if the connection ends before the body does.
    pub async fn frame(&mut self) -> io::Result<Option<Frame>> {
        let data = within("a piece of the body", self.connection.wire.piece(&mut self.body)).await?;
        Ok(data.map(|data| Frame { data, at: Instant::now() }))
    }

    /// The next server-sent event as text, without its empty line. `None` at the end. Not to be mixed with [`Self::frame`].
    pub async fn event(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.events, b"\n\n") {
                let event = self.events.split_to(at + 2);
                return Ok(Some(String::from_utf8_lossy(&event[..at]).into_owned()));
            }
            match self.frame().await? {
                Some(frame) => self.events.extend_from_slice(&frame.data),
                None if self.events.is_empty() => return Ok(None),
                None => return Err(broken("an event without end")),
            }
        }
    }

    /// The rest of the answer, and the connection for another request.
    pub async fn finish(mut self) -> io::Result<(Reply, Connection)> {
        let mut body = std::mem::take(&mut self.events);
        while let Some(frame) = self.frame().await? {
            body.extend_from_slice(&frame.data);
        }
        let trailers = std::mem::take(&mut self.connection.wire.trailers);
        let reply = Reply { status: self.status, headers: self.headers, body: body.freeze(), trailers };
        Ok((reply, self.connection))
    }

    /// The bare connection, for what follows a 101.
    pub fn into_connection(self) -> Connection {
        self.connection
    }
}

impl Reply {
    /// The body as text; bytes that are none are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. Panics with status and body if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}), status {}: {}", self.status, self.text()))
    }
}
