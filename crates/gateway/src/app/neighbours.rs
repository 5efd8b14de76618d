//! What there is for other nodes on the same database, and for the process that replaces this one: hearing from them, and telling them.

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
use crate::setup::Setup;

/// Notices of what has been stored that wait to be told to other nodes.
const NOTICES_WAITING: usize = 1024;

/// Where news from others arrive.
pub(super) fn inbox(foundation: &Foundation, setup: &Setup) -> Arc<Inbox> {
    let Foundation { db, keyring, publisher, channel, .. } = foundation;
    let (keyring, publisher) = (Arc::clone(keyring), Arc::clone(publisher));
    let catch_up = Arc::new(CatchUp { db: db.clone(), keyring, publisher });
    Arc::new(Inbox::new(catch_up, channel.is_some() && setup.redis.is_some()))
}

impl App {
    /// Starts both.
    pub(super) fn start_nodes(&self, keys_loaded: &Loaded) {
        let Foundation { db, keyring, feed_end, channel, .. } = &self.foundation;
        if let (Some(dsn), Some(channel)) = (&self.setup.redis, channel) {
            let (link, sender) = Link::new(dsn.clone(), channel.clone(), Ear(Arc::clone(&self.nodes)));
            let (committed, stored) = mpsc::channel(NOTICES_WAITING);
            db.tell_of_commits(committed);
            let (node, changes) = (db.node(), Arc::clone(keyring.changes()));
            self.start_job(TellNodes { node, changes, stored, next: None, sender });
            let stop = self.stop_control.clone();
            self.jobs.spawn(async move {
                stop.run_until_cancelled(link.run()).await;
            });
        }
        self.start_job(FollowNodes::new(Arc::clone(&self.nodes), keys_loaded.clone(), *feed_end));
    }
}
