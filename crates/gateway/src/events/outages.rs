//! What nodes share and may be away while requests are served from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use storage::Db;
use tokio::time::timeout;

use crate::nodes::inbox::Inbox;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

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
    lacks_database: AtomicBool,
}

impl Outages {
    /// Outages of the database, and of Redis if nodes speak by it.
    #[must_use]
    pub fn new(db: Db, nodes: Arc<Inbox>) -> Self {
        Self { db, nodes, lacks_database: AtomicBool::new(false) }
    }

    /// Asks the database whether it answers; of Redis one hears unasked.
    pub async fn look(&self) {
        let answers = matches!(timeout(PATIENCE, self.db.ping()).await, Ok(Ok(())));
        self.lacks_database.store(!answers, Ordering::Relaxed);
    }

    /// What is away, as it was when one last looked.
    #[must_use]
    pub fn known(&self) -> Vec<Away> {
        let lacks_database = self.lacks_database.load(Ordering::Relaxed);
        [(Away::Database, lacks_database), (Away::Redis, self.nodes.lacks_redis())]
            .into_iter()
            .filter_map(|(part, is_away)| is_away.then_some(part))
            .collect()
    }
}
