use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::{decode, decode_whole};

const LIMIT: usize = 64 * 1024;
const ENCODINGS: [&str; 5] = ["gzip", "deflate", "raw deflate", "br", "zstd"];

fn encode(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    match encoding {
        "gzip" => finish(GzEncoder::new(Vec::new(), level), plain, GzEncoder::finish),
        "deflate" => finish(ZlibEncoder::new(Vec::new(), level), plain, ZlibEncoder::finish),
        "raw deflate" => finish(DeflateEncoder::new(Vec::new(), level), plain, DeflateEncoder::finish),
        "zstd" => zstd::stream::encode_all(plain, 3).unwrap(),
        _ => {
            let mut encoded = Vec::new();
            brotli::CompressorReader::new(plain, 4096, 5, 20).read_to_end(&mut encoded).unwrap();
            encoded
        }
    }
}

fn finish<W: Write>(mut encoder: W, plain: &[u8], end: fn(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(plain).unwrap();
    end(encoder).unwrap()
}

/// The name of the encoding in `Content-Encoding`.
fn named(encoding: &str) -> &str {
    encoding.trim_start_matches("raw ")
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| b"{\"error\":\"abcdefgh\"} "[(n * n / 7) % 21]).collect()
}

#[test]
fn every_encoding_is_undone() {
    for encoding in ENCODINGS {
        for length in [1, 100, 20_000] {
            let (plain, encoded) = (text(length), encode(encoding, &text(length)));
            assert_eq!(decode(named(encoding), &encoded, LIMIT).as_ref(), Some(&plain), "{encoding} {length}");
            assert_eq!(decode_whole(named(encoding), &encoded, LIMIT), Some(plain), "{encoding} {length}");
        }
    }
}

#[test]
fn the_names_of_encodings_are_lists_in_any_case() {
    let (plain, gzip) = (text(100), encode("gzip", &text(100)));
    let both = encode("br", &gzip);
    for (encoding, body) in [
        ("GZip", &gzip),
        ("x-gzip", &gzip),
        ("identity, gzip", &gzip),
        ("gzip, BR", &both),
        ("", &plain),
        ("identity", &plain),
    ] {
        assert_eq!(decode_whole(encoding, body, LIMIT).as_ref(), Some(&plain), "{encoding}");
    }
    assert_eq!(decode("compress", &gzip, LIMIT), None);
    assert_eq!(decode("gzip, dcb", &gzip, LIMIT), None);
    assert_eq!(decode("gzip,gzip,gzip,gzip,gzip", &gzip, LIMIT), None);
}

#[test]
fn what_was_cut_off_is_decoded_as_far_as_it_goes_but_is_not_whole() {
    // Random text compresses badly: its first half holds about half of it.
    let plain: Vec<u8> = (0..40_000_u32).map(|n| b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26).collect();
    for encoding in ENCODINGS {
        let encoded = encode(encoding, &plain);
        let half = &encoded[..encoded.len() / 2];
        let decoded = decode(named(encoding), half, LIMIT).unwrap_or_default();
        assert!(plain.starts_with(&decoded), "{encoding}");
        assert!(encoding == "zstd" || !decoded.is_empty(), "{encoding}: {} bytes", decoded.len());
        for cut in [1, 2, 5, encoded.len() / 2, encoded.len() - 1] {
            assert_eq!(decode_whole(named(encoding), &encoded[..cut], LIMIT), None, "{encoding} {cut}");
        }
    }
}

#[test]
fn the_limit_bounds_bombs() {
    let zeros = vec![0; 20_000_000];
    for encoding in ENCODINGS {
        let bomb = encode(encoding, &zeros);
        assert_eq!(decode(named(encoding), &bomb, LIMIT), Some(vec![0; LIMIT]), "{encoding}");
        assert_eq!(decode_whole(named(encoding), &bomb, LIMIT), None, "{encoding}");
        let exact = encode(encoding, &zeros[..LIMIT]);
        assert_eq!(decode_whole(named(encoding), &exact, LIMIT), Some(vec![0; LIMIT]), "{encoding}");
        assert_eq!(decode_whole(named(encoding), &exact, LIMIT - 1), None, "{encoding}");
    }
    assert_eq!(decode("identity", &zeros, 10), Some(vec![0; 10]));
    assert_eq!(decode_whole("identity", &zeros, 10), None);
}

#[test]
fn damage_is_noticed() {
    for encoding in ENCODINGS {
        assert_eq!(decode(named(encoding), b"<html>plain</html>", LIMIT), None, "{encoding}");
        let mut trailing = encode(encoding, &text(1000));
        trailing.extend_from_slice(b"junk");
        assert!(decode(named(encoding), &trailing, LIMIT).is_some(), "{encoding}");
    }
    let mut wrong_sum = encode("gzip", &text(1000));
    let last = wrong_sum.len() - 6;
    wrong_sum[last] ^= 1;
    assert_eq!(decode("gzip", &wrong_sum, LIMIT), Some(text(1000)));
    assert_eq!(decode_whole("gzip", &wrong_sum, LIMIT), None);
}

#[test]
fn members_of_a_gzip_body_follow_each_other() {
    let mut body = encode("gzip", b"one ");
    body.extend(encode("gzip", b"two"));
    assert_eq!(decode_whole("gzip", &body, LIMIT).as_deref(), Some(&b"one two"[..]));
}

proptest! {
    #[test]
    fn any_bytes_are_bounded(encoding in prop::sample::select(&ENCODINGS[..]), body in prop::collection::vec(any::<u8>(), 0..300), limit in 0usize..500) {
        prop_assert!(decode(named(encoding), &body, limit).is_none_or(|decoded| decoded.len() <= limit));
        prop_assert!(decode_whole(named(encoding), &body, limit).is_none_or(|decoded| decoded.len() <= limit));
    }

    #[test]
    fn round_trip(encoding in prop::sample::select(&ENCODINGS[..]), plain in prop::collection::vec(any::<u8>(), 0..3000)) {
        let encoded = encode(encoding, &plain);
        prop_assert_eq!(decode_whole(named(encoding), &encoded, LIMIT), Some(plain));
    }
}
