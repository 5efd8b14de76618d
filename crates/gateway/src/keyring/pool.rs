//! The keys of one group: picking the next usable one, and what answers and operators do to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::classify::rest::next_rest;
use domain::ids::KeyId;
use domain::key::KeyStatus;
use jiff::Timestamp;

use super::census::Census;
use super::changes::{Changes, KeyFault, LongRest};
use super::key::PoolKey;
use super::rests::{Limit, RestInfo, Rests};
use super::slab::Slab;
use crate::clock;

/// Rests longer than this survive a restart.
const LONG_REST: Duration = Duration::from_mins(5);

/// The keys of one group.
#[derive(Debug)]
pub struct Pool {
    slab: ArcSwap<Slab>,
    cursor: AtomicUsize,
    next_wake_ms: AtomicU64,
    book: Mutex<Book>,
    changes: Arc<Changes>,
}

/// What only changes need: who sits where, and who rests.
#[derive(Debug, Default)]
struct Book {
    slots: HashMap<KeyId, u32>,
    free: Vec<u32>,
    rests: Rests,
    invalid: usize,
    disabled: usize,
    last_refusal: Option<(u16, String)>,
}

impl Pool {
    pub(super) fn new(changes: Arc<Changes>) -> Self {
        Self {
            slab: ArcSwap::default(),
            cursor: AtomicUsize::new(0),
            next_wake_ms: AtomicU64::new(u64::MAX),
            book: Mutex::default(),
            changes,
        }
    }

    /// The next key that can serve `model` and is not among `tried`.
    #[must_use]
    pub fn pick(&self, model: Option<&str>, tried: &[KeyId], now_ms: u64) -> Option<Arc<PoolKey>> {
        self.wake_due(now_ms);
        let slab = self.slab.load();
        let ring = slab.ring(model);
        let start = self.cursor.load(Ordering::Relaxed);
        let mut from = start;
        for _ in 0..=tried.len() {
            let slot = ring.next(from)?;
            from = slot + 1;
            if let Some(key) = slab.key(slot).filter(|key| !tried.contains(&key.id)) {
                // Two picks at the same moment may meet on one key; the loser's step is enough to part them again.
                let _ = self.cursor.compare_exchange(start, from, Ordering::Relaxed, Ordering::Relaxed);
                return Some(Arc::clone(key));
            }
        }
        None
    }

    /// Whether any key can serve `model` now.
    #[must_use]
    pub fn has_usable(&self, model: Option<&str>, now_ms: u64) -> bool {
        self.wake_due(now_ms);
        self.slab.load().ring(model).count() > 0
    }

    /// The key answered a call for `model`: its failures are forgiven.
    pub fn served(&self, key: &PoolKey, model: Option<&str>) {
        if key.failures() > 0 {
            key.failures.store(0, Ordering::Relaxed);
            self.changes.note(key.id, |change| change.failure_count = Some(0));
        }
        if key.has_rested.load(Ordering::Relaxed) {
            self.forgive_rests(key, model);
        }
    }

    fn forgive_rests(&self, key: &PoolKey, model: Option<&str>) {
        let mut book = self.book();
        let slot = key.slot();
        // A rest that is running was earned by a later answer than this one: it stays.
        for scope in [None, model.and_then(|model| book.rests.listed(model))] {
            if !book.rests.is_asleep(slot, &scope) {
                book.rests.forget(slot, &scope);
            }
        }
        key.has_rested.store(book.rests.has_any(slot), Ordering::Relaxed);
    }

    /// The provider refused the key itself. At `threshold` failures in a row (0: never) it becomes invalid; returns whether it just did.
    pub fn refused(&self, key: &PoolKey, fault: KeyFault, threshold: u32) -> bool {
        let failures = key.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let out = threshold > 0 && failures >= threshold && key.status() == KeyStatus::Active;
        let mut book = self.book();
        book.last_refusal = Some((fault.status, fault.message.clone()));
        if out {
            self.put_status(&mut book, key, KeyStatus::Invalid);
        }
        drop(book);
        self.changes.note(key.id, |change| {
            change.failure_count = Some(failures);
            change.fault = Some(fault);
            if out {
                change.status = Some(KeyStatus::Invalid);
            }
        });
        out
    }

    /// The provider limited the key's rate: it rests for `model`, or altogether if no model is known. Returns how long.
    pub fn limited(&self, key: &PoolKey, model: Option<&str>, limit: Limit) -> Duration {
        let mut book = self.book();
        let (slot, scope) = (key.slot(), model.map(|model| book.rests.list(model)));
        let history = book.rests.history(slot, &scope);
        let rest = next_rest(limit.named, limit.quota, limit.base, history.streak, history.per_day, Timestamp::now());
        let until_ms = clock::mono_ms().saturating_add(u64::try_from(rest.time.as_millis()).unwrap_or(u64::MAX));
        let info = RestInfo { model: scope, until_ms, guessed: rest.guessed };
        let rests_longer = self.lay_to_rest(&mut book, key, &info, limit.quota.per_day);
        drop(book);
        if rests_longer && rest.time > LONG_REST {
            let long = LongRest { until: clock::wall_time_of(until_ms), guessed: rest.guessed };
            self.changes.note(key.id, |change| {
                change.rests.insert(model.unwrap_or_default().to_owned(), long);
            });
        }
        rest.time
    }

    /// Keeps what the provider said about a key, so that people see why it rests. No failure is counted.
    pub fn explain(&self, key: &PoolKey, said: KeyFault) {
        self.changes.note(key.id, |change| change.fault = Some(said));
    }

    /// Takes up a rest that was running when the process last stopped.
    pub fn resume_rest(&self, id: KeyId, model: Option<&str>, until_ms: u64, guessed: bool) {
        let mut book = self.book();
        let Some(key) = self.find(&book, id) else { return };
        let scope = model.map(|model| book.rests.list(model));
        self.lay_to_rest(&mut book, &key, &RestInfo { model: scope, until_ms, guessed }, false);
    }

    /// Returns whether the key did not rest so long already.
    fn lay_to_rest(&self, book: &mut Book, key: &PoolKey, rest: &RestInfo, per_day: bool) -> bool {
        let rests_longer = book.rests.sleep(key.slot(), &rest.model, rest.until_ms, rest.guessed, per_day);
        if rests_longer {
            key.has_rested.store(true, Ordering::Relaxed);
            self.fit_model_rings(book);
            self.refresh(book, key);
            self.next_wake_ms.store(book.rests.next_due_ms(), Ordering::Relaxed);
        }
        rests_longer
    }

    /// Adds keys; one that is there already keeps its place and takes the given state.
    pub fn add(&self, keys: impl IntoIterator<Item = PoolKey>) {
        let mut book = self.book();
        let mut slab = Slab::clone(&self.slab.load());
        let mut added = Vec::new();
        for key in keys {
            if let Some(slot) = book.slots.get(&key.id).copied() {
                self.uncount(&mut book, slot);
                key.slot.store(slot, Ordering::Relaxed);
            } else {
                let next = u32::try_from(book.slots.len() + book.free.len()).unwrap_or(u32::MAX);
                let slot = book.free.pop().unwrap_or(next);
                book.slots.insert(key.id, slot);
                key.slot.store(slot, Ordering::Relaxed);
            }
            book.count(key.status(), 1);
            let key = Arc::new(key);
            slab.put(key.slot() as usize, Some(Arc::clone(&key)));
            added.push(key);
        }
        slab.fit_rings();
        self.slab.store(Arc::new(slab));
        for key in added {
            self.refresh(&book, &key);
        }
    }

    /// Takes keys out for good.
    pub fn remove(&self, ids: &[KeyId]) {
        let mut book = self.book();
        let mut slab = Slab::clone(&self.slab.load());
        for id in ids {
            let Some(slot) = book.slots.remove(id) else { continue };
            for ring in std::iter::once(&slab.usable).chain(slab.by_model.iter().map(|(_, ring)| ring)) {
                ring.remove(slot as usize);
            }
            self.uncount(&mut book, slot);
            book.rests.forget_all(slot);
            book.free.push(slot);
            slab.put(slot as usize, None);
        }
        self.slab.store(Arc::new(slab));
    }

    /// Sets the status of keys by an operator's or a validation's word. Active keys start afresh: no failures, no rests.
    pub fn set_status(&self, ids: &[KeyId], status: KeyStatus) {
        let mut book = self.book();
        for key in ids.iter().filter_map(|id| self.find(&book, *id)).collect::<Vec<_>>() {
            if status == KeyStatus::Active {
                key.failures.store(0, Ordering::Relaxed);
                key.has_rested.store(false, Ordering::Relaxed);
                book.rests.forget_all(key.slot());
                self.changes.note(key.id, |change| {
                    change.failure_count = Some(0);
                    change.rests.clear();
                    change.rests_cleared = true;
                });
            }
            self.put_status(&mut book, &key, status);
            self.changes.note(key.id, |change| change.status = Some(status));
        }
    }

    /// How the pool stands for requests that ask for `model`.
    #[must_use]
    pub fn census(&self, model: Option<&str>, now_ms: u64) -> Census {
        self.wake_due(now_ms);
        let book = self.book();
        let slab = self.slab.load();
        let (total, usable) = (book.slots.len(), slab.ring(model).count());
        let is_active = |slot: u32| slab.key(slot as usize).is_some_and(|key| key.status() == KeyStatus::Active);
        Census {
            total,
            usable,
            resting: total.saturating_sub(usable + book.invalid + book.disabled),
            invalid: book.invalid,
            disabled: book.disabled,
            first_wake_ms: book.rests.first_wake_ms(model, is_active),
            last_refusal: book.last_refusal.clone(),
        }
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<Arc<PoolKey>> {
        self.find(&self.book(), id)
    }

    /// The ids of all keys.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.slab.load().keys().map(|key| key.id).collect()
    }

    /// The rests of a key that are running now.
    #[must_use]
    pub fn rests(&self, id: KeyId, now_ms: u64) -> Vec<RestInfo> {
        self.wake_due(now_ms);
        let book = self.book();
        book.slots.get(&id).map_or_else(Vec::new, |slot| book.rests.of(*slot))
    }

    /// Ends the rests that are over. There is no timer: whoever wants a key does it, and mostly there is nothing to do.
    fn wake_due(&self, now_ms: u64) {
        if now_ms < self.next_wake_ms.load(Ordering::Relaxed) {
            return;
        }
        let mut book = self.book();
        for slot in book.rests.wake(now_ms) {
            if let Some(key) = self.slab.load().key(slot as usize) {
                self.refresh(&book, key);
            }
        }
        self.fit_model_rings(&book);
        self.next_wake_ms.store(book.rests.next_due_ms(), Ordering::Relaxed);
    }

    /// Keeps one bitmap for each model that has sleepers, and none for the others.
    fn fit_model_rings(&self, book: &Book) {
        let slab = self.slab.load();
        let wanted: Vec<_> = book.rests.models().cloned().collect();
        if slab.by_model.len() == wanted.len() && slab.by_model.iter().all(|(name, _)| wanted.contains(name)) {
            return;
        }
        let mut fitted = Slab::clone(&slab);
        fitted.by_model.retain(|(name, _)| wanted.contains(name));
        for name in wanted {
            if !fitted.by_model.iter().any(|(known, _)| *known == name) {
                fitted.by_model.push((name, Arc::new(slab.usable.resized(slab.usable.capacity()))));
            }
        }
        self.slab.store(Arc::new(fitted));
    }

    fn put_status(&self, book: &mut Book, key: &PoolKey, status: KeyStatus) {
        book.count(key.status(), -1);
        key.status.store(status as u8, Ordering::Relaxed);
        book.count(status, 1);
        self.refresh(book, key);
    }

    /// Writes into the bitmaps what status and rests say about a key.
    fn refresh(&self, book: &Book, key: &PoolKey) {
        let (slab, slot) = (self.slab.load(), key.slot());
        let present = book.slots.get(&key.id) == Some(&slot);
        let usable = present && key.status() == KeyStatus::Active && !book.rests.is_asleep(slot, &None);
        put(&slab.usable, slot, usable);
        for (model, ring) in &slab.by_model {
            put(ring, slot, usable && !book.rests.is_asleep(slot, &Some(Arc::clone(model))));
        }
    }

    fn uncount(&self, book: &mut Book, slot: u32) {
        if let Some(key) = self.slab.load().key(slot as usize) {
            book.count(key.status(), -1);
        }
    }

    fn find(&self, book: &Book, id: KeyId) -> Option<Arc<PoolKey>> {
        let slot = *book.slots.get(&id)?;
        self.slab.load().key(slot as usize).cloned()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn count(&mut self, status: KeyStatus, change: isize) {
        match status {
            KeyStatus::Active => {}
            KeyStatus::Invalid => self.invalid = self.invalid.saturating_add_signed(change),
            KeyStatus::Disabled => self.disabled = self.disabled.saturating_add_signed(change),
        }
    }
}

fn put(ring: &domain::pick::Ring, slot: u32, member: bool) {
    if member {
        ring.insert(slot as usize);
    } else {
        ring.remove(slot as usize);
    }
}

#[cfg(test)]
mod tests;
