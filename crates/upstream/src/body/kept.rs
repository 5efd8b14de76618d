//! The part of a request body that is kept for further attempts.

use bytes::{Bytes, BytesMut};

use super::budget::Reservation;

/// A chunk from this size on is kept as it came. Smaller ones are copied together: each pins the whole read buffer
/// it is a slice of, so a body sent byte by byte would otherwise take thousands of times its size.
const KEEP_AS_IS_BYTES: usize = 8 * 1024;
/// The copied-together part becomes a chunk of its own at this size.
const SEAL_BYTES: usize = 64 * 1024;

/// Bytes 0 to [`Kept::len`] of a body, or, once it has overflowed, none of them.
#[derive(Debug)]
pub(super) struct Kept {
    /// Chunks with the offset of their first byte, without gaps.
    chunks: Vec<(u64, Bytes)>,
    /// Small chunks that follow the last of `chunks`.
    tail: BytesMut,
    len: u64,
    limit: u64,
    /// Covers `len`; `None` once the body has overflowed.
    reservation: Option<Reservation>,
}

impl Kept {
    /// Keeps up to `limit` bytes, `reservation` growing with them; it must cover `prefix` already.
    pub(super) fn new(prefix: Bytes, limit: usize, reservation: Reservation) -> Self {
        let len = prefix.len() as u64;
        let chunks = if prefix.is_empty() { Vec::new() } else { vec![(0, prefix)] };
        let tail = BytesMut::new();
        Self { chunks, tail, len, limit: limit as u64, reservation: Some(reservation) }
    }

    /// Whether every byte so far is kept.
    pub(super) fn is_whole(&self) -> bool {
        self.reservation.is_some()
    }

    /// Adds what follows; beyond a limit everything is let go, for half a body can't be sent again.
    pub(super) fn push(&mut self, chunk: &Bytes) {
        let Some(reservation) = &mut self.reservation else { return };
        if self.len + chunk.len() as u64 > self.limit || !reservation.grow(chunk.len()) {
            self.let_go();
        } else if chunk.len() >= KEEP_AS_IS_BYTES {
            self.seal();
            self.chunks.push((self.len, chunk.clone()));
            self.len += chunk.len() as u64;
        } else {
            self.tail.extend_from_slice(chunk);
            self.len += chunk.len() as u64;
            if self.tail.len() >= SEAL_BYTES {
                self.seal();
            }
        }
    }

    /// Makes everything readable by [`Kept::after`].
    pub(super) fn seal(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail).freeze();
            self.chunks.push((self.len - tail.len() as u64, tail));
        }
    }

    /// The bytes from `offset` on, up to the end of a chunk; `None` if none are kept there.
    pub(super) fn after(&self, offset: u64) -> Option<Bytes> {
        let following = self.chunks.partition_point(|(start, _)| *start <= offset);
        let (start, chunk) = self.chunks.get(following.checked_sub(1)?)?;
        let skip = usize::try_from(offset - start).ok()?;
        (skip < chunk.len()).then(|| chunk.slice(skip..))
    }

    fn let_go(&mut self) {
        self.chunks = Vec::new();
        self.tail = BytesMut::new();
        self.reservation = None;
    }
}
