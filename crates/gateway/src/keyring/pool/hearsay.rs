//! What other nodes say of keys, and what the database says in the end. Nothing of it is told on.

use domain::guards::Fate;
use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::notice::KeyNews;

use super::{Book, Pool, start_afresh};
use crate::clock;
use crate::keyring::rests::Source;
use crate::keyring::{PoolKey, StoredState};
use crate::sync::atomic::Ordering;

/// How a group decides about keys that have failed too often, for what was not learnt from an answer.
pub struct Verdicts<F> {
    /// At so many failures in a row; 0: never.
    pub threshold: u32,
    /// What becomes of such a key, one of so many that are active.
    pub fate: F,
}

impl Pool {
    /// Takes up what happened to a key elsewhere, before the database says so.
    pub fn hear(&self, news: &KeyNews, verdicts: Verdicts<impl FnOnce(usize) -> Fate>) {
        self.hear_rests(news);
        let mut book = self.book();
        let Some(key) = self.find(&book, news.key) else { return };
        if let Some(fault) = &news.fault {
            book.last_refusal = Some(fault.clone());
        }
        let before = key.failures();
        key.failures.store(news.failures.on(before), Ordering::Relaxed);
        match news.status {
            Some(status) => self.take_status(&mut book, &key, status),
            None => self.judge_count(&mut book, &key, before, verdicts),
        }
    }

    /// Takes up the rests of a key that have begun or ended elsewhere.
    pub fn hear_rests(&self, news: &KeyNews) {
        if news.rests.is_empty() && !news.rests_cleared {
            return;
        }
        let mut book = self.book();
        let Some(key) = self.find(&book, news.key) else { return };
        if news.rests_cleared {
            key.has_rested.store(false, Ordering::Relaxed);
            book.rests.forget_all(key.slot());
            self.refresh(&book, &key);
        }
        let now_ms = clock::mono_ms();
        for rest in &news.rests {
            let (model, until_ms) =
                (Some(&*rest.model).filter(|model| !model.is_empty()), clock::mono_ms_of(rest.until));
            if until_ms > now_ms {
                let source = Source { upstream: 0, at_ms: now_ms };
                self.resume(&mut book, &key, model, (until_ms, rest.guessed), source);
            }
        }
        self.fit_model_rings(&book);
    }

    /// Takes up what the database says of a key that is here. Returns whether it could: memory may know more, and will tell.
    pub fn settle(&self, id: KeyId, stored: StoredState, verdicts: Verdicts<impl FnOnce(usize) -> Fate>) -> bool {
        let mut book = self.book();
        let Some(key) = self.find(&book, id) else { return true };
        if self.changes.is_newer(id) {
            return false;
        }
        self.take_status(&mut book, &key, stored.status);
        let before = key.failures.swap(stored.failures, Ordering::Relaxed);
        self.judge_count(&mut book, &key, before, verdicts);
        true
    }

    fn take_status(&self, book: &mut Book, key: &PoolKey, status: KeyStatus) {
        if status == key.status() {
            return;
        }
        if status == KeyStatus::Active {
            start_afresh(book, key);
        }
        self.put_status(book, key, status);
    }

    /// Failures elsewhere may have been one too many.
    fn judge_count(&self, book: &mut Book, key: &PoolKey, before: u32, verdicts: Verdicts<impl FnOnce(usize) -> Fate>) {
        let (now, threshold) = (key.failures(), verdicts.threshold);
        let is_over = threshold > 0 && now >= threshold && now > before;
        if is_over && key.status() == KeyStatus::Active && !book.rests.is_asleep(key.slot(), &None) {
            let fate = (verdicts.fate)(book.active());
            self.meet(book, key, fate, Source::unknown());
        }
    }
}

#[cfg(test)]
mod tests;
