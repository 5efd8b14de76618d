//! How many sockets the process may have open: what the limit on open files leaves beside the database, the spool and the log, which are
//! to have theirs however many clients come.
//!
//! At the bound new client connections wait in the kernel's queue, and new upstream connections wait for as long as connecting may take.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Seldom;

/// Descriptors kept for the files of database, spool and log, and for signals.
const RESERVE: usize = 64;
/// Descriptors of a runtime that is yet to be started.
const RESERVE_A_WORKER: usize = 4;
/// However low the limit is.
const FEWEST: usize = 16;

/// The sockets that are left.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// Of clients and upstreams together.
    all: Arc<Semaphore>,
    /// Three quarters of them: clients that only wait must leave some for upstreams.
    clients: Arc<Semaphore>,
    limit: usize,
}

/// How many sockets are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Connections of clients.
    pub clients: usize,
    /// Connections to upstreams.
    pub upstreams: usize,
    /// How many there may be of both together.
    pub limit: usize,
}

/// A client connection that is counted as long as this lives.
#[derive(Debug)]
pub struct ClientSocket {
    _of_all: OwnedSemaphorePermit,
    _of_clients: OwnedSemaphorePermit,
}

impl Sockets {
    /// What the process' limit leaves, with `workers` threads yet to be started.
    pub fn within_limit(workers: NonZeroUsize) -> Self {
        let (limit, open) = (limit(), open_files());
        let wanted = open + RESERVE + RESERVE_A_WORKER * workers.get();
        let left = limit.saturating_sub(wanted);
        if left < FEWEST {
            tracing::error!(limit, needed = wanted + FEWEST, "the limit on open files is too low");
        }
        Self::new(left.max(FEWEST))
    }

    pub fn new(count: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        let clients = Arc::new(Semaphore::new(clients_of(count)));
        Self { all: Arc::new(Semaphore::new(count)), clients, limit: count }
    }

    /// How many are in use, about: they come and go while they are counted.
    pub fn in_use(&self) -> InUse {
        let clients = clients_of(self.limit).saturating_sub(self.clients.available_permits());
        let all = self.limit.saturating_sub(self.all.available_permits());
        InUse { clients, upstreams: all.saturating_sub(clients), limit: self.limit }
    }

    /// A permit for each, for upstream connections to take from.
    pub fn all(&self) -> Arc<Semaphore> {
        Arc::clone(&self.all)
    }

    /// Waits until there is room for one more client connection. `None` never comes.
    pub async fn client(&self) -> Option<ClientSocket> {
        static SAID: Seldom = Seldom::new();
        if self.all.available_permits().min(self.clients.available_permits()) == 0 && SAID.is_time() {
            tracing::warn!("all sockets that the limit on open files allows are in use: new connections wait");
        }
        let of_clients = Arc::clone(&self.clients).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(ClientSocket { _of_all: of_all, _of_clients: of_clients })
    }
}

fn clients_of(all: usize) -> usize {
    all / 4 * 3
}

fn limit() -> usize {
    let limit = rlimit::Resource::NOFILE.get_soft();
    limit.map_or(FEWEST, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// As far as the system tells.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn clients_leave_a_quarter_to_upstreams_and_get_no_more_than_is_there() {
        let sockets = Sockets::new(8);
        let held: Vec<_> = (0..6).map(|_| sockets.client().now_or_never().unwrap()).collect();
        assert!(sockets.client().now_or_never().is_none(), "the seventh waits");
        assert_eq!(sockets.all().available_permits(), 2);
        let _upstreams = sockets.all().try_acquire_many_owned(2).unwrap();
        assert_eq!(sockets.in_use(), InUse { clients: 6, upstreams: 2, limit: 8 });
        drop(held.into_iter().next());
        assert!(sockets.client().now_or_never().is_some());
    }

    #[test]
    fn what_is_left_is_below_the_limit() {
        let sockets = Sockets::within_limit(NonZeroUsize::MIN);
        assert!(sockets.all().available_permits() < limit().max(FEWEST + 1));
    }
}
