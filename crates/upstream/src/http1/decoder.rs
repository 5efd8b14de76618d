//! Where the body of an answer is among the bytes that come after its head (RFC 9112 6.3).

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};

use super::chunked::Chunked;

/// Finds the body's own bytes, and its end.
#[derive(Debug)]
pub(crate) struct Decoder {
    kind: Kind,
    /// Something came after the end.
    surplus: bool,
}

#[derive(Debug)]
enum Kind {
    /// So many bytes are still to come.
    Length(u64),
    Chunked(Chunked),
    UntilClose {
        closed: bool,
    },
}

/// How far a body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More is to come.
    Open,
    Ended,
    /// Its coding is broken.
    Broken(&'static str),
}

impl Decoder {
    /// For the answer to a request with or without the method HEAD. The head must have been found to be without
    /// [faults](super::super::incoming::fault).
    pub(crate) fn of<B>(response: &Response<B>, to_head: bool) -> Self {
        let headers = response.headers();
        let status = response.status();
        let is_bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || status.is_informational();
        let kind = if to_head || is_bare {
            Kind::Length(0)
        } else if headers.contains_key(header::TRANSFER_ENCODING) {
            Kind::Chunked(Chunked::default())
        } else {
            let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
            length.map_or(Kind::UntilClose { closed: false }, Kind::Length)
        };
        Self { kind, surplus: false }
    }

    /// Goes on with `bytes`, in which the body's own are then at the range returned.
    pub(crate) fn decode(&mut self, bytes: &mut [u8]) -> Range<usize> {
        let (data, taken) = match &mut self.kind {
            Kind::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                (0..taken, taken)
            }
            Kind::Chunked(chunked) => {
                let decoded = chunked.decode(bytes);
                (decoded.data, decoded.taken)
            }
            Kind::UntilClose { .. } => (0..bytes.len(), bytes.len()),
        };
        self.surplus |= taken < bytes.len();
        data
    }

    /// The same for bytes that need not be copied.
    pub(crate) fn decode_owned(&mut self, mut bytes: BytesMut) -> Bytes {
        let data = self.decode(&mut bytes);
        bytes.truncate(data.end);
        bytes.advance(data.start);
        bytes.freeze()
    }

    /// Nothing more will come; `false` if something is missing.
    pub(crate) fn close(&mut self) -> bool {
        if let Kind::UntilClose { closed } = &mut self.kind {
            *closed = true;
        }
        self.progress() == Progress::Ended
    }

    pub(crate) fn progress(&self) -> Progress {
        let has_ended = match &self.kind {
            Kind::Length(left) => *left == 0,
            Kind::Chunked(chunked) => match chunked.fault() {
                Some(fault) => return Progress::Broken(fault),
                None => chunked.has_ended(),
            },
            Kind::UntilClose { closed } => *closed,
        };
        if has_ended { Progress::Ended } else { Progress::Open }
    }

    /// How many bytes are still to come, if the head said so.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.kind {
            Kind::Length(left) => Some(left),
            _ => None,
        }
    }

    pub(crate) fn has_trailers(&self) -> bool {
        matches!(&self.kind, Kind::Chunked(chunked) if chunked.has_trailers())
    }

    pub(crate) fn take_trailers(&mut self) -> Option<HeaderMap> {
        match &mut self.kind {
            Kind::Chunked(chunked) => chunked.take_trailers(),
            _ => None,
        }
    }

    /// Whether another answer may follow on the connection, once this one has ended.
    pub(crate) fn leaves_connection_open(&self) -> bool {
        !self.surplus && !matches!(self.kind, Kind::UntilClose { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(status: u16, field: Option<(&str, &str)>, to_head: bool) -> Decoder {
        let response = field
            .into_iter()
            .fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
        Decoder::of(&response.body(()).expect("a response"), to_head)
    }

    #[test]
    fn status_method_and_fields_tell_where_a_body_ends() {
        let length = Some(("content-length", "5"));
        let chunked = Some(("transfer-encoding", "chunked"));
        for (status, field, to_head, content, surplus, progress) in [
            (200, length, false, "4\r\n01", true, Progress::Ended),
            (200, length, true, "", true, Progress::Ended),
            (200, chunked, false, "012", false, Progress::Open),
            (200, chunked, true, "", true, Progress::Ended),
            (200, None, false, "4\r\n012", false, Progress::Open),
            (200, None, true, "", true, Progress::Ended),
            (204, length, false, "", true, Progress::Ended),
            (304, chunked, false, "", true, Progress::Ended),
            (500, length, false, "4\r\n01", true, Progress::Ended),
        ] {
            let mut decoder = decoder(status, field, to_head);
            let data = decoder.decode_owned(BytesMut::from(&b"4\r\n012"[..]));
            let found = (&data[..], decoder.surplus, decoder.progress());
            assert_eq!(found, (content.as_bytes(), surplus, progress), "{status} {field:?} {to_head}");
        }
    }

    #[test]
    fn only_a_body_until_the_end_may_end_with_the_connection() {
        for (field, is_whole) in [
            (None, true),
            (Some(("content-length", "5")), false),
            (Some(("content-length", "0")), true),
            (Some(("transfer-encoding", "chunked")), false),
        ] {
            let mut decoder = decoder(200, field, false);
            assert_eq!(decoder.close(), is_whole, "{field:?}");
        }
    }
}
