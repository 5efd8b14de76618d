//! What nodes share and may be away while requests are served from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use storage::Db;
use tokio::time::timeout;

use crate::nodes::inbox::Inbox;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many missed answers in a row are enough.
const ENOUGH: u32 = 2;

/// What may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Away {
    /// Changes can't be stored, and log rows wait on disk.
    Database,
    /// Nodes agree through the database instead, which takes longer.
    Redis,
}

/// Knows what is away.
pub struct Outages {
    db: Db,
    nodes: Arc<Inbox>,
    /// Answers of the database missed in a row.
    missed: AtomicU32,
}

impl Outages {
    /// Outages of the database, and of Redis if nodes speak by it.
    #[must_use]
    pub fn new(db: Db, nodes: Arc<Inbox>) -> Self {
        Self { db, nodes, missed: AtomicU32::new(0) }
    }

    /// Asks the database whether it answers; of Redis one hears unasked.
    pub async fn look(&self) {
        let missed = match timeout(PATIENCE, self.db.ping()).await {
            Ok(Ok(())) => 0,
            Ok(Err(_)) => ENOUGH,
            // It may only be busy.
            Err(_) => self.missed.load(Ordering::Relaxed).saturating_add(1),
        };
        match (self.missed.swap(missed, Ordering::Relaxed) >= ENOUGH, missed >= ENOUGH) {
            (false, true) => tracing::warn!("the database is away: requests are served from memory until it is back"),
            (true, false) => tracing::info!("the database is back"),
            _ => {}
        }
    }

    /// Whether the database is away, as far as is known.
    #[must_use]
    pub fn lacks_database(&self) -> bool {
        self.missed.load(Ordering::Relaxed) >= ENOUGH
    }

    /// Whether it did not answer when one last looked.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.missed.load(Ordering::Relaxed) > 0
    }

    /// What is away, as it was when one last looked.
    #[must_use]
    pub fn known(&self) -> Vec<Away> {
        [(Away::Database, self.lacks_database()), (Away::Redis, self.nodes.lacks_redis())]
            .into_iter()
            .filter_map(|(part, is_away)| is_away.then_some(part))
            .collect()
    }
}
