//! The chunked coding (RFC 9112 7.1), undone in place.

use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::MAX_FIELDS;

/// Digits of a chunk's size; more could not be counted.
const MAX_SIZE_DIGITS: u8 = 16;
/// Of one chunk's extension, which is passed over.
const MAX_EXTENSION_BYTES: u16 = 16 * 1024;
/// Of all trailers together.
const MAX_TRAILER_BYTES: usize = 16 * 1024;

/// Where in a chunked body its reader is.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    next: Next,
    /// Lines of trailers so far.
    trailer_lines: Vec<u8>,
    trailers: Option<Box<HeaderMap>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Size {
        size: u64,
        digits: u8,
    },
    /// Spaces after a size.
    Space(u64),
    Extension {
        size: u64,
        bytes: u16,
    },
    SizeLf(u64),
    /// So many bytes of a chunk.
    Data(u64),
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
    Ended,
    Broken(&'static str),
}

impl Default for Next {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

/// What a stretch of bytes held.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Where the content of the chunks is now, joined.
    pub(super) data: Range<usize>,
    /// How many bytes were part of the body.
    pub(super) taken: usize,
}

impl Chunked {
    /// Goes on with `bytes`. The content of the first chunk stays where it is, that of later ones is moved up to it.
    pub(super) fn decode(&mut self, bytes: &mut [u8]) -> Decoded {
        let (mut data, mut at) = (0..0, 0);
        while let Some(byte) = bytes.get(at).copied() {
            match self.next {
                Next::Data(left) => {
                    let there = bytes.len() - at;
                    let run = usize::try_from(left).unwrap_or(usize::MAX).min(there);
                    if data.is_empty() {
                        data = at..at;
                    } else {
                        bytes.copy_within(at..at + run, data.end);
                    }
                    data.end += run;
                    at += run;
                    let left = left - run as u64;
                    self.next = if left == 0 { Next::DataCr } else { Next::Data(left) };
                }
                Next::Ended | Next::Broken(_) => break,
                next => {
                    self.next = self.step(next, byte);
                    at += 1;
                }
            }
        }
        Decoded { data, taken: at }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.next == Next::Ended
    }

    /// What is wrong with the coding, if anything is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match self.next {
            Next::Broken(fault) => Some(fault),
            _ => None,
        }
    }

    pub(super) fn has_trailers(&self) -> bool {
        self.trailers.is_some()
    }

    /// The trailers, once they are there.
    pub(super) fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take().map(|trailers| *trailers)
    }

    fn step(&mut self, next: Next, byte: u8) -> Next {
        match (next, byte) {
            (Next::Size { size, digits }, byte) if byte.is_ascii_hexdigit() => match char::from(byte).to_digit(16) {
                Some(digit) if digits < MAX_SIZE_DIGITS => {
                    Next::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }
                }
                _ => Next::Broken("a chunk's size has too many digits"),
            },
            (Next::Size { digits: 0, .. }, _) => Next::Broken("a chunk has no size"),
            (Next::Size { size, .. } | Next::Space(size), b' ' | b'\t') => Next::Space(size),
            (Next::Size { size, .. } | Next::Space(size), b';') => Next::Extension { size, bytes: 0 },
            (Next::Size { size, .. } | Next::Space(size) | Next::Extension { size, .. }, b'\r') => Next::SizeLf(size),
            (Next::Extension { size, bytes }, byte) if byte != b'\n' && bytes < MAX_EXTENSION_BYTES => {
                Next::Extension { size, bytes: bytes + 1 }
            }
            (Next::SizeLf(0), b'\n') => Next::TrailerStart,
            (Next::SizeLf(size), b'\n') => Next::Data(size),
            (Next::DataCr, b'\r') => Next::DataLf,
            (Next::DataLf, b'\n') => Next::default(),
            (Next::DataCr | Next::DataLf, _) => Next::Broken("a chunk is longer than its size"),
            (Next::TrailerStart, b'\r') => Next::LastLf,
            (Next::TrailerStart | Next::Trailer | Next::TrailerLf, byte) => self.step_trailer(next, byte),
            (Next::LastLf, b'\n') => self.end(),
            _ => Next::Broken("the line of a chunk's size is malformed"),
        }
    }

    fn step_trailer(&mut self, next: Next, byte: u8) -> Next {
        self.trailer_lines.push(byte);
        match (next, byte) {
            _ if self.trailer_lines.len() > MAX_TRAILER_BYTES => Next::Broken("the trailers are too long"),
            (Next::TrailerLf, b'\n') => Next::TrailerStart,
            (Next::TrailerLf, _) | (_, b'\n') => Next::Broken("a line of the trailers is malformed"),
            (_, b'\r') => Next::TrailerLf,
            _ => Next::Trailer,
        }
    }

    fn end(&mut self) -> Next {
        if self.trailer_lines.is_empty() {
            return Next::Ended;
        }
        let mut lines = std::mem::take(&mut self.trailer_lines);
        lines.extend_from_slice(b"\r\n");
        match fields(&lines) {
            Some(trailers) => {
                self.trailers = Some(Box::new(trailers));
                Next::Ended
            }
            None => Next::Broken("the trailers are malformed"),
        }
    }
}

fn fields(lines: &[u8]) -> Option<HeaderMap> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let httparse::Status::Complete((_, fields)) = httparse::parse_headers(lines, &mut fields).ok()? else {
        return None;
    };
    let field = |field: &httparse::Header<'_>| {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(field.value).ok()?))
    };
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.iter().map(field).collect::<Option<Vec<_>>>()? {
        map.append(name, value);
    }
    Some(map)
}

#[cfg(test)]
mod tests;
