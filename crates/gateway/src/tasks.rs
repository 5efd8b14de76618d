//! Long work that an operator starts and watches: one task at a time, on whichever node of a database.
//!
//! | file | what it holds |
//! |---|---|
//! | [`status`] | what is told of a task |
//! | [`shared`] | the same in the database, for the other nodes to see, and for the next start if this process dies |
//! | [`import`], [`copy`], [`delete`], [`validate`] | the work itself |
//!
//! Work is done in batches. Between two of them it tells how far it has got, and learns whether it is to stop. Whoever looks on asks the
//! memory, not the database.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use serde_json::Value;
use storage::tasks::{TaskClaim, TaskNews};
use storage::{Db, StorageError};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::node::Node;
pub use status::{BrokenOff, Ignored, Kind, Reason, Status};

pub mod copy;
pub mod delete;
pub mod import;
mod shared;
pub mod status;
pub mod validate;

/// Ignored entries that are told one by one.
const MAX_IGNORED: usize = 1000;

/// The last task, running or not.
pub struct Tasks {
    db: Db,
    node: Node,
    last: Mutex<Last>,
    /// Of what one has told the database, another must not tell an earlier state.
    telling: tokio::sync::Mutex<()>,
    is_taken: AtomicBool,
    tracker: TaskTracker,
    stop: CancellationToken,
}

#[derive(Default)]
struct Last {
    status: Status,
    /// Only of a task that ran here.
    ignored: Vec<Ignored>,
    started: Option<Instant>,
    /// The right to run it, if it runs or ran here, or one that has not begun.
    claim: Option<TaskClaim>,
    /// What the database is to be told of it.
    untold: Option<Untold>,
    /// How many of the ignored entries the database knows; `None` if it knows those of another task.
    ignored_told: Option<usize>,
    /// Cancelled when the task is to stop.
    stopping: CancellationToken,
}

#[derive(Clone)]
enum Untold {
    /// It will begin.
    Claimed,
    /// It goes on.
    Running,
    /// It has ended so.
    Ended(Box<Status>),
}

impl Tasks {
    /// Finds out what became of the last task. Tasks run in `tracker` and end when `stop` is cancelled.
    pub async fn open(db: Db, node: Node, tracker: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let (last, is_taken) = (Mutex::default(), AtomicBool::new(false));
        let tasks = Self { db, node, last, telling: tokio::sync::Mutex::default(), is_taken, tracker, stop };
        if let Err(error) = tasks.learn().await {
            tracing::warn!(%error, "what became of the last task can't be told yet");
        }
        Arc::new(tasks)
    }

    /// How the last task stands; an idle status if there was none.
    #[must_use]
    pub fn status(&self) -> Status {
        self.last().status_now()
    }

    /// Whether the last task runs on this node.
    #[must_use]
    pub fn is_running_here(&self) -> bool {
        matches!(self.last().untold, Some(Untold::Running))
    }

    /// What the last import ignored, by line: of long texts the 1,000 entries that it met first.
    pub async fn ignored(&self) -> Result<Vec<Ignored>, StorageError> {
        let here = {
            let last = self.last();
            last.started.map(|_| last.ignored.clone())
        };
        let mut ignored = match here {
            Some(ignored) => ignored,
            None => self.ignored_elsewhere().await?,
        };
        ignored.sort_by_key(|entry| entry.line);
        Ok(ignored)
    }

    /// The right to start a task; `None` if somebody has it, on whichever node.
    pub async fn claim(self: &Arc<Self>) -> Result<Option<Claim>, StorageError> {
        let Some(hold) = self.hold() else { return Ok(None) };
        let Some(right) = self.db.claim_task(self.node.id).await? else {
            self.learn().await?;
            return Ok(None);
        };
        self.last().take_up(right);
        Ok(Some(Claim { hold, right: Some(right) }))
    }

    /// Keeps tasks from being begun here; `None` if one runs here.
    #[must_use]
    pub fn hold(self: &Arc<Self>) -> Option<Hold> {
        let is_free = self.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        is_free.then(|| Hold(Arc::clone(self)))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task that runs here ends so. The database knows it when this returns, if it can be reached.
    async fn end(&self, claim: Claim, outcome: anyhow::Result<Value>) {
        let ended = self.status().ended(outcome);
        self.last().untold = Some(Untold::Ended(Box::new(ended.clone())));
        if let Err(error) = self.tell().await {
            tracing::warn!(error = format!("{error:#}"), "the end of a task will be told to the database later");
        }
        // Whoever sees that this task has ended may start another one.
        let mut last = self.last();
        drop(claim);
        last.status = ended;
    }
}

impl Last {
    fn take_up(&mut self, right: TaskClaim) {
        (self.claim, self.untold) = (Some(right), Some(Untold::Claimed));
    }

    fn status_now(&self) -> Status {
        let mut status = self.status.clone();
        if let Some(started) = self.started.filter(|_| status.is_running) {
            status.duration_seconds = Some(started.elapsed().as_secs_f64());
        }
        status
    }
}

/// Nobody else can begin a task on this node.
pub struct Hold(Arc<Tasks>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
    }
}

/// The right to start a task. Whoever lets go of it without starting one lets others in.
pub struct Claim {
    hold: Hold,
    /// `None` once a task has begun.
    right: Option<TaskClaim>,
}

impl Claim {
    /// Starts the task: `work` on `total` things of the group `group_name`. Returns when the other nodes can know of it.
    pub async fn start<W>(
        mut self,
        kind: Kind,
        group_name: &str,
        total: u64,
        work: impl FnOnce(Progress) -> W,
    ) -> Status
    where
        W: Future<Output = anyhow::Result<Value>> + Send + 'static,
    {
        let tasks = Arc::clone(&self.hold.0);
        let status = Status::running(kind, group_name, total, &tasks.node.name);
        let stopping = tasks.stop.child_token();
        *tasks.last() = Last {
            status: status.clone(),
            started: Some(Instant::now()),
            claim: self.right.take(),
            untold: Some(Untold::Running),
            stopping: stopping.clone(),
            ..Last::default()
        };
        let progress = Progress { tasks: Arc::clone(&tasks), stopping };
        let work = AssertUnwindSafe(work(progress)).catch_unwind();
        let (begun, wait) = oneshot::channel();
        // Whoever asked for the task may not wait for its beginning.
        tasks.tracker.clone().spawn(async move {
            if let Err(error) = tasks.tell().await {
                tracing::warn!(error = format!("{error:#}"), "a task begins and will be told to the database later");
            }
            let _ = begun.send(());
            let outcome = work.await;
            let fault = |_| Err(anyhow::anyhow!("the task failed by a fault of the program"));
            tasks.end(self, outcome.unwrap_or_else(fault)).await;
        });
        let _ = wait.await;
        status
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(right) = self.right {
            let Hold(tasks) = &self.hold;
            tasks.last().untold = None;
            let db = tasks.db.clone();
            // If it can't be told, the others learn it from our silence.
            tasks.tracker.spawn(async move { db.end_task(right, TaskNews::default()).await });
        }
    }
}

/// How work tells how far it has got.
pub struct Progress {
    tasks: Arc<Tasks>,
    stopping: CancellationToken,
}

impl Progress {
    /// So many more things are done. Errors if the task is to stop: then so must the work.
    pub fn advance(&self, by: usize) -> Result<(), BrokenOff> {
        self.tasks.last().status.processed += by as u64;
        if self.stopping.is_cancelled() { Err(self.why()) } else { Ok(()) }
    }

    /// What `wait` yields. Errors if the task is to stop meanwhile.
    pub async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> Result<T, BrokenOff> {
        self.stopping.run_until_cancelled(wait).await.ok_or_else(|| self.why())
    }

    fn why(&self) -> BrokenOff {
        if self.tasks.stop.is_cancelled() { BrokenOff::Stopped } else { BrokenOff::Silent }
    }

    /// Of how many more ignored entries is to be told why.
    fn room_for_ignored(&self) -> usize {
        MAX_IGNORED.saturating_sub(self.tasks.last().ignored.len())
    }

    fn ignored(&self, entries: impl IntoIterator<Item = Ignored>) {
        self.tasks.last().ignored.extend(entries);
    }
}

#[cfg(test)]
mod tests;
