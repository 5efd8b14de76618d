//! What answers do to keys.

use std::time::Duration;

use domain::classify::rest::{LONGEST_DOUBLED, next_rest};
use domain::guards::{Fate, mass_refusal};
use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::notice::Failures;
use jiff::Timestamp;

use super::{Book, Pool};
use crate::clock;
use crate::keyring::PoolKey;
use crate::keyring::changes::{KeyFault, LONG_REST, NotedRest};
use crate::keyring::rests::{Ground, Limit, NewRest, Scope, Source};
use crate::sync::atomic::Ordering;

/// After this a guess may be doubted, and then another one.
pub(super) const PROBE_PACE_MS: u64 = 1_000;

impl Pool {
    /// The key answered a call for `model`: its failures are forgiven.
    pub fn served(&self, key: &PoolKey, model: Option<&str>) {
        if key.failures() > 0 {
            // Under the lock, so that the database is told what happened last.
            let _book = self.book();
            key.failures.store(0, Ordering::Relaxed);
            self.note(key, |change| change.failures = Failures::FORGIVEN);
        }
        if key.is_shaky() {
            key.is_shaky.store(false, Ordering::Relaxed);
        }
        if key.has_rested.load(Ordering::Relaxed) {
            self.forgive_rests(key, model);
        }
    }

    fn forgive_rests(&self, key: &PoolKey, model: Option<&str>) {
        let Some(mut book) = self.book_with(key) else { return };
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
        let fate = self.refused_in_traffic(key, fault, threshold, Source::default(), |_| Fate::Invalid);
        fate == Some(Fate::Invalid)
    }

    /// The same in answer to a client's request. `fate` says what becomes of a key that has reached the threshold, one of so many that
    /// are active.
    pub fn refused_in_traffic(
        &self,
        key: &PoolKey,
        fault: KeyFault,
        threshold: u32,
        source: Source,
        fate: impl FnOnce(usize) -> Fate,
    ) -> Option<Fate> {
        let mut book = self.book_with(key)?;
        let failures = key.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let is_over = threshold > 0 && failures >= threshold && key.status() == KeyStatus::Active;
        book.last_refusal = Some((fault.status, fault.message.clone()));
        self.note(key, |change| {
            change.failures = change.failures.and_one();
            change.fault = Some(fault);
        });
        let fate = is_over.then(|| fate(book.active()));
        fate.inspect(|fate| self.meet(&mut book, key, *fate, source))
    }

    /// What becomes of a key that has reached the threshold.
    pub(super) fn meet(&self, book: &mut Book, key: &PoolKey, fate: Fate, source: Source) {
        match fate {
            Fate::Invalid => {
                self.put_status(book, key, KeyStatus::Invalid);
                self.note(key, |change| change.status = Some(KeyStatus::Invalid));
            }
            Fate::Rest => {
                let until_ms = after(source.at_ms, mass_refusal::REST);
                let rest = NewRest { until_ms, ground: Ground::Refused, per_day: false, repeats: false, source };
                if self.lay_to_rest(book, key, &None, rest) {
                    self.note_rest(key, None, mass_refusal::REST, &rest);
                }
            }
        }
    }

    /// The provider limited the key's rate: it rests for `model`, or altogether if no model is known. Returns how long.
    pub fn limited(&self, key: &PoolKey, model: Option<&str>, limit: Limit) -> Duration {
        let Some(mut book) = self.book_with(key) else { return Duration::ZERO };
        let (slot, scope) = (key.slot(), model.map(|model| book.rests.list(model)));
        let history = book.rests.history(slot, &scope);
        let streak = if limit.doubles { history.streak } else { 0 };
        let rest = next_rest(limit.named, limit.quota, limit.base, streak, history.per_day, Timestamp::now());
        let until_ms = after(limit.source.at_ms, rest.time);
        let (ground, per_day) = (ground(rest.guessed), limit.quota.per_day);
        let new = NewRest { until_ms, ground, per_day, repeats: limit.doubles, source: limit.source };
        let rests_longer = self.lay_to_rest(&mut book, key, &scope, new);
        if rests_longer {
            self.note_rest(key, model, rest.time, &new);
        }
        rest.time
    }

    /// Keeps what the provider said about a key, so that people see why it rests. No failure is counted.
    pub fn explain(&self, key: &PoolKey, said: KeyFault) {
        self.note(key, |change| change.fault = Some(said));
    }

    /// Takes up a rest that was running when the process last stopped.
    pub fn resume_rest(&self, id: KeyId, model: Option<&str>, until_ms: u64, guessed: bool) {
        let mut book = self.book();
        let Some(key) = self.find(&book, id) else { return };
        self.resume(&mut book, &key, model, (until_ms, guessed), Source::default());
    }

    /// Lays a key to rest until `until_ms`, guessed or not.
    pub(super) fn resume(
        &self,
        book: &mut Book,
        key: &PoolKey,
        model: Option<&str>,
        (until_ms, guessed): (u64, bool),
        source: Source,
    ) {
        let scope = model.map(|model| book.rests.list(model));
        // No other guess is so long.
        let per_day = guessed && until_ms > after(clock::mono_ms(), LONGEST_DOUBLED);
        let rest = NewRest { until_ms, ground: ground(guessed), per_day, repeats: true, source };
        self.lay_to_rest(book, key, &scope, rest);
    }

    fn note_rest(&self, key: &PoolKey, model: Option<&str>, time: Duration, rest: &NewRest) {
        if !self.changes.notes_rest(time) {
            return;
        }
        let until = clock::wall_time_of(rest.until_ms);
        let noted = NotedRest { until, guessed: rest.ground.is_guess(), is_long: time > LONG_REST };
        self.note(key, |change| change.rest(model.unwrap_or_default().to_owned(), noted));
    }

    /// Returns whether the key did not rest so long already.
    pub(super) fn lay_to_rest(&self, book: &mut Book, key: &PoolKey, scope: &Scope, rest: NewRest) -> bool {
        if !book.rests.sleep(key.slot(), scope, rest) {
            return false;
        }
        key.has_rested.store(true, Ordering::Relaxed);
        self.fit_model_rings(book);
        self.refresh(book, key);
        self.next_wake_ms.store(book.rests.next_due_ms(), Ordering::Relaxed);
        if rest.ground.is_guess() {
            self.await_probe(scope, rest.source.at_ms.saturating_add(PROBE_PACE_MS));
        }
        true
    }
}

fn ground(guessed: bool) -> Ground {
    if guessed { Ground::Guessed } else { Ground::Named }
}

pub(super) fn after(at_ms: u64, time: Duration) -> u64 {
    at_ms.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
