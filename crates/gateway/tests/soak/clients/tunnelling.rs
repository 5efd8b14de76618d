//! Clients that ask for a WebSocket: bytes both ways through what is a tunnel to us.

use testkit::http::Connection;

use super::{Asked, staying};
use crate::book::Manner;
use crate::provider::mark;
use crate::world::Actor;

/// They talk for a while, and end in order.
pub(crate) async fn talking(mut actor: Actor) {
    while actor.goes_on() {
        let asked = Asked::tunnel(&mut actor, Manner::Stays);
        let response = match asked.request.try_send().await {
            Ok(response) if response.status == 101 => response,
            Ok(response) => {
                staying::take(&actor.world, &asked, response).await;
                actor.pause(60).await;
                continue;
            }
            Err(error) => return actor.world.book.fault(format!("request {}: no answer: {error}", asked.number)),
        };
        let mut got = Asked::got(&response);
        let mut tunnel = response.into_connection();
        let words = actor.rng.usize(1..20);
        got.whole = echoes(&mut actor, &mut tunnel, asked.number, words).await;
        if !got.whole {
            actor.world.book.fault(format!("request {}: its tunnel broke off", asked.number));
        }
        actor.world.book.got(asked.number, got);
    }
}

/// They go at once, or in the middle of a word.
pub(crate) async fn leaving(mut actor: Actor) {
    while actor.goes_on() {
        let asked = Asked::tunnel(&mut actor, Manner::Leaves);
        let Ok(response) = asked.request.try_send().await else { continue };
        let mut tunnel = response.into_connection();
        if actor.rng.bool() {
            // Whether anybody still takes it does not matter.
            let _ = tunnel.write(mark(asked.number)).await;
        }
        if actor.rng.bool() {
            tunnel.reset();
        }
        actor.pause(100).await;
    }
}

/// Whether so many words come back as they were sent.
async fn echoes(actor: &mut Actor, tunnel: &mut Connection, number: u64, words: usize) -> bool {
    for word in 0..words {
        let text = format!("{}{word}", mark(number).repeat(actor.rng.usize(1..2000)));
        if tunnel.write(&text).await.is_err() {
            return false;
        }
        let mut back = Vec::new();
        while back.len() < text.len() {
            match tunnel.read().await {
                Ok(bytes) if !bytes.is_empty() => back.extend_from_slice(&bytes),
                _ => return false,
            }
        }
        if back != text.as_bytes() {
            return false;
        }
        actor.pause(20).await;
    }
    true
}
