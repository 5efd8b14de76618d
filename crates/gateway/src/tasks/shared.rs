//! The last task in the database: told of by the node it runs on, read by the others. It holds no key in clear.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::StorageError;
use storage::tasks::{StoredTask, TaskClaim, TaskNews};
use tokio::time::timeout;

use super::{BrokenOff, Ignored, Status, Tasks, Untold};

/// How long the database may take to be told.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told of a task.
#[derive(Default, Serialize, Deserialize)]
struct Report {
    status: Status,
    /// When that was so.
    at: Timestamp,
}

/// What is to be told now.
struct Telling {
    claim: TaskClaim,
    untold: Untold,
    report: Option<String>,
    ignored: Option<String>,
    /// Entries in it.
    ignored_count: usize,
}

impl Tasks {
    /// Tells the database of a task that runs here, or learns from it of one that runs elsewhere.
    pub async fn share(&self) -> anyhow::Result<()> {
        if self.last().untold.is_some() {
            return self.tell().await;
        }
        if self.db.is_shared() {
            timeout(PATIENCE, self.learn()).await??;
        }
        Ok(())
    }

    /// Tells the database what it does not know of the task that runs here.
    pub(super) async fn tell(&self) -> anyhow::Result<()> {
        let _turn = self.telling.lock().await;
        let Some(telling) = self.telling()? else { return Ok(()) };
        let news = TaskNews { report: telling.report.as_deref(), ignored: telling.ignored.as_deref() };
        let is_ours = if matches!(telling.untold, Untold::Ended(_)) {
            timeout(PATIENCE, self.db.end_task(telling.claim, news)).await??
        } else {
            timeout(PATIENCE, self.db.tell_of_task(telling.claim, news)).await??
        };
        let mut last = self.last();
        if last.claim != Some(telling.claim) {
            return Ok(());
        }
        last.ignored_told = Some(telling.ignored_count);
        if matches!(telling.untold, Untold::Ended(_)) {
            last.untold = None;
        } else if !is_ours && !last.stopping.is_cancelled() {
            tracing::warn!(node = self.node.name, "a task stops: it was taken for dead, and there is another one");
            last.stopping.cancel();
        }
        Ok(())
    }

    fn telling(&self) -> serde_json::Result<Option<Telling>> {
        let last = self.last();
        let (Some(claim), Some(untold)) = (last.claim, last.untold.clone()) else { return Ok(None) };
        let status = match &untold {
            Untold::Claimed => None,
            Untold::Running => Some(last.status_now()),
            Untold::Ended(status) => Some(Status::clone(status)),
        };
        let report =
            status.map(|status| serde_json::to_string(&Report { status, at: Timestamp::now() })).transpose()?;
        let ignored_count = last.ignored.len();
        let is_news = report.is_some() && last.ignored_told != Some(ignored_count);
        let ignored = is_news.then(|| serde_json::to_string(&last.ignored)).transpose()?;
        Ok(Some(Telling { claim, untold, report, ignored, ignored_count }))
    }

    /// Reads how the last task stands, unless it runs or ran here.
    pub(super) async fn learn(&self) -> Result<(), StorageError> {
        let stored = self.db.last_task(self.node.id).await?;
        let mut last = self.last();
        if last.untold.is_none() && last.claim.is_none_or(|claim| !stored.is_of(claim)) {
            (last.status, last.started) = (read(&stored), None);
        }
        Ok(())
    }

    /// What a task that ran elsewhere has ignored.
    pub(super) async fn ignored_elsewhere(&self) -> Result<Vec<Ignored>, StorageError> {
        Ok(serde_json::from_str(&self.db.ignored_by_task().await?).unwrap_or_default())
    }
}

/// A task as it was told of. One that was said to be running and isn't has died with its node.
fn read(stored: &StoredTask) -> Status {
    // One that can't be read, as after a change by hand, is none.
    let Report { mut status, at } = serde_json::from_str(&stored.report).unwrap_or_default();
    if status.is_running && !stored.is_running {
        status.break_off(BrokenOff::Silent, at);
    }
    status
}
