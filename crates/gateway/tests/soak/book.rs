//! What each request was meant to be, what the provider saw of it, and what its client got: to be compared with the log.
//!
//! A request is known by a number that stands at the end of its path.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::provider::Kind;

/// How a client behaves, which decides what the log must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It sends everything and takes everything.
    Stays,
    /// It may go before the end.
    Leaves,
    /// It must not get in: neither the provider nor the log may know of it.
    Barred,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) manner: Manner,
    /// Whether its group is there from the first moment to the last.
    pub(crate) lasting: bool,
    /// What the provider answered, attempt by attempt.
    pub(crate) seen: Vec<Seen>,
    /// What the client got, if it got anything.
    pub(crate) got: Option<Got>,
}

/// One call at the provider, its body read to the end.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// Whether the connection had carried a call before.
    pub(crate) reused: bool,
}

/// An answer as its client saw it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) id: Option<String>,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
}

/// All requests.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<BTreeMap<u64, Page>>,
    next: AtomicU64,
    faults: Mutex<Vec<String>>,
}

impl Book {
    /// A number for a request that is about to be made.
    pub(crate) fn open(&self, manner: Manner, lasting: bool) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.pages().insert(number, Page { manner, lasting, seen: Vec::new(), got: None });
        number
    }

    /// Notes what the provider is about to answer, chosen with what it has answered before.
    pub(crate) fn saw(&self, number: u64, choose: impl FnOnce(&[Seen]) -> Seen) -> Option<Kind> {
        let mut pages = self.pages();
        let page = pages.get_mut(&number)?;
        let seen = choose(&page.seen);
        let kind = seen.kind;
        page.seen.push(seen);
        Some(kind)
    }

    /// The keys with which a request has reached the provider.
    pub(crate) fn keys_of(&self, number: u64) -> Vec<String> {
        self.pages().get(&number).map_or_else(Vec::new, |page| page.seen.iter().map(|seen| seen.key.clone()).collect())
    }

    /// Notes what the client got.
    pub(crate) fn got(&self, number: u64, got: Got) {
        if let Some(page) = self.pages().get_mut(&number) {
            page.got = Some(got);
        }
    }

    /// Something that must not be.
    pub(crate) fn fault(&self, fault: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn pages(&self) -> MutexGuard<'_, BTreeMap<u64, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
