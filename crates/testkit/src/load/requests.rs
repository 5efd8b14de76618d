//! Requests with an answer each, one after the other or at a fixed pace.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{self, MissedTickBehavior};

use super::{Phase, Tally, ok_head};
use crate::wire::Wire;

pub(super) async fn run(mut wire: Wire, request: Bytes, tally: Rc<Tally>) {
    first(&mut wire, &request, &tally).await;
    while tally.phase.get() != Phase::Over && once(&mut wire, &request, &tally).await {}
}

pub(super) async fn run_paced(mut wire: Wire, request: Bytes, tally: Rc<Tally>, every: Duration, phase: Duration) {
    first(&mut wire, &request, &tally).await;
    let mut ticks = time::interval_at(time::Instant::now() + phase, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while tally.phase.get() != Phase::Over && once(&mut wire, &request, &tally).await {
        ticks.tick().await;
    }
}

async fn first(wire: &mut Wire, request: &Bytes, tally: &Tally) {
    once(wire, request, tally).await;
    tally.ready.update(|ready| ready + 1);
}

/// Whether the connection can go on.
async fn once(wire: &mut Wire, request: &Bytes, tally: &Tally) -> bool {
    let start = Instant::now();
    tally.sent.update(|sent| sent + 1);
    let answered = exchange(wire, request).await.is_ok();
    if answered {
        tally.note(start.elapsed());
    } else {
        tally.failed.update(|failed| failed + 1);
    }
    answered
}

async fn exchange(wire: &mut Wire, request: &Bytes) -> io::Result<()> {
    wire.stream.write_all(request).await?;
    let mut body = ok_head(wire).await?;
    while wire.piece(&mut body).await?.is_some() {}
    Ok(())
}
