//! Compressed bodies.
//!
//! Input: a line with a `Content-Encoding`, then the body.

use std::io::Write as _;

use domain::classify::decode::{decode as decode_start, decode_whole};

use crate::input::text_line;

const LIMIT_BYTES: usize = 10_000;

/// No more than the limit comes out; what is whole is the same by both functions; what was encoded is decoded.
pub fn decode(data: &[u8]) {
    let (encoding, body) = text_line(data);
    let start = decode_start(&encoding, body, LIMIT_BYTES);
    let whole = decode_whole(&encoding, body, LIMIT_BYTES);
    assert!(start.as_ref().is_none_or(|start| start.len() <= LIMIT_BYTES), "more than the limit");
    assert!(whole.is_none() || whole == start, "the whole has another beginning");
    // One encoder an input: making one costs more than all else.
    let which = body.iter().map(|byte| usize::from(*byte)).sum::<usize>() % ENCODERS.len();
    if body.len() <= LIMIT_BYTES {
        let (name, encode) = ENCODERS[which];
        round_trip(name, &encode(body), body);
    }
}

fn round_trip(name: &str, encoded: &[u8], body: &[u8]) {
    assert_eq!(decode_whole(name, encoded, LIMIT_BYTES).as_deref(), Some(body), "{name}");
    let cut = decode_start(name, &encoded[..encoded.len() / 2], LIMIT_BYTES).unwrap_or_default();
    assert!(body.starts_with(&cut), "{name} cut off");
    let few = decode_start(name, encoded, 10).unwrap_or_default();
    // The limit is that of each layer.
    assert!(body.starts_with(&few) && (few.len() == body.len().min(10) || name.contains(", ")), "{name}");
}

type Encode = fn(&[u8]) -> Vec<u8>;

const ENCODERS: &[(&str, Encode)] = &[
    ("identity", <[u8]>::to_vec),
    ("gzip", gzip),
    (" X-Gzip ,", gzip),
    ("deflate", zlib),
    ("deflate", bare),
    ("zstd", zstd_frame),
    ("br", brotli_stream),
    ("gzip, zstd", |body| zstd_frame(&gzip(body))),
];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory takes all")
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory takes all")
}

fn bare(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory takes all")
}

fn zstd_frame(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 1).expect("memory takes all")
}

fn brotli_stream(body: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 16);
    encoder.write_all(body).expect("memory takes all");
    encoder.into_inner()
}
