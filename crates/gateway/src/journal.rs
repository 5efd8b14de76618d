//! What happened, on its way to the request log: a bounded queue that no request ever waits for.
//!
//! The data plane puts entries in; the spooler ([`crate::jobs::spool_logs`]) takes them out in batches and makes them crash-proof.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::classify::Outcome;
use domain::ids::GroupId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::keyring::PoolKey;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard, Notify};

/// Entries the queue holds before whoever adds one has to help with emptying it.
pub const CAPACITY: usize = 16 * 1024;
/// The same for the request bodies in it, in bytes.
pub const BODIES_BYTES: usize = 16 << 20;

/// A group as a log row names it.
#[derive(Clone, Debug)]
pub struct GroupRef {
    /// The group's id.
    pub id: GroupId,
    /// The group's name.
    pub name: Arc<str>,
}

/// One attempt, as it will stand in the request log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Of the request all whose attempts have it in common.
    pub request_id: Uuid,
    /// When the attempt ended.
    pub at: Timestamp,
    /// The group whose key was used.
    pub group: GroupRef,
    /// The aggregate the client named, if it named one.
    pub parent: Option<GroupRef>,
    /// The key, if one was used.
    pub key: Option<Arc<PoolKey>>,
    /// The model the client asked for.
    pub model: Option<Arc<str>>,
    /// What became of it; `None` if we answered ourselves, without a provider's word: no key, no room, a stop.
    pub outcome: Option<Outcome>,
    /// The client's address.
    pub source_ip: IpAddr,
    /// The status of the answer.
    pub status: u16,
    /// The path the client asked for.
    pub path: Arc<str>,
    /// From the request's arrival to the end of this attempt.
    pub duration: Duration,
    /// What happened on the way to that.
    pub course: Course,
    /// What went wrong.
    pub error: Option<Box<str>>,
    /// The client's program, if bodies are logged.
    pub user_agent: Option<Box<str>>,
    /// Whether another attempt follows.
    pub is_retry: bool,
    /// Where the attempt went.
    pub upstream: Option<UpstreamRef>,
    /// Whether the answer is, or should have been, a stream.
    pub is_stream: bool,
    /// The beginning of the request's body, if bodies are logged.
    pub body: Option<Bytes>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Digest of the proxy key the client showed.
    pub proxy_key: [u8; 32],
}

/// When an attempt came how far, and what became of its key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// From the request's arrival to the beginning of the attempt; `None` if there was none.
    pub begun: Option<Duration>,
    /// To the first byte of the answer; `None` if none came.
    pub first_byte: Option<Duration>,
    /// How long the key rests because of it.
    pub rest: Option<Duration>,
    /// Whether the key became invalid by it.
    pub is_key_out: bool,
}

impl Entry {
    /// Whether the client got what it asked for.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome == Some(Outcome::Ok)
    }
}

/// Where an attempt went, in parts: a request does not wait for them to be put together.
#[derive(Clone, Debug)]
pub struct UpstreamRef {
    /// The upstream's base URL.
    pub base_url: Arc<str>,
    /// The path there.
    pub path: SentPath,
}

/// The path that went to the provider.
#[derive(Clone, Debug)]
pub enum SentPath {
    /// The one the client asked for, from this byte on.
    From(usize),
    /// One in which the model was replaced.
    Replaced(Box<str>),
}

impl UpstreamRef {
    /// The whole address, for the attempt that `entry` tells of.
    #[must_use]
    pub fn address(&self, entry: &Entry) -> String {
        let path = match &self.path {
            SentPath::From(start) => entry.path.get(*start..).unwrap_or_default(),
            SentPath::Replaced(path) => path,
        };
        [&self.base_url, path].concat()
    }
}

/// Where entries are made crash-proof.
pub trait Sink: Send + Sync {
    /// Stores entries, in order. It doesn't wait for a database.
    fn store(&self, entries: Vec<Entry>);
}

/// The queue and what is behind it.
#[derive(Clone)]
pub struct Journal(Arc<Queue>);

struct Queue {
    waiting: Mutex<Waiting>,
    added: Notify,
    sink: Box<dyn Sink>,
    cutting_off: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<Entry>,
    body_bytes: usize,
}

impl Journal {
    /// An empty queue in front of `sink`.
    #[must_use]
    pub fn new(sink: impl Sink + 'static) -> Self {
        let (waiting, added, cutting_off) = (Mutex::default(), Notify::new(), AtomicBool::new(false));
        Self(Arc::new(Queue { waiting, added, sink: Box::new(sink), cutting_off }))
    }

    /// Adds an entry. If the queue is full, whoever finds it so empties it.
    pub fn add(&self, entry: Entry) {
        let mut waiting = self.waiting();
        waiting.body_bytes += entry.body.as_ref().map_or(0, Bytes::len);
        waiting.entries.push(entry);
        let (entries, body_bytes) = (waiting.entries.len(), waiting.body_bytes);
        drop(waiting);
        match entries {
            // Only the first entry wakes the spooler: what comes until it looks is taken along.
            1 => self.0.added.notify_one(),
            CAPACITY.. => self.drain(),
            _ if body_bytes >= BODIES_BYTES => self.drain(),
            _ => {}
        }
    }

    /// From now on requests that break off are cut off by us, not left by their clients.
    pub fn cut_off(&self) {
        self.0.cutting_off.store(true, Ordering::Relaxed);
    }

    /// Whether requests are being cut off.
    #[must_use]
    pub fn is_cutting_off(&self) -> bool {
        self.0.cutting_off.load(Ordering::Relaxed)
    }

    /// Waits until there is an entry.
    pub async fn wait(&self) {
        while self.backlog() == 0 {
            self.0.added.notified().await;
        }
    }

    /// How many entries wait to be stored.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.waiting().entries.len()
    }

    /// Stores all entries there are.
    pub fn drain(&self) {
        let entries = {
            let mut waiting = self.waiting();
            waiting.body_bytes = 0;
            // About as many will come until the next time.
            let room = Vec::with_capacity(waiting.entries.len());
            std::mem::replace(&mut waiting.entries, room)
        };
        if !entries.is_empty() {
            self.0.sink.store(entries);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
