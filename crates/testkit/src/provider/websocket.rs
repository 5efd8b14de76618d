//! The server's side of a WebSocket (RFC 6455), as much as an echo needs: no extensions, messages as large as they come.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::wire::{Wire, broken};

/// The opcode of a text frame; a message's further frames have 0.
pub(super) const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

struct Frame {
    is_final: bool,
    opcode: u8,
    payload: Vec<u8>,
}

/// The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 4.2.2).
pub(super) fn accept(key: &str) -> String {
    let both = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, both.as_bytes()))
}

/// A whole message as a server sends it: one frame, unmasked (RFC 6455 5.2).
pub(super) fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    framed(FINAL | opcode, payload)
}

/// Sends every frame back, answers pings and, at last, the close.
pub(super) async fn echo(wire: &mut Wire) -> io::Result<()> {
    loop {
        let got = read(wire).await?;
        let answer = match got.opcode {
            PING => frame(PONG, &got.payload),
            PONG => continue,
            opcode => framed(if got.is_final { FINAL } else { 0 } | opcode, &got.payload),
        };
        wire.stream.write_all(&answer).await?;
        if got.opcode == CLOSE {
            return wire.stream.shutdown().await;
        }
    }
}

fn framed(first: u8, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + 10);
    bytes.put_u8(first);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => bytes.put_u8(short),
        (_, Ok(medium)) => {
            bytes.put_u8(126);
            bytes.put_u16(medium);
        }
        _ => {
            bytes.put_u8(127);
            bytes.put_u64(length as u64);
        }
    }
    bytes.put_slice(payload);
    bytes.freeze()
}

async fn read(wire: &mut Wire) -> io::Result<Frame> {
    let mut start = take(wire, 2).await?;
    let (first, second) = (start.get_u8(), start.get_u8());
    if second & MASKED == 0 {
        return Err(broken("a frame of a client that is not masked"));
    }
    let length = match second & !MASKED {
        126 => u64::from(take(wire, 2).await?.get_u16()),
        127 => take(wire, 8).await?.get_u64(),
        short => u64::from(short),
    };
    let mask = take(wire, 4).await?;
    let length = usize::try_from(length).map_err(|_| broken("a frame of no sane length"))?;
    let mut payload = take(wire, length).await?.to_vec();
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok(Frame { is_final: first & FINAL != 0, opcode: first & 0x0f, payload })
}

async fn take(wire: &mut Wire, count: usize) -> io::Result<BytesMut> {
    while wire.buf.len() < count {
        if wire.stream.read_buf(&mut wire.buf).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(wire.buf.split_to(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn lengths_have_three_forms() {
        for (length, head) in [
            (5, &[0x81, 5][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = frame(TEXT, &vec![b'x'; length]);
            assert_eq!((&frame[..head.len()], frame.len()), (head, head.len() + length));
        }
    }
}
