//! Asks for the lease that makes this node the leader, and for more of it in time.

use std::time::{Duration, Instant};

use storage::lease::{Answer, Lease};
use storage::{Db, StorageError};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Job;
use crate::leadership::{Leadership, Standing, Term};
use crate::node::Node;

/// How often it asks, whether it leads or not.
const EVERY: Duration = Duration::from_secs(2);
/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Before the end of its lease it leads no more, so that its work has ended when another begins.
const MARGIN: Duration = Duration::from_secs(2);

/// The job.
pub struct Lead {
    db: Db,
    node: Node,
    standing: watch::Sender<Standing>,
    next: Instant,
}

impl Lead {
    /// Asks for `node`, and tells how it stands.
    pub fn new(db: Db, node: Node) -> (Self, Leadership) {
        let (standing, leadership) = Leadership::new();
        (Self { db, node, standing, next: Instant::now() }, leadership)
    }

    /// When the term ends unless it is prolonged.
    fn until(&self) -> Option<Instant> {
        self.standing.borrow().until
    }

    fn term(&self) -> Option<Term> {
        self.standing.borrow().term.clone()
    }

    fn lead(&self, lease: Lease, asked: Instant) {
        let until = lease.lasts.map(|lasts| asked + lasts.saturating_sub(MARGIN));
        let term = self.term().filter(|term| term.token == lease.token);
        let term = term.unwrap_or_else(|| {
            self.end("it began to lead anew");
            if lease.lasts.is_some() {
                tracing::info!(token = %lease.token, node = self.node.name, "this node leads");
            }
            Term { token: lease.token, over: CancellationToken::new() }
        });
        self.standing.send_replace(Standing { term: Some(term), until, leader: self.node.name.clone() });
    }

    fn follow(&self, leader: String) {
        self.end("another node leads");
        if self.standing.borrow().leader != leader {
            tracing::info!(%leader, "another node leads");
            self.standing.send_modify(|standing| standing.leader = leader);
        }
    }

    fn end(&self, why: &'static str) {
        if let Some(term) = self.term() {
            term.over.cancel();
            self.standing.send_replace(Standing::default());
            tracing::info!(token = %term.token, why, "this node leads no more");
        }
    }

    fn end_if_over(&self) {
        if self.until().is_some_and(|until| Instant::now() >= until) {
            self.end("the database has not answered in time");
        }
    }

    async fn ask(&self, by: Instant) -> Option<Result<Answer, StorageError>> {
        let held = self.term().map(|term| term.token);
        let asking = self.db.ask_to_lead(self.node.id, &self.node.name, held);
        timeout_at(by.into(), asking).await.ok()
    }
}

impl Job for Lead {
    const NAME: &'static str = "lead";

    async fn due(&mut self) {
        let term_has_no_end = self.term().is_some() && self.until().is_none();
        if term_has_no_end {
            std::future::pending::<()>().await;
        }
        sleep_until(self.until().map_or(self.next, |until| until.min(self.next)).into()).await;
    }

    /// Never fails: the pauses after failures would be too long.
    async fn turn(&mut self) -> anyhow::Result<()> {
        self.end_if_over();
        let asked = Instant::now();
        self.next = asked + EVERY;
        let by = self.until().map_or(asked + PATIENCE, |until| until.min(asked + PATIENCE));
        match self.ask(by).await {
            Some(Ok(Answer::Leads(lease))) => self.lead(lease, asked),
            Some(Ok(Answer::Follows { leader })) => self.follow(leader),
            Some(Err(error)) => tracing::debug!(%error, "the leader's lease can't be asked for"),
            None => tracing::debug!("the database does not answer who leads"),
        }
        self.end_if_over();
        Ok(())
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        let Some(term) = self.term() else { return Ok(()) };
        self.end("the program stops");
        Ok(self.db.stop_leading(term.token).await?)
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.end("nobody asks for the lease any more");
    }
}

#[cfg(test)]
mod tests;
