//! Those who call: how many of each sort, and what they do until the end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use fastrand::Rng;
use serde_json::json;
use testkit::http::{Request, Response};
use tokio::task::JoinSet;

use crate::book::{Got, Manner};
use crate::provider::{TUNNEL, mark};
use crate::world::{Actor, Group, World};

mod barred;
mod leaving;
pub(crate) mod staying;
mod tunnelling;

/// Bytes of the chunks of a body without length.
const CHUNK: usize = 10_000;
const MODELS: [&str; 3] = ["gpt-4o", "gpt-4o-mini", "o3-mini"];

type Act = fn(Actor) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// How many clients of each sort call at once.
const SORTS: [(usize, Act); 11] = [
    (6, |actor| Box::pin(staying::plain(actor))),
    (4, |actor| Box::pin(staying::streaming(actor))),
    (2, |actor| Box::pin(staying::reading_slowly(actor))),
    (2, |actor| Box::pin(staying::large(actor))),
    (5, |actor| Box::pin(leaving::anywhere(actor))),
    (1, |actor| Box::pin(leaving::in_silence(actor))),
    (2, |actor| Box::pin(tunnelling::talking(actor))),
    (1, |actor| Box::pin(tunnelling::leaving(actor))),
    (2, |actor| Box::pin(barred::hostile(actor))),
    (1, |actor| Box::pin(barred::without_right(actor))),
    (2, |actor| Box::pin(barred::idle(actor))),
];

/// Starts all of them.
pub(crate) fn start(world: &Arc<World>, rng: &mut Rng, until: Instant) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for (count, act) in SORTS {
        for _ in 0..count {
            clients.spawn(act(Actor { world: Arc::clone(world), rng: rng.fork(), until }));
        }
    }
    clients
}

/// A request that is in the book.
struct Asked {
    number: u64,
    request: Request,
}

impl Asked {
    /// To any group, with a body of about `filler` bytes.
    fn new(actor: &mut Actor, manner: Manner, word: &str, filler: usize) -> Self {
        let group = actor.world.any_group(&mut actor.rng);
        Self::of(actor, &group, manner, word, filler)
    }

    fn of(actor: &mut Actor, group: &Group, manner: Manner, word: &str, filler: usize) -> Self {
        let number = actor.world.book.open(manner, group.lasting);
        let model = MODELS[actor.rng.usize(..MODELS.len())];
        let text = "y".repeat(filler);
        let body = format!("{{\"model\":{},{}\"text\":\"{text}\"}}", json!(model), mark(number));
        let request = group.request("POST", actor.world.addr, word, number, body.len());
        let chunked = actor.rng.u8(..4) == 0;
        let chunks = body.as_bytes().chunks(CHUNK).map(Bytes::copy_from_slice);
        Self { number, request: if chunked { request.chunked(chunks) } else { request.body(body) } }
    }

    /// For a WebSocket, to any group.
    fn tunnel(actor: &mut Actor, manner: Manner) -> Self {
        let group = actor.world.any_group(&mut actor.rng);
        let number = actor.world.book.open(manner, group.lasting);
        let request = group.request("GET", actor.world.addr, TUNNEL, number, 0);
        let request = request.header("Connection", "Upgrade").header("Upgrade", "websocket");
        Self { number, request: request.header("Sec-WebSocket-Version", "13") }
    }

    /// What the head says; the body is still to come.
    fn got(response: &Response) -> Got {
        let id = response.headers.get("x-gpt-load-request-id").map(str::to_owned);
        Got { status: response.status, id, whole: false }
    }
}
