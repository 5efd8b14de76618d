//! What keeps a guess from lasting too long: when no key is left for a request, one a second may take the key whose guessed rest ends
//! first, and its success ends the guesses that it proves wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::KeyId;
use domain::key::KeyStatus;

use super::Pool;
use super::answers::PROBE_PACE_MS;
use crate::clock;
use crate::keyring::PoolKey;
use crate::keyring::changes::{LONG_REST, NotedRest};
use crate::keyring::rests::{RestInfo, Scope, Source, Terms};

/// After this it is looked again whether a guess may be doubted.
const LOOK_AGAIN_MS: u64 = 100;

impl Pool {
    /// A key to ask although it rests, for a request that finds no other: not among `tried`, and one a second for each model.
    #[must_use]
    pub fn probe(&self, model: Option<&str>, tried: &[KeyId], now_ms: u64) -> Option<Arc<PoolKey>> {
        if !self.may_probe(model, now_ms) {
            return None;
        }
        let mut book = self.book();
        let slab = self.slab.load();
        let lane = slab.lane(model);
        if now_ms < lane.probe_at_ms() {
            return None;
        }
        let key = |slot: u32| slab.key(slot as usize).filter(|key| key.status() == KeyStatus::Active);
        let fits = |slot: u32| key(slot).is_some_and(|key| !tried.contains(&key.id));
        let Some(slot) = book.rests.first_guess(model, now_ms, fits) else {
            let has_guess = book.rests.has_guess(model);
            lane.probe_at(if has_guess { now_ms.saturating_add(LOOK_AGAIN_MS) } else { u64::MAX });
            return None;
        };
        lane.probe_at(now_ms.saturating_add(PROBE_PACE_MS));
        book.rests.doubt(slot, model);
        key(slot).cloned()
    }

    /// Whether [`probe`](Self::probe) may have a key.
    #[must_use]
    pub fn may_probe(&self, model: Option<&str>, now_ms: u64) -> bool {
        now_ms >= self.slab.load().lane(model).probe_at_ms()
    }

    /// A key that was asked although it rested has answered a call for `model`: the guess was wrong, and so are those about other keys
    /// that `source` has led to. `proves_key`: also that the provider refuses everybody.
    pub fn proved_wrong(&self, key: &PoolKey, model: Option<&str>, source: Source, proves_key: bool) {
        let Some(mut book) = self.book_with(key) else { return };
        let terms = Terms {
            upstream: source.upstream,
            until_ms: source.at_ms,
            refused: proves_key,
            days: book.rests.guesses_a_day(key.slot(), model),
        };
        let woken = book.rests.pardon(key.slot(), model, terms);
        self.woke(&book, &woken, source.at_ms);
        drop(book);
        self.wake_due(source.at_ms);
    }

    /// How many keys are neither invalid nor disabled.
    #[must_use]
    pub fn active(&self) -> usize {
        self.book().active()
    }

    /// The next probe for `scope` may be made then.
    pub(super) fn await_probe(&self, scope: &Scope, at_ms: u64) {
        let slab = self.slab.load();
        match scope.as_deref() {
            Some(model) => slab.lane(Some(model)).probe_by(at_ms),
            None => slab.lanes().for_each(|lane| lane.probe_by(at_ms)),
        }
    }

    /// A rest that was noted has ended early; `others` have not.
    pub(super) fn forget_kept(&self, key: &PoolKey, others: &[RestInfo], now_ms: u64) {
        let left = |rest: &RestInfo| Duration::from_millis(rest.until_ms.saturating_sub(now_ms));
        let noted = |rest: &RestInfo| {
            let until = clock::wall_time_of(rest.until_ms);
            let noted = NotedRest { until, guessed: rest.guessed, is_long: left(rest) > LONG_REST };
            (rest.model.as_deref().unwrap_or_default().to_owned(), noted)
        };
        let others = others.iter().filter(|rest| self.changes.notes_rest(left(rest)));
        let kept: HashMap<_, _> = others.map(noted).collect();
        self.note(key, |change| {
            change.rests = kept;
            change.rests_cleared = true;
        });
    }
}

#[cfg(test)]
mod tests;
