//! HTTP/2 frame by frame (RFC 9113, RFC 7541), for what no client library would send.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use testkit::app::App;
use testkit::http::Connection;
use tokio::time::timeout;

/// Longer than a program that goes on reading takes over a few frames.
const SOON: Duration = Duration::from_millis(500);

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// `SETTINGS_INITIAL_WINDOW_SIZE`
pub(super) const INITIAL_WINDOW: u8 = 4;

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Bytes,
}

/// How a stream ended, as the client sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With an answer of this status.
    Status(u16),
    /// It was reset.
    Reset,
    /// The whole connection was closed.
    Closed,
}

/// A connection with prior knowledge; what is sent is up to the test.
pub(super) struct Raw {
    connection: Connection,
    unread: Vec<u8>,
}

impl Raw {
    /// With the preface and these settings.
    pub(super) async fn open(app: &App, settings: &[(u8, u32)]) -> Self {
        let mut connection = super::super::connect(app).await;
        connection.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut raw = Self { connection, unread: Vec::new() };
        let settings = settings.iter().flat_map(|(name, value)| [&[0, *name][..], &value.to_be_bytes()].concat());
        raw.send(SETTINGS, 0, 0, &settings.collect::<Vec<_>>()).await.unwrap();
        raw
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.send_all(&frame(kind, flags, stream, payload)).await
    }

    /// Sends frames as they are.
    pub(super) async fn send_all(&mut self, frames: &[u8]) -> io::Result<()> {
        self.connection.write(frames).await
    }

    /// The same, if the program takes them soon.
    pub(super) async fn try_send_all(&mut self, frames: &[u8]) -> Option<io::Result<()>> {
        timeout(SOON, self.send_all(frames)).await.ok()
    }

    /// Sends one piece after another until the program ends the connection. Panics if it never does.
    pub(super) async fn flood(&mut self, mut piece: impl FnMut() -> Vec<u8>) {
        let mut pieces = 0;
        while self.send_all(&piece()).await.is_ok() && !self.has_ended().await {
            pieces += 1;
            assert!(pieces < 1_000, "the flood goes on");
        }
    }

    async fn has_ended(&mut self) -> bool {
        while let Ok(frame) = timeout(Duration::from_millis(1), self.next()).await {
            if frame.is_none_or(|frame| frame.kind == GOAWAY) {
                return true;
            }
        }
        false
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        let whole = |unread: &[u8]| {
            let length = unread.get(..3)?;
            let length = usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]);
            (unread.len() >= 9 + length).then_some(9 + length)
        };
        loop {
            if let Some(length) = whole(&self.unread) {
                let rest = self.unread.split_off(length);
                let mut frame = Bytes::from(std::mem::replace(&mut self.unread, rest));
                let (kind, stream) = (frame[3], (&frame[5..9]).get_u32());
                frame.advance(9);
                return Some(Frame { kind, stream, payload: frame });
            }
            let read = self.connection.read().await.ok().filter(|read| !read.is_empty())?;
            self.unread.extend_from_slice(&read);
        }
    }

    /// How `stream` ends, whatever else comes. Settings and pings are not acknowledged.
    pub(super) async fn end(&mut self, stream: u32) -> End {
        while let Some(frame) = self.next().await {
            match frame.kind {
                HEADERS if frame.stream == stream => return End::Status(status(&frame.payload)),
                RST_STREAM if frame.stream == stream => return End::Reset,
                GOAWAY => return End::Closed,
                _ => {}
            }
        }
        End::Closed
    }

    /// Sends a whole request and tells how it ends.
    pub(super) async fn ask(&mut self, stream: u32, fields: &[(&str, &str)], body: &[u8]) -> End {
        let flags = if body.is_empty() { END_HEADERS | END_STREAM } else { END_HEADERS };
        self.send(HEADERS, flags, stream, &block(fields)).await.unwrap();
        if !body.is_empty() {
            // A request that was refused already takes no body.
            let _ = self.send(DATA, END_STREAM, stream, body).await;
        }
        self.end(stream).await
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block of literal fields without Huffman coding (RFC 7541 6.2.2).
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [integer(text.len()), text.as_bytes().to_vec()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// With a prefix of 7 bits (RFC 7541 5.1).
fn integer(value: usize) -> Vec<u8> {
    let Some(mut rest) = value.checked_sub(127) else { return vec![u8::try_from(value).unwrap()] };
    let mut bytes = vec![127];
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

/// The status is the first field: an entry of the static table, or a literal with the name of one (RFC 7541 6).
fn status(block: &[u8]) -> u16 {
    // A change of the table's size may come before.
    let block = if block[0] & 0xe0 == 0x20 { &block[1..] } else { block };
    if let indexed @ 0x88..=0x8e = block[0] {
        return [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)];
    }
    let (huffman, length) = (block[1] & 0x80 != 0, usize::from(block[1] & 0x7f));
    let value = &block[2..2 + length];
    if huffman { digits(value) } else { std::str::from_utf8(value).unwrap().parse().unwrap() }
}

/// Three digits in Huffman coding (RFC 7541 B): 0 to 2 take five bits, the others six.
fn digits(coded: &[u8]) -> u16 {
    let bits: Vec<u8> = coded.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let (mut at, mut value) = (0, 0);
    for _ in 0..3 {
        let take = |count: usize| bits[at..at + count].iter().fold(0, |code, bit| code << 1 | u16::from(*bit));
        let (digit, length) = if take(5) < 3 { (take(5), 5) } else { (take(6) - 25 + 3, 6) };
        value = value * 10 + digit;
        at += length;
    }
    value
}
