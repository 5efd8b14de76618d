//! What there is for other nodes on the same database: hearing from them, and telling them.

use std::sync::Arc;

use cluster::Link;
use tokio::sync::mpsc;

use super::App;
use super::foundation::Foundation;
use crate::jobs::follow_nodes::FollowNodes;
use crate::jobs::tell_nodes::TellNodes;
use crate::key_store::load::Loaded;
use crate::nodes::catch_up::CatchUp;
use crate::nodes::inbox::{Ear, Inbox};

/// Notices of what has been stored that wait to be told to other nodes.
const NOTICES_WAITING: usize = 1024;

impl App {
    /// Starts both. `None` if no others can have the database open.
    pub(super) fn start_nodes(&self, keys_loaded: &Loaded) -> Option<Arc<Inbox>> {
        if !self.foundation.db.is_shared() {
            return None;
        }
        let Foundation { db, keyring, publisher, feed_end, channel, .. } = &self.foundation;
        let (keyring, publisher) = (Arc::clone(keyring), Arc::clone(publisher));
        let catch_up = Arc::new(CatchUp { db: db.clone(), keyring, publisher });
        let inbox = Arc::new(Inbox::new(Arc::clone(&catch_up), self.setup.redis.is_some()));
        if let (Some(dsn), Some(channel)) = (&self.setup.redis, channel) {
            let (link, sender) = Link::new(dsn.clone(), channel.clone(), Ear(Arc::clone(&inbox)));
            let (committed, stored) = mpsc::channel(NOTICES_WAITING);
            db.tell_of_commits(committed);
            let (node, changes) = (db.node(), Arc::clone(catch_up.keyring.changes()));
            self.start_job(TellNodes { node, changes, stored, next: None, sender });
            let stop = self.stop_control.clone();
            self.jobs.spawn(async move {
                stop.run_until_cancelled(link.run()).await;
            });
        }
        self.start_job(FollowNodes::new(catch_up, Arc::clone(&inbox), keys_loaded.clone(), *feed_end));
        Some(inbox)
    }
}
