//! Keeps the last task the same here and in the database.

use std::sync::Arc;
use std::time::Duration;

use super::Job;
use crate::tasks::Tasks;

/// How often. So much later other nodes see what has changed, and as much again.
const EVERY: Duration = Duration::from_millis(800);

/// The job.
pub struct ShareTasks {
    /// The last task.
    pub tasks: Arc<Tasks>,
}

impl Job for ShareTasks {
    const NAME: &'static str = "share_tasks";

    async fn due(&mut self) {
        tokio::time::sleep(EVERY).await;
    }

    /// Never fails: in the pauses after failures the task would be taken for dead.
    async fn turn(&mut self) -> anyhow::Result<()> {
        if let Err(error) = self.tasks.share().await {
            tracing::debug!(error = format!("{error:#}"), "the nodes can't tell each other of their tasks");
        }
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
