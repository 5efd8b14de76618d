//! The keys of one group: picking the next usable one, and what answers and operators do to them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::Failures;

use super::census::Census;
use super::changes::{Changes, KeyChange};
use super::key::PoolKey;
use super::rests::{RestInfo, Rests, Woken};
use super::slab::Slab;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{ArcSwap, Mutex, MutexGuard};

pub use overview::{Cell, States};

mod answers;
mod guesses;
mod hearsay;
mod overview;

pub use hearsay::Verdicts;

/// How many keys a request that is tried again looks at for one that did well last time.
const STEADY_LOOKS: usize = 32;

/// The keys of one group.
#[derive(Debug)]
pub struct Pool {
    group: GroupId,
    slab: ArcSwap<Slab>,
    cursor: AtomicUsize,
    next_wake_ms: AtomicU64,
    /// Grows with every change of a key's state.
    version: AtomicU64,
    book: Mutex<Book>,
    remark: Mutex<Option<String>>,
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
    pub(super) fn new(group: GroupId, changes: Arc<Changes>) -> Self {
        Self {
            group,
            slab: ArcSwap::default(),
            cursor: AtomicUsize::new(0),
            next_wake_ms: AtomicU64::new(u64::MAX),
            version: AtomicU64::new(0),
            book: Mutex::default(),
            remark: Mutex::default(),
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
            let Some(key) = slab.key(slot).filter(|key| key.slot() as usize == slot) else {
                // Another key has come to this place since the slab was loaded.
                return self.pick(model, tried, now_ms);
            };
            if !tried.contains(&key.id) {
                self.step(start, from);
                return Some(Arc::clone(key));
            }
        }
        None
    }

    /// The same for a request that is tried again: rather a key that did well last time. Keys that fail alike often stand together, and
    /// those that rested wake together, so it looks around in the whole pool.
    #[must_use]
    pub fn pick_steady(&self, model: Option<&str>, tried: &[KeyId], now_ms: u64) -> Option<Arc<PoolKey>> {
        self.wake_due(now_ms);
        let slab = self.slab.load();
        let ring = slab.ring(model);
        let (start, stride) = (self.cursor.load(Ordering::Relaxed), ring.count() / STEADY_LOOKS);
        let mut from = start;
        for look in 0..STEADY_LOOKS {
            let slot = ring.next(from)?;
            let fits = |key: &Arc<PoolKey>| key.slot() as usize == slot && key.is_steady() && !tried.contains(&key.id);
            if let Some(key) = slab.key(slot).filter(|key| fits(key)) {
                if look == 0 {
                    self.step(start, slot + 1);
                }
                return Some(Arc::clone(key));
            }
            from = slot + 1 + stride;
        }
        self.pick(model, tried, now_ms)
    }

    /// The next pick begins at `to`. Two picks at the same moment may meet on one key; the loser's step is enough to part them again.
    fn step(&self, from: usize, to: usize) {
        let _ = self.cursor.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether any key can serve `model` now.
    #[must_use]
    pub fn has_usable(&self, model: Option<&str>, now_ms: u64) -> bool {
        self.wake_due(now_ms);
        self.slab.load().ring(model).count() > 0
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
        let before = self.slab.load_full();
        self.slab.store(Arc::new(slab));
        for key in added {
            before.key(key.slot() as usize).inspect(|replaced| replaced.leave());
            self.refresh(&book, &key);
        }
    }

    /// Takes keys out for good.
    pub fn remove(&self, ids: &[KeyId]) {
        let mut book = self.book();
        self.changes.left(ids);
        let mut slab = Slab::clone(&self.slab.load());
        for id in ids {
            let Some(slot) = book.slots.remove(id) else { continue };
            slab.lanes().for_each(|lane| _ = lane.ring.remove(slot as usize));
            self.uncount(&mut book, slot);
            slab.key(slot as usize).inspect(|key| key.leave());
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
                start_afresh(&mut book, &key);
                self.note(&key, |change| {
                    change.failures = Failures::FORGIVEN;
                    change.rests.clear();
                    change.rests_cleared = true;
                });
            }
            self.put_status(&mut book, &key, status);
            self.note(&key, |change| change.status = Some(status));
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

    /// Another number whenever keys have come, gone or changed their states.
    #[must_use]
    pub fn version(&self, now_ms: u64) -> u64 {
        self.wake_due(now_ms);
        self.version.load(Ordering::Relaxed)
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<Arc<PoolKey>> {
        self.find(&self.book(), id)
    }

    /// All keys.
    #[must_use]
    pub fn keys(&self) -> Vec<Arc<PoolKey>> {
        self.slab.load().keys().cloned().collect()
    }

    /// The first key that `fits`.
    #[must_use]
    pub fn find_first(&self, fits: impl Fn(&PoolKey) -> bool) -> Option<Arc<PoolKey>> {
        self.slab.load().keys().find(|key| fits(key)).cloned()
    }

    /// The ids of the keys that `fit`.
    #[must_use]
    pub fn ids_of(&self, fit: impl Fn(&PoolKey) -> bool) -> Vec<KeyId> {
        self.slab.load().keys().filter(|key| fit(key)).map(|key| key.id).collect()
    }

    /// The rests of a key that are running now.
    #[must_use]
    pub fn rests(&self, id: KeyId, now_ms: u64) -> Vec<RestInfo> {
        self.wake_due(now_ms);
        let book = self.book();
        book.slots.get(&id).map_or_else(Vec::new, |slot| book.rests.of(*slot))
    }

    /// Keeps what the last validation has to say to the operator, if anything.
    pub fn remark(&self, remark: Option<String>) {
        *self.remark.lock().unwrap_or_else(PoisonError::into_inner) = remark;
    }

    /// What the last validation had to say.
    #[must_use]
    pub fn last_remark(&self) -> Option<String> {
        self.remark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the rests that are over. There is no timer: whoever wants a key does it, and mostly there is nothing to do.
    fn wake_due(&self, now_ms: u64) {
        if now_ms < self.next_wake_ms.load(Ordering::Relaxed) {
            return;
        }
        let mut book = self.book();
        let woken = book.rests.wake(now_ms);
        self.woke(&book, &woken, now_ms);
    }

    /// Lets keys serve again.
    fn woke(&self, book: &Book, woken: &[Woken], now_ms: u64) {
        for Woken { slot, pardoned } in woken {
            let Some(key) = self.slab.load().key(*slot as usize).cloned() else { continue };
            self.refresh(book, &key);
            if pardoned.is_some_and(|rest| self.changes.notes_rest(rest)) {
                self.forget_kept(&key, &book.rests.of(*slot), now_ms);
            }
        }
        self.fit_model_rings(book);
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
                fitted.by_model.push((name, Arc::new(slab.usable.resized(slab.usable.ring.capacity()))));
            }
        }
        self.slab.store(Arc::new(fitted));
    }

    fn put_status(&self, book: &mut Book, key: &PoolKey, status: KeyStatus) {
        book.count(key.status(), -1);
        key.status.store(status as u8, Ordering::Relaxed);
        book.count(status, 1);
        if status != KeyStatus::Active {
            // When it comes back, it starts afresh.
            book.rests.forget_all(key.slot());
        }
        self.refresh(book, key);
    }

    /// Writes into the bitmaps what status and rests say about a key.
    fn refresh(&self, book: &Book, key: &PoolKey) {
        self.version.fetch_add(1, Ordering::Relaxed);
        let (slab, slot) = (self.slab.load(), key.slot());
        let usable = key.status() == KeyStatus::Active && !book.rests.is_asleep(slot, &None);
        put(&slab.usable.ring, slot, usable);
        for (model, lane) in &slab.by_model {
            put(&lane.ring, slot, usable && !book.rests.is_asleep(slot, &Some(Arc::clone(model))));
        }
    }

    fn uncount(&self, book: &mut Book, slot: u32) {
        self.version.fetch_add(1, Ordering::Relaxed);
        if let Some(key) = self.slab.load().key(slot as usize) {
            book.count(key.status(), -1);
        }
    }

    fn note(&self, key: &PoolKey, change: impl FnOnce(&mut KeyChange)) {
        self.changes.note(self.group, key.id, change);
    }

    fn find(&self, book: &Book, id: KeyId) -> Option<Arc<PoolKey>> {
        let slot = *book.slots.get(&id)?;
        self.slab.load().key(slot as usize).cloned()
    }

    /// The book, unless the key has left: a late answer must not hit the key that has its place now.
    fn book_with(&self, key: &PoolKey) -> Option<MutexGuard<'_, Book>> {
        Some(self.book()).filter(|_| !key.has_left())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Keys that are in play, resting or not.
    fn active(&self) -> usize {
        self.slots.len().saturating_sub(self.invalid + self.disabled)
    }

    fn count(&mut self, status: KeyStatus, change: isize) {
        match status {
            KeyStatus::Active => {}
            KeyStatus::Invalid => self.invalid = self.invalid.saturating_add_signed(change),
            KeyStatus::Disabled => self.disabled = self.disabled.saturating_add_signed(change),
        }
    }
}

/// No failures, no rests.
fn start_afresh(book: &mut Book, key: &PoolKey) {
    key.failures.store(0, Ordering::Relaxed);
    key.has_rested.store(false, Ordering::Relaxed);
    book.rests.forget_all(key.slot());
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
