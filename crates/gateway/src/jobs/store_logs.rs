//! Stores the spool in the database, in batches: rows, key counters and hourly statistics of a batch in one transaction.

use std::time::Duration;

use anyhow::Context;
use storage::Db;
use storage::spool::Drain;
use tokio::time::Instant;

use super::Job;
use super::spool_logs::SpoolSink;
use crate::snapshot::Current;

/// As many records are stored whatever the interval: so that a busy hour is written evenly.
const ENOUGH: usize = 1000;
/// How often the job looks.
const LOOK: Duration = Duration::from_millis(250);
/// After a turn, the wishes of those who look at the log wait so long.
const WISH_PACE: Duration = Duration::from_secs(1);

/// The job.
pub struct StoreLogs {
    db: Db,
    sink: SpoolSink,
    drain: Drain,
    current: Current,
    /// Since when there has been something to store; `None` if there is nothing.
    waiting_since: Option<Instant>,
    /// Set until the first turn, which stores what an earlier process left.
    is_first: bool,
    /// When the last turn ended.
    last_turn: Instant,
}

impl StoreLogs {
    /// Stores in `db` what `drain` gives; `sink` tells when there is something.
    pub fn new(db: Db, sink: SpoolSink, drain: Drain, current: Current) -> Self {
        let last_turn = Instant::now();
        Self { db, sink, drain, current, waiting_since: None, is_first: true, last_turn }
    }

    fn is_time(&mut self) -> bool {
        if self.sink.freshness().records() == 0 {
            return false;
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let minutes = self.current.load().settings.request_log_write_interval_minutes;
        let interval = Duration::from_secs(60 * u64::try_from(minutes).unwrap_or(0));
        self.is_first || self.sink.freshness().records() >= ENOUGH || since.elapsed() >= interval
    }
}

impl Job for StoreLogs {
    const NAME: &'static str = "store_logs";

    async fn due(&mut self) {
        while !self.is_time() {
            let wished = async {
                tokio::time::sleep_until(self.last_turn + WISH_PACE).await;
                self.sink.freshness().wished().await;
            };
            if tokio::time::timeout(LOOK, wished).await.is_ok() && self.sink.freshness().records() > 0 {
                return;
            }
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        self.sink.freshness().begin();
        let stored = store_all(&self.db, &mut self.drain).await;
        self.sink.freshness().end(stored.is_ok());
        self.last_turn = Instant::now();
        stored.context("log entries wait in the spool")?;
        self.waiting_since = None;
        self.is_first = false;
        Ok(())
    }
}

/// Stores everything that is in the spool.
pub async fn store_all(db: &Db, drain: &mut Drain) -> anyhow::Result<()> {
    while let Some(batch) = drain.next_batch()? {
        for refused in db.store_batch(batch).await?.refused {
            tracing::error!(row = %refused.id, reason = refused.reason, "the database refuses a log row");
        }
        drain.confirm();
    }
    Ok(())
}
