//! Clients that must not get in: heads that can be read in two ways, wrong keys, groups that there are not, and connections on which
//! nothing, or next to nothing, comes.

use std::time::Duration;

use testkit::http::Connection;
use tokio::time::timeout;

use super::Asked;
use crate::book::Manner;
use crate::world::{Actor, proxy_key};

/// More than any limit of the server here.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is put into the head, after its first line, and into the body's place.
const SMUGGLED: [(&str, &str); 9] = [
    ("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\nG"),
    ("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
    ("Content-Length: 1\r\nContent-Length: 2", "ab"),
    ("Content-Length: +1", "a"),
    ("Host: other", ""),
    ("X-A: b\0c", ""),
    ("X-A : b", ""),
    ("X-A: b\r\n folded", ""),
];

/// Heads that no server may take.
pub(crate) async fn hostile(mut actor: Actor) {
    while actor.goes_on() {
        let bytes = hostile_bytes(&mut actor);
        send(&actor, &bytes).await;
        actor.pause(200).await;
    }
}

fn hostile_bytes(actor: &mut Actor) -> Vec<u8> {
    let group = actor.world.any_group(&mut actor.rng);
    let number = actor.world.book.open(Manner::Barred, group.lasting);
    let name = &group.name;
    let line = format!(
        "POST /proxy/{name}/v1/plain/{number} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n",
        proxy_key(name)
    );
    match actor.rng.u8(..14) {
        0 => (0..4096).map(|_| actor.rng.u8(..)).collect(),
        1 => [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", line.as_bytes()].concat(),
        2 => format!("{line}X-A: {}\r\n\r\n", "x".repeat(100_000)).into_bytes(),
        3 => format!("{line}{}\r\n", "X-A: b\r\n".repeat(1000)).into_bytes(),
        4 => format!("GET /proxy/{name}/{number}?{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(30_000)).into_bytes(),
        _ => {
            let (head, body) = SMUGGLED[actor.rng.usize(..SMUGGLED.len())];
            format!("{line}{head}\r\n\r\n{body}").into_bytes()
        }
    }
}

async fn send(actor: &Actor, bytes: &[u8]) {
    let Ok(mut connection) = Connection::open(&actor.world.addr.to_string()).await else { return };
    // It may be refused before all of it is sent.
    let _ = connection.write(bytes).await;
    let answer = timeout(PATIENCE, connection.read()).await;
    let Ok(answer) = answer else { return actor.world.book.fault(format!("neither answered nor closed: {bytes:?}")) };
    let answer = answer.unwrap_or_default();
    if !answer.is_empty() && !answer.starts_with(b"HTTP/1.1 4") {
        actor.world.book.fault(format!("{:?} got {answer:?}", String::from_utf8_lossy(bytes)));
    }
}

/// Good requests without the right to make them.
pub(crate) async fn without_right(mut actor: Actor) {
    while actor.goes_on() {
        let asked = Asked::new(&mut actor, Manner::Barred, "plain", 100);
        let text = String::from_utf8_lossy(&asked.request.to_bytes()).into_owned();
        let text = match actor.rng.u8(..3) {
            0 => text.replace("Bearer pk-", "Bearer no-"),
            1 => text.replace("Authorization", "X-Authorization"),
            _ => text.replace("/proxy/", "/proxy/no-"),
        };
        send(&actor, text.as_bytes()).await;
        actor.pause(100).await;
    }
}

/// Connections that say nothing, or the beginning of a head, and then a byte now and then.
pub(crate) async fn idle(mut actor: Actor) {
    while actor.goes_on() {
        let Ok(mut connection) = Connection::open(&actor.world.addr.to_string()).await else { continue };
        if actor.rng.bool() {
            let dribbling = async {
                while connection.write("x").await.is_ok() {
                    actor.pause(300).await;
                }
            };
            if timeout(PATIENCE, dribbling).await.is_err() {
                actor.world.book.fault("a head without end is read for ever".to_owned());
            }
        } else if timeout(PATIENCE, connection.read_to_end()).await.is_err() {
            actor.world.book.fault("an idle connection is kept for ever".to_owned());
        }
    }
}
