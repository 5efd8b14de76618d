//! The idle connections of one client, the one used last taken first.

pub(crate) mod conn;

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::Instant,
};
use tokio_util::task::TaskTracker;

use crate::{endpoint::Endpoint, profile::Profile};
use conn::Conn;

/// How often connections whose time is over are looked for; nobody looks while there are none.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Used by one thread in the main, so its lock is never waited for; it is held for some map operations only.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    /// One permit for each socket the process may still open; `None` for no limit.
    sockets: Option<Arc<Semaphore>>,
    tasks: TaskTracker,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Idle {
    /// The idle connections of each endpoint, the oldest in front.
    stacks: HashMap<Arc<Endpoint>, Vec<Parked>, BuildHasherDefault<Prehashed>>,
    /// The sum over all stacks.
    count: usize,
    sweeper: Option<AbortHandle>,
    closed: bool,
}

#[derive(Debug)]
struct Parked {
    conn: Conn,
    since: Instant,
    until: Instant,
}

impl Pool {
    pub(crate) fn new(tasks: TaskTracker, runtime: Handle) -> Arc<Self> {
        Arc::new(Self { idle: Mutex::default(), sockets: None, tasks, runtime })
    }

    /// An empty one like this, each of whose connections takes a permit.
    pub(crate) fn within(&self, sockets: Arc<Semaphore>) -> Arc<Self> {
        let (tasks, runtime) = (self.tasks.clone(), self.runtime.clone());
        Arc::new(Self { idle: Mutex::default(), sockets: Some(sockets), tasks, runtime })
    }

    /// A permit for a new connection, if one is needed. While there is none, idle connections are given up: ours at once, those of
    /// other pools when they are next looked after.
    pub(crate) async fn socket(&self) -> Option<OwnedSemaphorePermit> {
        let sockets = self.sockets.as_ref()?;
        if let Ok(socket) = Arc::clone(sockets).try_acquire_owned() {
            return Some(socket);
        }
        let given_up = self.idle().take_all();
        drop(given_up);
        Arc::clone(sockets).acquire_owned().await.ok()
    }

    /// The connection to `endpoint` that was used last and can be used now.
    pub(crate) fn take(&self, endpoint: &Arc<Endpoint>) -> Option<Conn> {
        let mut guard = self.idle();
        let idle = &mut *guard;
        let stack = idle.stacks.get_mut(endpoint)?;
        let now = Instant::now();
        while let Some(mut parked) = stack.pop() {
            idle.count -= 1;
            if parked.until > now && parked.conn.is_quiet() {
                return Some(parked.conn);
            }
        }
        None
    }

    /// Keeps a connection for the next request, unless its time is over or the profile keeps none.
    pub(crate) fn put(self: &Arc<Self>, endpoint: &Arc<Endpoint>, conn: Conn) {
        let profile = endpoint.profile();
        let since = Instant::now();
        let until = conn.expires().min(since + profile.idle_timeout);
        let mut idle = self.idle();
        if idle.closed || until <= since || profile.max_idle.min(profile.max_idle_per_host) == 0 {
            return;
        }
        let evicted = idle.make_room(endpoint);
        idle.push(endpoint, Parked { conn, since, until });
        if idle.sweeper.is_none() {
            let sweeper = self.tasks.spawn_on(sweep(Arc::downgrade(self)), &self.runtime);
            idle.sweeper = Some(sweeper.abort_handle());
        }
        drop(idle);
        drop(evicted);
    }

    /// Closes all idle connections, and from now on every connection that becomes idle.
    pub(crate) fn close(&self) {
        let mut idle = self.idle();
        if let Some(sweeper) = idle.sweeper.take() {
            sweeper.abort();
        }
        *idle = Idle { closed: true, ..Idle::default() };
    }

    pub(crate) fn len(&self) -> usize {
        self.idle().count
    }

    fn lacks_sockets(&self) -> bool {
        self.sockets.as_ref().is_some_and(|sockets| sockets.available_permits() == 0)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn push(&mut self, endpoint: &Arc<Endpoint>, parked: Parked) {
        self.count += 1;
        match self.stacks.get_mut(endpoint) {
            Some(stack) => stack.push(parked),
            None => drop(self.stacks.insert(Arc::clone(endpoint), vec![parked])),
        }
    }

    /// Takes out the oldest connections until one more to `endpoint` is within its profile's limits.
    fn make_room(&mut self, endpoint: &Arc<Endpoint>) -> Vec<Parked> {
        let profile = endpoint.profile();
        let mut evicted = Vec::new();
        if let Some(stack) = self.stacks.get_mut(endpoint) {
            let over = (stack.len() + 1).saturating_sub(profile.max_idle_per_host);
            evicted.extend(stack.drain(..over));
            self.count -= over;
        }
        // The count is over all profiles, so counting by profile is needed only when it is high.
        while self.count >= profile.max_idle && self.count_of(profile) >= profile.max_idle {
            let Some(oldest) = self.take_oldest_of(profile) else { break };
            evicted.push(oldest);
        }
        evicted
    }

    fn count_of(&self, profile: &Arc<Profile>) -> usize {
        let stacks = self.stacks.iter().filter(|(endpoint, _)| endpoint.profile() == profile);
        stacks.map(|(_, stack)| stack.len()).sum()
    }

    fn take_oldest_of(&mut self, profile: &Arc<Profile>) -> Option<Parked> {
        let stacks = self.stacks.iter_mut().filter(|(endpoint, _)| endpoint.profile() == profile);
        let oldest = stacks.filter_map(|(_, stack)| Some((stack.first()?.since, stack)));
        let (_, stack) = oldest.min_by_key(|(since, _)| *since)?;
        self.count -= 1;
        Some(stack.remove(0))
    }

    fn take_all(&mut self) -> Vec<Parked> {
        self.count = 0;
        self.stacks.drain().flat_map(|(_, stack)| stack).collect()
    }

    /// Takes out what has been idle for long enough or was closed by its peer.
    fn expire(&mut self, now: Instant) -> Vec<Parked> {
        let mut expired = Vec::new();
        self.stacks.retain(|_, stack| {
            expired.extend(stack.extract_if(.., |parked| parked.until <= now || !parked.conn.is_quiet()));
            !stack.is_empty()
        });
        self.count -= expired.len();
        expired
    }
}

/// Closes idle connections in time, and when somebody may be waiting for their sockets; ends with the last one.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        let expired = if pool.lacks_sockets() { idle.take_all() } else { idle.expire(Instant::now()) };
        let done = idle.count == 0;
        if done {
            idle.sweeper = None;
        }
        drop(idle);
        drop(expired);
        if done {
            return;
        }
    }
}

/// Passes on the hash that an [`Endpoint`] brings along.
#[derive(Default)]
struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
