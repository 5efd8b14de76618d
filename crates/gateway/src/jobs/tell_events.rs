//! Tells those who listen what has changed.

use std::sync::Arc;
use std::time::Duration;

use super::Job;
use crate::events::Events;
use crate::events::picture::Picture;

/// How often it looks. Whatever changes more often is told once.
const EVERY: Duration = Duration::from_secs(1);

/// The job.
pub struct TellEvents {
    /// What can be told.
    pub events: Arc<Events>,
    /// How everything stood when it was last told.
    pub last: Picture,
}

impl Job for TellEvents {
    const NAME: &'static str = "tell_events";

    async fn due(&mut self) {
        tokio::time::sleep(EVERY).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        self.events.tell(&mut self.last);
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
