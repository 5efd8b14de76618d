//! Notices when the database goes away and when it is back, for those who look at the console.

use std::sync::Arc;
use std::time::Duration;

use super::Job;
use crate::events::outages::Outages;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(3);

/// The job.
pub struct WatchDatabase {
    /// Where it is noted.
    pub outages: Arc<Outages>,
}

impl Job for WatchDatabase {
    const NAME: &'static str = "watch_database";

    async fn due(&mut self) {
        tokio::time::sleep(EVERY).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        self.outages.look().await;
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
