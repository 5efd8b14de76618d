//! Stores the log of processes that died while this one was already serving in their place.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use storage::Db;
use storage::spool::{Limits, Place, Spool};

use super::Job;
use super::store_logs::store_all;

/// How often the job looks. What it finds has waited for a while already, and is rare.
const LOOK: Duration = Duration::from_secs(5);

/// The job.
pub struct StoreLeftBehind {
    /// The database.
    pub db: Db,
    /// Where spools are.
    pub data_dir: PathBuf,
}

impl Job for StoreLeftBehind {
    const NAME: &'static str = "store_left_behind";

    async fn due(&mut self) {
        tokio::time::sleep(LOOK).await;
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        for place in Place::left_behind(&self.data_dir).context("the data directory can't be searched for logs")? {
            tracing::info!(spool = %place.dir().display(), "a process has left log entries behind: they are stored");
            let spool = Spool::open(place.dir(), Limits::default())?;
            let stored = self.db.spool_position(spool.id()).await?;
            store_all(&self.db, &mut spool.drain(stored)?).await?;
        }
        Ok(())
    }

    /// The next start, or another process, finds what is there.
    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
