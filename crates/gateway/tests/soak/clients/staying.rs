//! Clients that send everything and take everything.

use testkit::http::{Connection, Response};

use super::Asked;
use crate::book::{Got, Manner};
use crate::provider::{Nature, mark};
use crate::world::{Actor, Group, World};

/// Bytes of a body that is streamed through, and of one that is kept whole.
const LARGE: std::ops::Range<usize> = 100_000..2_000_000;

/// One small call after the other, on one connection as long as it lasts.
pub(crate) async fn plain(mut actor: Actor) {
    let mut connection = None;
    while actor.goes_on() {
        let filler = actor.rng.usize(..2000);
        let asked = Asked::new(&mut actor, Manner::Stays, "plain", filler);
        connection = exchange(&actor.world, &asked, connection).await;
        actor.pause(60).await;
    }
}

/// Streams, read as fast as they come.
pub(crate) async fn streaming(mut actor: Actor) {
    let mut connection = None;
    while actor.goes_on() {
        let asked = Asked::new(&mut actor, Manner::Stays, "stream", 100);
        connection = exchange(&actor.world, &asked, connection).await;
        actor.pause(60).await;
    }
}

/// Large answers whose client takes its time.
pub(crate) async fn reading_slowly(mut actor: Actor) {
    while actor.goes_on() {
        let asked = Asked::new(&mut actor, Manner::Stays, "large", 100);
        let mut response = match open(None, &asked).await {
            Ok(response) => response,
            Err(error) => return actor.world.book.fault(format!("request {}: {error}", asked.number)),
        };
        let mut got = Asked::got(&response);
        got.whole = loop {
            match response.frame().await {
                Ok(Some(_)) => actor.pause(30).await,
                end => break end.is_ok(),
            }
        };
        actor.world.book.got(asked.number, got);
    }
}

/// Large bodies up.
pub(crate) async fn large(mut actor: Actor) {
    while actor.goes_on() {
        let filler = actor.rng.usize(LARGE);
        let asked = Asked::new(&mut actor, Manner::Stays, "plain", filler);
        exchange(&actor.world, &asked, None).await;
        actor.pause(300).await;
    }
}

/// Calls a group until each of its good keys has been called, and names those that never are.
pub(crate) async fn roll_call(actor: &mut Actor, group: &Group) -> Vec<String> {
    let mut missing = group.keys().clone();
    let laps = 5 * missing.len();
    missing.retain(|key| Nature::of(key) == Nature::Good);
    for _ in 0..laps {
        if missing.is_empty() {
            break;
        }
        let asked = Asked::of(actor, group, Manner::Stays, "plain", 10);
        exchange(&actor.world, &asked, None).await;
        let called = actor.world.book.keys_of(asked.number);
        missing.retain(|key| !called.contains(key));
    }
    missing.iter().map(|key| format!("group {}: the good key {key} is never called", group.name)).collect()
}

/// Makes the call and notes what came of it. Gives the connection back if it can be used again.
async fn exchange(world: &World, asked: &Asked, connection: Option<Connection>) -> Option<Connection> {
    match open(connection, asked).await {
        Ok(response) => take(world, asked, response).await,
        Err(error) => {
            world.book.fault(format!("request {}: no answer: {error}", asked.number));
            None
        }
    }
}

async fn open(connection: Option<Connection>, asked: &Asked) -> std::io::Result<Response> {
    match connection {
        Some(connection) => connection.request(&asked.request).await,
        None => asked.request.try_send().await,
    }
}

pub(super) async fn take(world: &World, asked: &Asked, response: Response) -> Option<Connection> {
    let mut got: Got = Asked::got(&response);
    let closes = response.headers.has_token("connection", "close");
    let finished = response.finish().await;
    got.whole = finished.is_ok();
    let connection = finished.ok().map(|(reply, connection)| {
        let text = reply.text();
        let pieces = text.matches("\"number\":").count();
        if text.matches(&mark(asked.number)).count() != pieces {
            world.book.fault(format!("request {} got the answer of another: {text}", asked.number));
        }
        connection
    });
    world.book.got(asked.number, got);
    connection.filter(|_| !closes)
}
