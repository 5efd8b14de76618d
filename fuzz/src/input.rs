//! Inputs are texts in parts, so that a corpus can be read and written by people.

use http::{HeaderMap, HeaderName, HeaderValue};

/// A provider key as inputs quote it: `@KEY@`.
pub const KEY: &str = "sk-fuzz0123456789ABCDEFGHIJ";

/// The bytes before the first line break, and those after it.
pub fn line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', data).unwrap_or(data.len());
    (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default())
}

/// Like [`line`]; bytes that aren't UTF-8 are replaced.
pub fn text_line(data: &[u8]) -> (String, &[u8]) {
    let (line, rest) = line(data);
    (text(line), rest)
}

/// As text; bytes that aren't UTF-8 are replaced.
pub fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// `name: value` lines up to an empty one, and what follows it. Lines that are no header are skipped.
pub fn headers(data: &[u8]) -> (HeaderMap, &[u8]) {
    let (mut headers, mut rest) = (HeaderMap::new(), data);
    while !rest.is_empty() {
        let (header, tail) = line(rest);
        rest = tail;
        if header.is_empty() {
            break;
        }
        let colon = memchr::memchr(b':', header).unwrap_or(header.len());
        let (name, value) = header.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    (headers, rest)
}

/// `data` with every `@KEY@` replaced by [`KEY`].
pub fn with_key(data: &[u8]) -> Vec<u8> {
    replaced(data, b"@KEY@", KEY)
}

/// `data` with every `from` replaced.
pub fn replaced(data: &[u8], from: &[u8], to: &str) -> Vec<u8> {
    let (mut out, mut kept_from) = (Vec::with_capacity(data.len()), 0);
    for at in memchr::memmem::find_iter(data, from) {
        out.extend_from_slice(&data[kept_from..at]);
        out.extend_from_slice(to.as_bytes());
        kept_from = at + from.len();
    }
    out.extend_from_slice(&data[kept_from..]);
    out
}

/// `data` in pieces whose lengths are taken from `sizes` in turn.
pub fn pieces<'d>(data: &'d [u8], sizes: &'d [u8]) -> impl Iterator<Item = &'d [u8]> {
    let mut sizes = sizes.iter().copied().cycle();
    let mut rest = data;
    std::iter::from_fn(move || {
        let size = usize::from(sizes.next().unwrap_or(u8::MAX)).clamp(1, rest.len().max(1));
        let (piece, tail) = rest.split_at_checked(size)?;
        rest = tail;
        Some(piece)
    })
}
