//! Makes log entries crash-proof: from the queue to the spool on local disk, within 50 ms of their request's end.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use domain::attempt::AttemptOutcome;
use storage::Db;
use storage::logs::RequestType;
use storage::spool::{Drain, Limits, Place, Spool, SpoolRecord, Writer};
use uuid::Uuid;

use super::Job;
use crate::journal::{Entry, Journal, Sink};

mod freshness;
mod held;
mod stored_keys;

pub use held::LeftOut;

use freshness::Freshness;
use held::Held;
use stored_keys::StoredKeys;

/// How long entries are gathered: with the write itself it stays far below the 50 ms promised, and few enough gather that a request which
/// finds this thread on its core waits little.
const GATHER: Duration = Duration::from_millis(5);
/// Entries written at once.
const AT_ONCE: usize = 256;
/// How long to wait before the disk is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The job.
pub struct SpoolLogs {
    /// The queue.
    pub journal: Journal,
    /// Where its entries go.
    pub sink: SpoolSink,
}

impl Job for SpoolLogs {
    const NAME: &'static str = "spool_logs";

    async fn due(&mut self) {
        if self.sink.is_holding() {
            tokio::time::sleep(RETRY).await;
        } else {
            self.journal.wait().await;
            tokio::time::sleep(GATHER).await;
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        // It blocks, but only the thread that does nothing else.
        self.journal.drain();
        self.sink.write_held();
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        self.turn().await?;
        anyhow::ensure!(!self.sink.is_holding(), "the spool can't be written: log entries are lost");
        Ok(())
    }
}

/// Turns entries into records and appends them to the spool.
#[derive(Clone)]
pub struct SpoolSink(Arc<Inner>);

struct Inner {
    writer: Writer,
    _place: Place,
    unwritten: Mutex<Unwritten>,
    freshness: Freshness,
}

struct Unwritten {
    held: Held,
    keys: StoredKeys,
}

/// How much of the log is not in the database.
#[derive(Clone, Copy, Debug)]
pub struct Backlog {
    /// Entries that wait for the disk.
    pub held: usize,
    /// Entries in the spool that have not been looked at, about.
    pub unstored: usize,
    /// The spool on disk; what is stored is in it until its segment goes.
    pub spool_bytes: u64,
    /// What the log lacks since the start.
    pub left_out: LeftOut,
}

impl SpoolSink {
    /// Opens a spool in the data directory, the one that a process before this one had if that has ended. The drain belongs to the storing job.
    pub async fn open(data_dir: &Path, db: &Db) -> anyhow::Result<(Self, Drain)> {
        let place = Place::take(data_dir)?;
        let spool = Spool::open(place.dir(), Limits::default()).context("the log's spool can't be opened")?;
        let stored = db.spool_position(spool.id()).await?;
        let keys = StoredKeys::new(Arc::clone(db.cipher()));
        let freshness = Freshness::default();
        // What an earlier process left is there, however much it is.
        freshness.add(1);
        let unwritten = Mutex::new(Unwritten { held: Held::default(), keys });
        let inner = Inner { writer: spool.writer(), _place: place, unwritten, freshness };
        Ok((Self(Arc::new(inner)), spool.drain(stored)?))
    }

    /// What is in the spool and not in the database yet.
    pub fn freshness(&self) -> &Freshness {
        &self.0.freshness
    }

    /// How much waits, and what had to be left out.
    pub fn backlog(&self) -> Backlog {
        let (held, left_out) = {
            let unwritten = self.unwritten();
            (unwritten.held.len(), unwritten.held.left_out())
        };
        Backlog { held, unstored: self.0.freshness.records(), spool_bytes: self.0.writer.spool_bytes(), left_out }
    }

    fn is_holding(&self) -> bool {
        !self.unwritten().held.is_empty() || self.0.writer.owes()
    }

    fn write_held(&self) {
        let mut unwritten = self.unwritten();
        if !unwritten.held.is_empty() || self.0.writer.owes() {
            self.write(&mut unwritten);
        }
    }

    /// Writes what can be written, and keeps the rest within bounds.
    fn write(&self, Unwritten { held, keys }: &mut Unwritten) {
        let mut outcome = Ok(());
        while outcome.is_ok() {
            let entries = held.oldest(AT_ONCE);
            keys.learn(entries);
            match self.0.writer.append(entries.iter().map(|entry| record(entry, keys))) {
                Ok(appended) => {
                    let written = entries.len();
                    // What dropped rows count for is to be stored too.
                    self.0.freshness.add(written.max(1));
                    held.written(written, LeftOut { rows: appended.rows_dropped, bodies: appended.bodies_dropped });
                    if held.is_empty() {
                        break;
                    }
                }
                Err(error) => outcome = Err(error),
            }
        }
        if outcome.is_err() {
            let given_up = held.make_room();
            self.0.writer.count(given_up.iter().map(|entry| record(entry, keys)));
        }
        held.tell(outcome.err());
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.0.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for SpoolSink {
    fn store(&self, entries: Vec<Entry>) {
        let mut unwritten = self.unwritten();
        unwritten.held.extend(entries);
        self.write(&mut unwritten);
    }
}

fn record<'e>(entry: &'e Entry, keys: &'e StoredKeys) -> SpoolRecord<'e> {
    let parent = entry.parent.as_ref();
    let stored = entry.key.as_ref().and_then(|key| keys.of(key));
    SpoolRecord {
        id: Uuid::now_v7(),
        request_id: entry.request_id,
        timestamp_ms: entry.at.as_millisecond(),
        group_id: entry.group.id,
        group_name: Cow::Borrowed(&entry.group.name),
        parent_group_id: parent.map(|parent| parent.id),
        parent_group_name: text(parent.map(|parent| &*parent.name)),
        key_id: entry.key.as_ref().map(|key| key.id),
        key: stored.map_or_else(Cow::default, Cow::Borrowed),
        counts_as_use: entry.is_success(),
        model: text(entry.model.as_deref()),
        is_success: entry.is_success(),
        source_ip: entry.source_ip.to_string().into(),
        status_code: entry.status,
        request_path: Cow::Borrowed(&entry.path),
        duration_ms: millis(entry.duration),
        error_message: text(entry.error.as_deref()),
        user_agent: text(entry.user_agent.as_deref()),
        request_type: if entry.is_retry { RequestType::Retry } else { RequestType::Final },
        upstream_addr: entry.upstream.as_ref().map_or_else(Cow::default, |upstream| upstream.address(entry).into()),
        is_stream: entry.is_stream,
        request_body: entry.body.as_deref().map_or_else(Cow::default, String::from_utf8_lossy),
        first_byte_ms: entry.course.first_byte.map(millis),
        prompt_tokens: None,
        completion_tokens: None,
        cached_tokens: None,
        attempt: entry.attempt,
        proxy_key_hash: storage::hex::encode(&entry.proxy_key).into(),
        begun_ms: entry.course.begun.map(millis),
        outcome: entry.outcome.map(|outcome| AttemptOutcome::of(outcome, entry.course.is_key_out)),
        rest_ms: entry.course.rest.map(millis),
    }
}

fn text(part: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(part.unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
