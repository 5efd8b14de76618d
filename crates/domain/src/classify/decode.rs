//! Decoded copies of compressed bodies, within bounds of memory whatever the body promises.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

/// No server applies more encodings than this to a body.
const MOST_LAYERS: usize = 4;
/// Receivers of zstd need not support windows over 8 MB (RFC 9659, 3).
const ZSTD_WINDOW_LOG: u32 = 23;
const READ_BUFFER_BYTES: usize = 4096;

/// The first `limit` bytes of what `body` holds, or as many as come out of a body that was cut off. `None` if the
/// encoding is unknown or nothing comes out of the body. `encoding` is the value of `Content-Encoding`.
#[must_use]
pub fn decode(encoding: &str, body: &[u8], limit: usize) -> Option<Vec<u8>> {
    let decoded = layers(encoding, body, limit)?;
    (decoded.complete || !decoded.bytes.is_empty()).then_some(decoded.bytes)
}

/// All of what `body` holds. `None` if the encoding is unknown, the body is damaged or not complete, or more than
/// `limit` bytes come out of it.
#[must_use]
pub fn decode_whole(encoding: &str, body: &[u8], limit: usize) -> Option<Vec<u8>> {
    layers(encoding, body, limit).filter(|decoded| decoded.complete).map(|decoded| decoded.bytes)
}

struct Decoded {
    bytes: Vec<u8>,
    /// The end of the body was reached, without a fault and within the limit.
    complete: bool,
}

/// Undoes the encodings, the last applied first (RFC 9110, 8.4).
fn layers(encoding: &str, body: &[u8], limit: usize) -> Option<Decoded> {
    let names: Vec<_> = encoding.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let names: Vec<_> = names.iter().filter(|name| !matches!(name.as_str(), "" | "identity")).collect();
    if names.is_empty() {
        let kept = body.get(..limit).unwrap_or(body);
        return Some(Decoded { bytes: kept.to_vec(), complete: kept.len() == body.len() });
    }
    if names.len() > MOST_LAYERS {
        return None;
    }
    let mut input = body.to_vec();
    let mut complete = true;
    for name in names.into_iter().rev() {
        let decoded = layer(name, &input, limit)?;
        complete &= decoded.complete;
        input = decoded.bytes;
    }
    Some(Decoded { bytes: input, complete })
}

fn layer(name: &str, body: &[u8], limit: usize) -> Option<Decoded> {
    match name {
        "gzip" | "x-gzip" => Some(read(flate2::read::MultiGzDecoder::new(body), limit)),
        "deflate" => Some(inflate(body, limit)),
        "br" => Some(read(brotli::Decompressor::new(body, READ_BUFFER_BYTES), limit)),
        "zstd" => {
            let mut decoder = zstd::Decoder::with_buffer(body).ok()?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).ok()?;
            Some(read(decoder, limit))
        }
        _ => None,
    }
}

/// Reads until the end, a fault, or one byte more than `limit`.
fn read(mut decoder: impl Read, limit: usize) -> Decoded {
    let mut bytes = Vec::new();
    let mut buffer = [0; READ_BUFFER_BYTES];
    loop {
        let read = decoder.read(&mut buffer);
        let fresh = read.as_ref().ok().and_then(|&count| buffer.get(..count)).unwrap_or_default();
        bytes.extend_from_slice(fresh);
        if bytes.len() > limit || fresh.is_empty() {
            let complete = read.is_ok() && bytes.len() <= limit;
            bytes.truncate(limit);
            return Decoded { bytes, complete };
        }
    }
}

/// `deflate` is the zlib format (RFC 9110, 8.4.1.2), but some servers send the bare deflate data.
fn inflate(body: &[u8], limit: usize) -> Decoded {
    let zlib = inflate_with(Decompress::new(true), body, limit);
    if zlib.complete || !zlib.bytes.is_empty() {
        return zlib;
    }
    inflate_with(Decompress::new(false), body, limit)
}

/// flate2's readers don't tell a stream that was cut off from one that has ended; this does.
fn inflate_with(mut inflater: Decompress, body: &[u8], limit: usize) -> Decoded {
    let mut bytes = Vec::new();
    let mut buffer = [0; READ_BUFFER_BYTES];
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let rest = usize::try_from(read).ok().and_then(|read| body.get(read..)).unwrap_or_default();
        let status = inflater.decompress(rest, &mut buffer, FlushDecompress::None);
        let count = usize::try_from(inflater.total_out() - written).unwrap_or_default();
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let stuck = inflater.total_in() == read && count == 0;
        let ended = matches!(status, Ok(Status::StreamEnd));
        if ended || stuck || status.is_err() || bytes.len() > limit {
            let complete = ended && bytes.len() <= limit;
            bytes.truncate(limit);
            return Decoded { bytes, complete };
        }
    }
}

#[cfg(test)]
mod tests;
