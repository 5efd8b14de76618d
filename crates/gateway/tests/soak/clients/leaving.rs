//! Clients that go before the end.

use std::time::Duration;

use bytes::Bytes;
use testkit::http::Connection;
use tokio::time::timeout;

use super::Asked;
use crate::book::Manner;
use crate::world::Actor;

/// Longer than the server waits for a body.
const SILENCE: Duration = Duration::from_secs(6);

/// They go in the head, in the body, before the answer, or in the middle of it; in order, or with a reset.
pub(crate) async fn anywhere(mut actor: Actor) {
    while actor.goes_on() {
        let word = ["plain", "stream", "large"][actor.rng.usize(..3)];
        let filler = [100, 500_000][actor.rng.usize(..2)];
        let manner = if actor.rng.u8(..6) == 0 { Manner::Barred } else { Manner::Leaves };
        let asked = Asked::new(&mut actor, manner, word, filler);
        let bytes = asked.request.to_bytes();
        let sent = how_much(&mut actor, &bytes, manner);
        let Ok(mut connection) = Connection::open(&actor.world.addr.to_string()).await else { continue };
        // The gateway may have refused what it has seen of it.
        let _ = connection.write(&bytes[..sent]).await;
        actor.pause(80).await;
        if sent == bytes.len() && actor.rng.bool() {
            read_some(&mut actor, connection).await;
        } else if actor.rng.bool() {
            connection.reset();
        }
    }
}

/// What is not to get in goes in its head.
fn how_much(actor: &mut Actor, bytes: &Bytes, manner: Manner) -> usize {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n").expect("a head") + 3;
    match (manner, actor.rng.u8(..4)) {
        (Manner::Barred, _) => actor.rng.usize(..head),
        (_, 0) => actor.rng.usize(head + 1..bytes.len()),
        _ => bytes.len(),
    }
}

async fn read_some(actor: &mut Actor, connection: Connection) {
    let patience = Duration::from_millis(actor.rng.u64(..200));
    let reading = async {
        let mut response = connection.response("POST").await.ok()?;
        while response.frame().await.ok()?.is_some() {}
        Some(())
    };
    // Whichever comes first: the end, or the time to go.
    let _ = timeout(patience, reading).await;
}

/// They stop in the middle of the body, but stay.
pub(crate) async fn in_silence(mut actor: Actor) {
    while actor.goes_on() {
        let filler = [100, 500_000][actor.rng.usize(..2)];
        let asked = Asked::new(&mut actor, Manner::Leaves, "plain", filler);
        let bytes = asked.request.to_bytes();
        let Ok(mut connection) = Connection::open(&actor.world.addr.to_string()).await else { continue };
        let _ = connection.write(&bytes[..bytes.len() - 10]).await;
        let _ = timeout(SILENCE, connection.read_to_end()).await;
    }
}
