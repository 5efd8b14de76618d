//! Percent-encoding (RFC 3986, 2.1).

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every `%XX` decoded. Incomplete sequences stay as they are, bytes that aren't UTF-8 become U+FFFD.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let decoded = if byte == b'%' { tail.first_chunk().copied().and_then(hex_pair) } else { None };
        out.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// `text` as one path segment: everything but letters, digits and `-._~@` is encoded.
pub(super) fn encode_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String never fails.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn hex_pair([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_and_nothing_else() {
        for (text, want) in
            [("a", "a"), ("%61%2Fb", "a/b"), ("%", "%"), ("%4", "%4"), ("%zz%+1", "%zz%+1"), ("%ff", "\u{fffd}")]
        {
            assert_eq!(decode(text), want, "{text}");
        }
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        for text in ["gemini-2.0-flash", "a/b:c%20 d", "модель@001", ""] {
            assert_eq!(decode(&encode_segment(text)), text);
        }
        assert_eq!(encode_segment("a/b:c@1"), "a%2Fb%3Ac@1");
    }
}
