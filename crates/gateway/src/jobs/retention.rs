//! Deletes request logs that are older than the settings keep them, in small steps so that nothing waits for it.

use std::time::Duration;

use jiff::Timestamp;
use storage::Db;

use super::Job;
use crate::snapshot::Current;

/// How often the job looks.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Rows deleted in one transaction.
const STEP: u32 = 1000;
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(100);

/// The job.
pub struct Retention {
    /// Where the logs are.
    pub db: Db,
    /// For how long they are kept.
    pub current: Current,
}

impl Job for Retention {
    const NAME: &'static str = "retention";

    async fn due(&mut self) {
        tokio::time::sleep(EVERY).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let days = self.current.load().settings.request_log_retention_days;
        let kept = Duration::from_secs(24 * 3600 * u64::try_from(days).unwrap_or(0));
        let Some(before) = Timestamp::now().checked_sub(kept).ok().filter(|_| days > 0) else { return Ok(()) };
        while self.db.delete_logs_before(before, STEP).await? == u64::from(STEP) {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
