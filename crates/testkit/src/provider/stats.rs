//! Counts of calls by key, status and path, for tests that compare them with the gateway's own books.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::received::Received;

/// Beyond so many different keys or paths, new ones are counted together as `(other)`.
const MAX_NAMES: usize = 200_000;

#[derive(Debug, Default)]
pub(crate) struct Stats {
    total: AtomicU64,
    connections: AtomicU64,
    counts: Mutex<Counts>,
}

type Named = BTreeMap<String, u64>;

#[derive(Debug, Default)]
struct Counts {
    keys: BTreeMap<String, Named>,
    statuses: Named,
    paths: Named,
}

impl Stats {
    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request of which nothing else is kept.
    pub(super) fn count(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request; status 0 means that none is sent.
    pub(super) fn add(&self, request: &Received, status: u16) {
        self.count();
        let status = if status == 0 { "none".to_owned() } else { status.to_string() };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = name(&counts.keys, request.key.as_deref().unwrap_or("(none)"));
        *counts.keys.entry(key).or_default().entry(status.clone()).or_default() += 1;
        *counts.statuses.entry(status).or_default() += 1;
        let path = name(&counts.paths, request.path());
        *counts.paths.entry(path).or_default() += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn for_key(&self, key: &str) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.keys.get(key).map_or(0, |by_status| by_status.values().sum())
    }

    pub(super) fn to_json(&self) -> Value {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "total": self.total(),
            "connections": self.connections(),
            "by_key": counts.keys,
            "by_status": counts.statuses,
            "by_path": counts.paths,
        })
    }

    pub(super) fn clear(&self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts = Counts::default();
        self.total.store(0, Ordering::Relaxed);
        self.connections.store(0, Ordering::Relaxed);
    }
}

fn name<T>(known: &BTreeMap<String, T>, name: &str) -> String {
    let fits = known.len() < MAX_NAMES || known.contains_key(name);
    if fits { name } else { "(other)" }.to_owned()
}
