//! A key in a body that passes in pieces.
//!
//! Input: a line whose bytes are the lengths of the pieces, then the body, where `@KEY@` stands for the key.

use bytes::Bytes;
use domain::secret::{Secret, mask as masked};
use http_body::Frame;

use crate::gateway::mask::Masker;
use crate::input::{KEY, line, pieces, replaced, with_key};

/// Wherever the pieces end, the key is masked and every other byte passes.
pub fn mask(data: &[u8]) {
    let (sizes, body) = line(data);
    let sent = with_key(body);
    let mut masker = Masker::new(Secret::from(KEY));
    let mut passed = Vec::new();
    for piece in pieces(&sent, sizes) {
        let frame = masker.frame(Frame::data(Bytes::copy_from_slice(piece)));
        passed.extend_from_slice(&frame.into_data().expect("data stays data"));
    }
    passed.extend_from_slice(&masker.finish().unwrap_or_default());
    let expected = replaced(&sent, KEY.as_bytes(), &masked(KEY));
    assert_eq!(passed, expected);
}
