//! Whether this node leads: of all nodes on a database, one at a time does the work that is to be done once ([`storage::lease`]).
//!
//! [`jobs::lead`](crate::jobs::lead) keeps the lease; [`jobs::leading`](crate::jobs::leading) runs what only the leader does.

use std::time::Instant;

use storage::lease::Token;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// One time of leading.
#[derive(Clone, Debug)]
pub struct Term {
    /// What the leader's statements name.
    pub token: Token,
    /// Cancelled when the term is over, which is before another node can lead.
    pub over: CancellationToken,
}

/// How it stands at the moment.
#[derive(Debug, Default)]
pub struct Standing {
    /// While this node leads.
    pub term: Option<Term>,
    /// When the term ends unless it is prolonged; `None` for never.
    pub until: Option<Instant>,
    /// The name of the node that leads, as far as it is known; empty if it isn't.
    pub leader: String,
}

/// Tells whether this node leads. Cheap to ask and to clone.
#[derive(Clone, Debug)]
pub struct Leadership(watch::Receiver<Standing>);

impl Leadership {
    /// What is sent to the sender is so; if it is dropped, this node leads no more.
    #[must_use]
    pub fn new() -> (watch::Sender<Standing>, Self) {
        let (sender, receiver) = watch::channel(Standing::default());
        (sender, Self(receiver))
    }

    /// Whether this node leads now.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        let standing = self.0.borrow();
        standing.term.is_some() && standing.until.is_none_or(|until| Instant::now() < until)
    }

    /// The name of the node that leads, as far as this one knows.
    #[must_use]
    pub fn leader(&self) -> Option<String> {
        Some(self.0.borrow().leader.clone()).filter(|leader| !leader.is_empty())
    }

    /// Waits until this node leads. `None` when it never will again.
    pub async fn next_term(&mut self) -> Option<Term> {
        let leads = |standing: &Standing| standing.term.as_ref().is_some_and(|term| !term.over.is_cancelled());
        self.0.wait_for(leads).await.ok()?.term.clone()
    }
}
