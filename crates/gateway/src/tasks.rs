//! Long work that an operator starts and watches: one task at a time.
//!
//! | file | what it holds |
//! |---|---|
//! | [`status`] | what is told of a task |
//! | [`record`] | the same on disk, so that a task whose process died is reported after the restart |
//! | [`import`], [`copy`], [`delete`], [`validate`] | the work itself |
//!
//! Work is done in batches. Between two of them it tells how far it has got, and learns whether the program stops.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use status::{Ignored, Kind, Reason, Status};

pub mod copy;
pub mod delete;
pub mod import;
mod record;
pub mod status;
pub mod validate;

/// Ignored entries that are told one by one.
const MAX_IGNORED: usize = 1000;
/// How often a running task is noted on disk.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// The last task, running or not.
pub struct Tasks {
    last: Mutex<Last>,
    is_taken: AtomicBool,
    record: record::File,
    tracker: TaskTracker,
    stop: CancellationToken,
}

struct Last {
    status: Status,
    ignored: Vec<Ignored>,
    started: Instant,
    noted: Instant,
}

impl Tasks {
    /// Finds out from `data_dir` what became of the last task. Tasks run in `tracker` and end when `stop` is cancelled.
    #[must_use]
    pub fn open(data_dir: &Path, tracker: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let record = record::File::new(data_dir);
        let (status, ignored) = record.read();
        let now = Instant::now();
        let last = Mutex::new(Last { status, ignored, started: now, noted: now });
        Arc::new(Self { last, is_taken: AtomicBool::new(false), record, tracker, stop })
    }

    /// How the last task stands; an idle status if there was none.
    #[must_use]
    pub fn status(&self) -> Status {
        let last = self.last();
        let mut status = last.status.clone();
        if status.is_running {
            status.duration_seconds = Some(last.started.elapsed().as_secs_f64());
        }
        status
    }

    /// What the last import ignored, by line: of long texts the 1,000 entries that it met first.
    #[must_use]
    pub fn ignored(&self) -> Vec<Ignored> {
        let mut ignored = self.last().ignored.clone();
        ignored.sort_by_key(|entry| entry.line);
        ignored
    }

    /// The right to start a task; `None` if somebody has it.
    #[must_use]
    pub fn claim(self: &Arc<Self>) -> Option<Claim> {
        let is_free = self.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        is_free.then(|| Claim(Arc::clone(self)))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to disk how the task stands.
    async fn note(&self) {
        let (status, ignored) = {
            let mut last = self.last();
            last.noted = Instant::now();
            (last.status.clone(), last.ignored.clone())
        };
        self.record.write(&status, &ignored).await;
    }

    /// How a task stands that has just ended; it is noted on disk.
    async fn end(&self, outcome: anyhow::Result<Value>) -> Status {
        let (mut status, ignored) = (self.status(), self.ignored());
        status.is_running = false;
        status.finished_at = Some(Timestamp::now());
        match outcome {
            Ok(result) => status.result = Some(result),
            Err(error) => {
                tracing::warn!(task = ?status.task_type, group = %status.group_name, error = format!("{error:#}"), "task failed");
                status.error = Some(format!("{error:#}"));
            }
        }
        self.record.write(&status, &ignored).await;
        status
    }
}

/// The right to start a task. Whoever lets go of it without starting one lets others in.
pub struct Claim(Arc<Tasks>);

impl Claim {
    /// Starts the task: `work` on `total` things of the group `group_name`. Returns when the task is noted on disk.
    pub async fn start<W>(self, kind: Kind, group_name: &str, total: u64, work: impl FnOnce(Progress) -> W) -> Status
    where
        W: Future<Output = anyhow::Result<Value>> + Send + 'static,
    {
        let now = Instant::now();
        let status = Status::running(kind, group_name, total);
        *self.0.last() = Last { status: status.clone(), ignored: Vec::new(), started: now, noted: now };
        self.0.note().await;
        let work = AssertUnwindSafe(work(Progress(Arc::clone(&self.0)))).catch_unwind();
        self.0.tracker.clone().spawn(async move {
            let outcome =
                work.await.unwrap_or_else(|_| Err(anyhow::anyhow!("the task failed by a fault of the program")));
            let tasks = Arc::clone(&self.0);
            let ended = tasks.end(outcome).await;
            // Whoever sees that this task has ended may start another one.
            let mut last = tasks.last();
            drop(self);
            last.status = ended;
        });
        status
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
    }
}

/// How work tells how far it has got.
pub struct Progress(Arc<Tasks>);

impl Progress {
    /// So many more things are done. Errors if the program stops: then so must the work.
    pub async fn advance(&self, by: usize) -> anyhow::Result<()> {
        let is_to_be_noted = {
            let mut last = self.0.last();
            last.status.processed += by as u64;
            last.noted.elapsed() >= NOTED_EVERY
        };
        if is_to_be_noted {
            self.0.note().await;
        }
        if self.0.stop.is_cancelled() { Err(self.stopped()) } else { Ok(()) }
    }

    /// What `wait` yields. Errors if the program stops meanwhile.
    pub async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> anyhow::Result<T> {
        self.0.stop.run_until_cancelled(wait).await.ok_or_else(|| self.stopped())
    }

    /// Of how many more ignored entries is to be told why.
    fn room_for_ignored(&self) -> usize {
        MAX_IGNORED.saturating_sub(self.0.last().ignored.len())
    }

    fn ignored(&self, entries: impl IntoIterator<Item = Ignored>) {
        self.0.last().ignored.extend(entries);
    }

    fn stopped(&self) -> anyhow::Error {
        anyhow::anyhow!(self.0.last().status.broken_off())
    }
}

#[cfg(test)]
mod tests;
