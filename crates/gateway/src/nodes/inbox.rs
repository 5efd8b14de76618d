//! What other nodes say by Redis: in force at once, and read from the database next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cluster::Listener;
use domain::notice::Notice;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use super::catch_up::CatchUp;
use super::heard::Heard;
use super::wanted::Wanted;
use crate::clock;

/// A message from one node to the others.
#[derive(Debug, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub node: Uuid,
    /// What.
    pub notice: Notice,
}

/// Where messages arrive.
pub struct Inbox {
    catch_up: Arc<CatchUp>,
    kept: Mutex<Kept>,
    /// There is something to read.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    wanted: Wanted,
    heard: Heard,
    /// Messages may have been missed: the feed is to be read.
    is_behind: bool,
    lacks_redis: bool,
}

impl Inbox {
    /// Takes up by `catch_up` what arrives. `has_redis`: messages will, once there is a connection.
    #[must_use]
    pub fn new(catch_up: Arc<CatchUp>, has_redis: bool) -> Self {
        let kept = Kept { lacks_redis: has_redis, ..Kept::default() };
        Self { catch_up, kept: Mutex::new(kept), arrived: Notify::new() }
    }

    /// By what it is taken up.
    #[must_use]
    pub fn catch_up(&self) -> &Arc<CatchUp> {
        &self.catch_up
    }

    /// Waits until there is something to read.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Adds what has been said since to what is to be read. Returns whether messages may have been missed.
    pub fn take(&self, wanted: &mut Wanted) -> bool {
        let mut kept = self.kept();
        wanted.add_all(std::mem::take(&mut kept.wanted));
        std::mem::take(&mut kept.is_behind)
    }

    /// Whether all news of a notice, as it stands in the feed, have been heard already.
    #[must_use]
    pub fn has_heard(&self, node: Uuid, notice: &Notice) -> bool {
        notice.numbers.is_some_and(|numbers| self.kept().heard.has_all(node, numbers))
    }

    /// Whether messages should arrive and do not.
    #[must_use]
    pub fn lacks_redis(&self) -> bool {
        self.kept().lacks_redis
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the link to Redis knows it.
pub struct Ear(pub Arc<Inbox>);

impl Listener for Ear {
    fn connected(&self) {
        tracing::info!("connected to Redis");
        self.0.catch_up.keyring.changes().tell(true);
        let mut kept = self.0.kept();
        (kept.lacks_redis, kept.is_behind) = (false, true);
        drop(kept);
        self.0.arrived.notify_one();
    }

    fn lost(&self, why: &str) {
        tracing::warn!(why, "Redis is away: until it is back, nodes agree through the database");
        self.0.catch_up.keyring.changes().tell(false);
        self.0.kept().lacks_redis = true;
    }

    fn heard(&self, message: &[u8]) {
        let Ok(Message { node, notice }) = serde_json::from_slice(message) else {
            // Of a later version; what it is about stands in the feed, too.
            return;
        };
        self.0.catch_up.hear(&notice);
        let mut kept = self.0.kept();
        if let Some((_, number)) = notice.numbers {
            kept.heard.note(node, number, clock::mono_ms());
        }
        // Of news, only what is stored of them says more, and that they soon are.
        kept.wanted.add(Some(&Notice { news: Vec::new(), ..notice }));
        if !kept.wanted.is_empty() {
            self.0.arrived.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
