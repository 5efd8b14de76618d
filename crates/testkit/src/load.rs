//! A client that puts load on a proxy and measures what its users would see: latencies of requests, delays of chunks.
//!
//! All connections are opened, and have had an answer, before the measurement begins; [`Load::run`] tells when. One thread,
//! and as little work a request as can be: client and provider share a core in the benchmark.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use crate::wire::{Body, MAX_HEADERS, Wire, broken};

mod requests;
mod streams;

/// All connections must have had an answer by then.
const START_LIMIT: Duration = Duration::from_secs(30);
/// For whoever looks at the server once the measurement is over, and wants to see it with its streams.
const STREAMS_LEFT_OPEN: Duration = Duration::from_millis(200);

/// What load to put on what.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where the server listens.
    pub server: SocketAddr,
    /// The request's path and query.
    pub target: String,
    /// Sent as `Authorization: Bearer …`.
    pub bearer: String,
    /// The length of the request's body, a chat request in JSON.
    pub body_bytes: usize,
    /// How many connections are used at once.
    pub connections: u32,
    /// For how long it is measured.
    pub time: Duration,
    /// What each connection does.
    pub kind: Kind,
}

/// What happens now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// All connections are at work: the measurement begins.
    Measuring,
    /// It is over. Requests under way are still waited for, and counted; streams stay open for a moment.
    Measured,
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One request after the other.
    Requests,
    /// A request each so often, unless the one before takes longer.
    Paced(Duration),
    /// One endless event stream.
    Stream,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Requests answered, or chunks received.
    pub count: usize,
    /// Requests sent in all, those before the measurement included.
    pub sent: u64,
    /// Requests or streams that ended in anything but a whole answer with status 200.
    pub failed: u64,
    /// The time it took.
    pub seconds: f64,
    /// The median of the requests' times, or of the chunks' delays since the provider wrote them, in µs.
    pub p50_us: f64,
    /// What 99 in 100 do not exceed.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Load {
    /// Puts the load on; `tell` is called when the measurement begins, and when it ends.
    pub async fn run(&self, tell: impl Fn(Moment)) -> io::Result<Report> {
        let tally = Rc::new(Tally::default());
        LocalSet::new().run_until(self.measure(&tally, tell)).await
    }

    async fn measure(&self, tally: &Rc<Tally>, tell: impl Fn(Moment)) -> io::Result<Report> {
        let request = self.request();
        let mut tasks = JoinSet::new();
        // One after the other: a burst of connections would overrun the server's backlog.
        for number in 0..self.connections {
            let wire = connect(self.server).await?;
            let (tally, request) = (Rc::clone(tally), request.clone());
            match self.kind {
                Kind::Requests => tasks.spawn_local(requests::run(wire, request, tally)),
                Kind::Paced(every) => {
                    let phase = every * number / self.connections;
                    tasks.spawn_local(requests::run_paced(wire, request, tally, every, phase))
                }
                Kind::Stream => tasks.spawn_local(streams::run(wire, request, tally)),
            };
        }
        let ready = async {
            while tally.ready.get() < self.connections && tally.failed.get() == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(START_LIMIT, ready).await.map_err(|_| broken("not every connection has had an answer in time"))?;
        tell(Moment::Measuring);
        tally.phase.set(Phase::Measuring);
        let start = std::time::Instant::now();
        sleep(self.time).await;
        let mut took = start.elapsed();
        tally.phase.set(Phase::Over);
        tell(Moment::Measured);
        if self.kind == Kind::Stream {
            sleep(STREAMS_LEFT_OPEN).await;
            tasks.abort_all();
        }
        while tasks.join_next().await.is_some() {}
        if self.kind != Kind::Stream {
            took = start.elapsed();
        }
        Ok(tally.report(took))
    }

    fn request(&self) -> Bytes {
        // In the order in which the providers' SDKs write the members.
        let start = "{\"messages\":[{\"role\":\"user\",\"content\":\"";
        let end = match self.kind {
            Kind::Stream => "\"}],\"model\":\"bench\",\"stream\":true}",
            Kind::Requests | Kind::Paced(_) => "\"}],\"model\":\"bench\"}",
        };
        let text = "x".repeat(self.body_bytes.saturating_sub(start.len() + end.len()));
        let body = [start, &text, end].concat();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.target,
            self.server,
            self.bearer,
            body.len(),
        );
        Bytes::from(head + &body)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Measuring,
    Over,
}

/// What all connections together have seen.
#[derive(Debug, Default)]
struct Tally {
    phase: Cell<Phase>,
    ready: Cell<u32>,
    sent: Cell<u64>,
    failed: Cell<u64>,
    times: RefCell<Vec<Duration>>,
}

impl Tally {
    fn note(&self, time: Duration) {
        if self.phase.get() != Phase::Starting {
            self.times.borrow_mut().push(time);
        }
    }

    fn report(&self, took: Duration) -> Report {
        let mut times = self.times.take();
        times.sort_unstable();
        let us = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
        let at = |percent: usize| us(times.get(times.len() * percent / 100));
        Report {
            count: times.len(),
            sent: self.sent.get(),
            failed: self.failed.get(),
            seconds: took.as_secs_f64(),
            p50_us: at(50),
            p99_us: at(99),
            max_us: us(times.last()),
        }
    }
}

async fn connect(server: SocketAddr) -> io::Result<Wire> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(Wire::new(stream))
}

/// Reads the head of an answer and says what body follows. Any status but 200 is an error.
async fn ok_head(wire: &mut Wire) -> io::Result<Body> {
    let raw_head = wire.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut fields);
    head.parse(&raw_head).map_err(|_| broken("a head that is no HTTP"))?;
    if head.code != Some(200) {
        return Err(broken("a status other than 200"));
    }
    Ok(Body::of(head.headers).unwrap_or(Body::ToEnd))
}

#[cfg(test)]
mod tests;
