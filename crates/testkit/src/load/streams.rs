//! Event streams whose events say when the provider wrote them.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;

use super::{Phase, Tally, ok_head};
use crate::monotonic;
use crate::wire::Wire;

/// What stands before the time in an event.
const BEFORE_STAMP: &[u8] = b"\"content\":\"";

pub(super) async fn run(mut wire: Wire, request: Bytes, tally: Rc<Tally>) {
    // A stream that ends by itself has failed: the measurement ends it by ending this task.
    let _ = follow(&mut wire, &request, &tally).await;
    tally.failed.update(|failed| failed + 1);
}

async fn follow(wire: &mut Wire, request: &Bytes, tally: &Tally) -> io::Result<()> {
    tally.sent.update(|sent| sent + 1);
    wire.stream.write_all(request).await?;
    let mut body = ok_head(wire).await?;
    let (mut text, mut has_begun) = (BytesMut::new(), false);
    while let Some(piece) = wire.piece(&mut body).await? {
        let now = monotonic::now_ns();
        text.extend_from_slice(&piece);
        while let Some(end) = memchr::memmem::find(&text, b"\n\n") {
            if let Some(written) = stamp(&text.split_to(end + 2)) {
                if tally.phase.get() == Phase::Measuring {
                    tally.note(Duration::from_nanos(now.saturating_sub(written)));
                }
                if !std::mem::replace(&mut has_begun, true) {
                    tally.ready.update(|ready| ready + 1);
                }
            }
        }
    }
    Ok(())
}

/// When the event was written.
fn stamp(event: &[u8]) -> Option<u64> {
    let start = memchr::memmem::find(event, BEFORE_STAMP)? + BEFORE_STAMP.len();
    str::from_utf8(event.get(start..start + monotonic::DIGITS)?).ok()?.parse().ok()
}
