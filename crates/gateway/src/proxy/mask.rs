//! Keeping a key's secret out of an error body that is too long to be held.

use bytes::{Bytes, BytesMut};
use domain::secret::{Secret, mask};
use http_body::Frame;
use memchr::memmem;

/// Replaces a secret in a body that passes in pieces, wherever the pieces are cut.
pub struct Masker {
    secret: Secret,
    /// The end of what came, as long as it could be the beginning of the secret.
    kept: BytesMut,
}

impl Masker {
    /// Masks `secret`.
    pub fn new(secret: Secret) -> Self {
        Self { secret, kept: BytesMut::new() }
    }

    /// What of a frame can pass now. Trailers give way to what was still kept: nothing may come after them, and they are about the body
    /// as it was.
    pub fn frame(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        Frame::data(match frame.into_data() {
            Ok(data) => self.push(&data),
            Err(_) => self.finish().unwrap_or_default(),
        })
    }

    /// What was still kept.
    pub fn finish(&mut self) -> Option<Bytes> {
        Some(std::mem::take(&mut self.kept).freeze()).filter(|kept| !kept.is_empty())
    }

    fn push(&mut self, data: &[u8]) -> Bytes {
        self.kept.extend_from_slice(data);
        let mut passed = replaced(&mut self.kept, self.secret.expose().as_bytes());
        let certain = self.kept.len().saturating_sub(self.possible_beginning());
        passed.unsplit(self.kept.split_to(certain));
        passed.freeze()
    }

    /// How many bytes at the end of what is kept could be the secret's first.
    fn possible_beginning(&self) -> usize {
        let secret = self.secret.expose().as_bytes();
        let longest = secret.len().saturating_sub(1).min(self.kept.len());
        let starts = |len: &usize| self.kept.get(self.kept.len() - len..).is_some_and(|end| secret.starts_with(end));
        (1..=longest).rev().find(starts).unwrap_or(0)
    }
}

/// Takes everything up to the last occurrence of `secret` out of `bytes`, masked.
fn replaced(bytes: &mut BytesMut, secret: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    while let Some(at) = memmem::find(bytes, secret).filter(|_| !secret.is_empty()) {
        out.extend_from_slice(&bytes.split_to(at));
        let found = bytes.split_to(secret.len());
        out.extend_from_slice(mask(&String::from_utf8_lossy(&found)).as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trailers_cut_nothing_off() {
        let mut masker = Masker::new(Secret::from("sk-0123456789abcdef"));
        let passed = masker.frame(Frame::data(Bytes::from_static(b"the keys")));
        assert_eq!(passed.into_data().unwrap(), "the key");
        let passed = masker.frame(Frame::trailers(http::HeaderMap::new()));
        assert_eq!((passed.into_data().unwrap(), masker.finish()), (Bytes::from_static(b"s"), None));
    }

    proptest! {
        #[test]
        fn no_cut_lets_the_secret_through(
            parts in prop::collection::vec(prop_oneof![Just("sk-0123456789abcdef"), Just("sk-0123"), Just("s"), Just("x y")], 0..12),
            size in 1usize..9,
        ) {
            let text = parts.concat();
            let mut masker = Masker::new(Secret::from("sk-0123456789abcdef"));
            let mut passed = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                passed.extend_from_slice(&masker.push(piece));
            }
            passed.extend_from_slice(&masker.finish().unwrap_or_default());
            prop_assert_eq!(String::from_utf8(passed).unwrap(), text.replace("sk-0123456789abcdef", "sk-0****cdef"));
        }
    }
}
