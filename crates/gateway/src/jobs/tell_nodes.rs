//! Tells other nodes by Redis what has happened here, ahead of the database.

use std::sync::Arc;
use std::time::Duration;

use cluster::Sender;
use domain::notice::Notice;
use tokio::sync::mpsc;
use tokio::time::sleep;
use uuid::Uuid;

use super::Job;
use crate::keyring::Changes;
use crate::nodes::inbox::Message;

/// How long news are gathered.
const GATHER: Duration = Duration::from_millis(20);
/// News in a message.
const STEP: usize = 1000;

/// The job.
pub struct TellNodes {
    /// Who we are.
    pub node: Uuid,
    /// What happens to keys.
    pub changes: Arc<Changes>,
    /// What has been stored.
    pub stored: mpsc::Receiver<Notice>,
    /// The last of it, not told yet.
    pub next: Option<Notice>,
    /// Where to.
    pub sender: Sender,
}

impl TellNodes {
    fn send(&self, notice: Notice) -> anyhow::Result<()> {
        self.sender.send(serde_json::to_vec(&Message { node: self.node, notice })?);
        Ok(())
    }
}

impl Job for TellNodes {
    const NAME: &'static str = "tell_nodes";

    async fn due(&mut self) {
        tokio::select! {
            () = self.changes.wait_for_untold() => sleep(GATHER).await,
            Some(notice) = self.stored.recv(), if self.next.is_none() => self.next = Some(notice),
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        if let Some(notice) = self.next.take() {
            self.send(notice)?;
        }
        let Some((news, number)) = self.changes.take_untold() else { return Ok(()) };
        let mut news: Vec<_> = news.into_iter().map(|(key, change)| change.news(key)).collect();
        while news.len() > STEP {
            let news = news.split_off(news.len() - STEP);
            self.send(Notice { news, ..Notice::default() })?;
        }
        // Who hears the number has heard all of them.
        self.send(Notice { news, numbers: Some((number, number)), ..Notice::default() })?;
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
