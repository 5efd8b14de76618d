//! Makes log entries crash-proof: from the queue to the spool on local disk, within 50 ms of their request's end.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use storage::logs::RequestType;
use storage::spool::{Drain, Limits, Spool, SpoolRecord, Writer};
use storage::{Db, KeyCipher};
use uuid::Uuid;

use super::Job;
use crate::journal::{Entry, Journal, Sink};

/// How long entries are gathered; with the write itself it stays below the 50 ms promised.
const GATHER: Duration = Duration::from_millis(20);
/// Entries held in memory while the spool can't be written; beyond them the oldest are given up.
const HELD: usize = 50_000;
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
        let (journal, sink) = (self.journal.clone(), self.sink.clone());
        let spooled = tokio::task::spawn_blocking(move || {
            journal.drain();
            sink.write_held()
        });
        spooled.await?.context("log entries stay in memory until the spool can be written")
    }
}

/// Turns entries into records and appends them to the spool.
#[derive(Clone)]
pub struct SpoolSink(Arc<Inner>);

struct Inner {
    writer: Writer,
    cipher: Arc<KeyCipher>,
    /// What could not be written yet.
    held: Mutex<Vec<SpoolRecord>>,
    /// Records in the spool that have not been seen by the storing job.
    fresh: AtomicUsize,
}

impl SpoolSink {
    /// Opens the spool in the data directory. The drain belongs to the storing job.
    pub async fn open(data_dir: &Path, db: &Db) -> anyhow::Result<(Self, Drain)> {
        let spool =
            Spool::open(&data_dir.join("spool"), Limits::default()).context("the log's spool can't be opened")?;
        let stored = db.spool_position(spool.id()).await?;
        let inner = Inner {
            writer: spool.writer(),
            cipher: Arc::clone(db.cipher()),
            held: Mutex::default(),
            // What an earlier process left is there, however much it is.
            fresh: AtomicUsize::new(1),
        };
        Ok((Self(Arc::new(inner)), spool.drain(stored)?))
    }

    /// Records that wait to be stored, about.
    pub fn fresh(&self) -> usize {
        self.0.fresh.load(Ordering::Relaxed)
    }

    /// The storing job is about to look at all there is.
    pub fn seen(&self) {
        self.0.fresh.store(0, Ordering::Relaxed);
    }

    /// The storing job could not finish: it is to look again.
    pub fn unseen(&self) {
        self.0.fresh.fetch_add(1, Ordering::Relaxed);
    }

    fn is_holding(&self) -> bool {
        !self.0.held.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn write_held(&self) -> std::io::Result<()> {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_empty() {
            return Ok(());
        }
        let appended = self.0.writer.append(&mut held)?;
        if appended.rows_dropped + appended.bodies_dropped > 0 {
            let (rows, bodies) = (appended.rows_dropped, appended.bodies_dropped);
            tracing::error!(rows, bodies, "the log's spool is full: rows are only counted, or lose their bodies");
        }
        self.0.fresh.fetch_add(held.len(), Ordering::Relaxed);
        held.clear();
        Ok(())
    }
}

impl Sink for SpoolSink {
    fn store(&self, entries: Vec<Entry>) {
        let records = entries.into_iter().filter_map(|entry| record(&self.0.cipher, entry));
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(records);
        let surplus = held.len().saturating_sub(HELD);
        if surplus > 0 {
            held.drain(..surplus);
            tracing::error!(
                rows = surplus,
                "log entries are lost: the spool can't be written and memory for them is full"
            );
        }
        drop(held);
        if let Err(error) = self.write_held() {
            tracing::warn!(%error, "the log's spool can't be written");
        }
    }
}

/// The record of an entry. `None`, and said, if its key can't be encrypted.
fn record(cipher: &KeyCipher, entry: Entry) -> Option<SpoolRecord> {
    let stored = entry.key.as_ref().map(|key| cipher.store(&key.secret)).transpose();
    let key = match stored {
        Ok(key) => key.unwrap_or_default(),
        Err(error) => {
            tracing::error!(%error, "a log entry is lost");
            return None;
        }
    };
    let parent = entry.parent;
    Some(SpoolRecord {
        id: Uuid::now_v7(),
        request_id: entry.request_id,
        timestamp_ms: entry.at.as_millisecond(),
        group_id: entry.group.id,
        group_name: entry.group.name.as_ref().to_owned(),
        parent_group_id: parent.as_ref().map(|parent| parent.id),
        parent_group_name: parent.map_or_else(String::new, |parent| parent.name.as_ref().to_owned()),
        key_id: entry.key.as_ref().map(|key| key.id),
        key,
        counts_as_use: entry.is_success,
        model: text(entry.model.as_deref()),
        is_success: entry.is_success,
        source_ip: entry.source_ip.to_string(),
        status_code: entry.status,
        request_path: entry.path.as_ref().to_owned(),
        duration_ms: millis(entry.duration),
        error_message: text(entry.error.as_deref()),
        user_agent: text(entry.user_agent.as_deref()),
        request_type: if entry.is_retry { RequestType::Retry } else { RequestType::Final },
        upstream_addr: text(entry.upstream.as_deref()),
        is_stream: entry.is_stream,
        request_body: entry.body.map_or_else(String::new, |body| String::from_utf8_lossy(&body).into_owned()),
        first_byte_ms: entry.first_byte.map(millis),
        prompt_tokens: None,
        completion_tokens: None,
        cached_tokens: None,
        attempt: entry.attempt,
        proxy_key_hash: entry.proxy_key.map_or_else(String::new, |digest| hex(&digest)),
    })
}

fn text(part: Option<&str>) -> String {
    part.unwrap_or_default().to_owned()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
