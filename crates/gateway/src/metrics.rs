//! What Prometheus is told: `GET /metrics` is made here, when somebody asks.
//!
//! | file | what it holds |
//! |---|---|
//! | [`traffic`] | requests and attempts, counted from log entries on their way to the spool: no request waits for it |
//! | [`refusals`] | requests that are turned away before they have a log entry |
//! | [`standing`] | what is read off when asked: keys, upstreams, guards, queues |
//! | [`process`] | what the system says about the process |
//! | [`text`] | the format |
//!
//! Labels are names of groups and words of ours, never a key, a path or a model: the operator's configuration bounds their number.

use std::sync::Arc;
use std::time::SystemTime;

use storage::Db;

use crate::jobs::spool_logs::SpoolSink;
use crate::keyring::Keyring;
use crate::leadership::Leadership;
use crate::proxy::Shared;
use crate::server::handover::Handover;
use crate::server::sockets::Sockets;
use crate::tasks::Tasks;
use text::{Kind, Text};
use traffic::Traffic;

mod histogram;
mod process;
pub mod refusals;
mod standing;
pub mod text;
pub mod traffic;

/// What is told of.
pub struct Metrics {
    /// What log entries have told.
    pub traffic: Arc<Traffic>,
    /// What the data plane's threads share.
    pub shared: Arc<Shared>,
    /// Where log entries become crash-proof.
    pub sink: SpoolSink,
    /// All keys.
    pub keyring: Arc<Keyring>,
    /// The database.
    pub db: Db,
    /// Connections of clients and to upstreams.
    pub sockets: Sockets,
    /// Requests on their way to the control plane.
    pub handover: Handover,
    /// Whether this node leads.
    pub leadership: Leadership,
    /// Long work.
    pub tasks: Arc<Tasks>,
    /// When the program started.
    pub started: SystemTime,
}

impl Metrics {
    /// How everything stands, in Prometheus' text format.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut text = Text::default();
        text.family("gpt_load_build_info", Kind::Gauge, "1, for the version that runs.");
        text.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        let snapshot = self.shared.current.load();
        self.traffic.tell(snapshot.routes().map(|route| (route.id, &*route.name)), &mut text);
        self.shared.refusals.tell(&mut text);
        standing::of_groups(&snapshot, &mut text);
        self.of_work(&mut text);
        self.of_the_log(&mut text);
        process::tell(self.started, &mut text);
        text.into_string()
    }
}

#[cfg(test)]
pub(crate) mod tests;
