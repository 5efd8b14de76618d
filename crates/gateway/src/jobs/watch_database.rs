//! Notices when the database goes away and when it is back, for those who use the console or the API.

use std::sync::Arc;
use std::time::Duration;

use super::Job;
use crate::events::outages::Outages;

/// How often it looks, and how often while the database does not answer: what needs it is refused until it is known to be back.
const EVERY: Duration = Duration::from_secs(3);
const EVERY_IN_DOUBT: Duration = Duration::from_millis(500);

/// The job.
pub struct WatchDatabase {
    /// Where it is noted.
    pub outages: Arc<Outages>,
}

impl Job for WatchDatabase {
    const NAME: &'static str = "watch_database";

    async fn due(&mut self) {
        let pause = if self.outages.is_in_doubt() { EVERY_IN_DOUBT } else { EVERY };
        tokio::time::sleep(pause).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        self.outages.look().await;
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
