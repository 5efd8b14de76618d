//! Guesses that are doubted, and that end when a doubt proves right.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{DOUBT_MS, Ground, Rest, Rests, Scope, Woken};

/// Which guesses a success proves wrong.
#[derive(Clone, Copy, Debug)]
pub(in crate::keyring) struct Terms {
    /// Those about this upstream, or about none that is known.
    pub(in crate::keyring) upstream: u32,
    /// Those made until then, in milliseconds of the process' clock.
    pub(in crate::keyring) until_ms: u64,
    /// Also those for keys that the provider refused.
    pub(in crate::keyring) refused: bool,
    /// Also those for the quota of a day, which is each key's own.
    pub(in crate::keyring) days: bool,
}

/// The guesses of one scope that are to end if they fit the terms.
#[derive(Debug)]
pub(super) struct Pardon {
    scope: Scope,
    terms: Terms,
    left: BTreeSet<(u64, u32)>,
}

impl Rests {
    /// The key whose rest for `model` is the first to be doubted: a guess, and nothing else keeps the key. `fits` has the last word.
    pub(in crate::keyring) fn first_guess(
        &self,
        model: Option<&str>,
        now_ms: u64,
        fits: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let scope = model.and_then(|model| self.listed(model));
        let may_be_doubted = |slot: u32, scope: &Scope| {
            self.running(slot, scope).is_none_or(|Rest { new, .. }| {
                new.ground.is_guess() && now_ms >= new.source.at_ms.saturating_add(DOUBT_MS)
            })
        };
        let mut slots = self.guesses.in_turn(&scope).map(|(_, slot)| slot);
        slots.find(|slot| may_be_doubted(*slot, &None) && may_be_doubted(*slot, &scope) && fits(*slot))
    }

    /// Whether any key rests for `model`, or altogether, on a guess.
    pub(in crate::keyring) fn has_guess(&self, model: Option<&str>) -> bool {
        self.guesses.in_turn(&model.and_then(|model| self.listed(model))).next().is_some()
    }

    /// The key is being asked: all others are doubted before it is again.
    pub(in crate::keyring) fn doubt(&mut self, slot: u32, model: Option<&str>) {
        for scope in self.concerning(model) {
            let (id, turn) = ((slot, scope.clone()), self.guesses.last_turn(&scope));
            if let Some(rest) = self.by_key.get_mut(&id).filter(|rest| rest.asleep && rest.new.ground.is_guess()) {
                self.guesses.remove(&scope, rest.turn, slot);
                rest.turn = turn;
                self.guesses.insert(&scope, turn, slot);
            }
        }
    }

    /// Whether the key rests, for `model` or altogether, on a guess about the quota of a day.
    pub(in crate::keyring) fn guesses_a_day(&self, slot: u32, model: Option<&str>) -> bool {
        let is_day = |scope| self.running(slot, &scope).is_some_and(|rest| rest.new.per_day);
        self.concerning(model).into_iter().any(is_day)
    }

    /// Ends the guesses of one key for `model` and altogether. The others that fit the terms end with the next calls of
    /// [`wake`](Self::wake).
    pub(in crate::keyring) fn pardon(&mut self, slot: u32, model: Option<&str>, terms: Terms) -> Vec<Woken> {
        let mut woken = Vec::new();
        for scope in self.concerning(model) {
            let is_wrong = |rest: &&Rest| match rest.new.ground {
                Ground::Named => false,
                Ground::Guessed => true,
                Ground::Refused => terms.refused,
            };
            if let Some(rest) = self.running(slot, &scope).filter(is_wrong).copied() {
                woken.push(pardoned(slot, &rest));
                self.forget(slot, &scope);
            }
            let left = self.guesses.take(&scope);
            if !left.is_empty() {
                self.pardons.push(Pardon { scope, terms, left });
            }
        }
        woken
    }

    /// Ends at most `limit` of the pardoned rests.
    pub(super) fn end_pardoned(&mut self, limit: usize) -> Vec<Woken> {
        let mut woken = Vec::new();
        for _ in 0..limit {
            let Some(pardon) = self.pardons.last_mut() else { break };
            let (scope, terms) = (pardon.scope.clone(), pardon.terms);
            let Some((turn, slot)) = pardon.left.pop_first() else {
                self.pardons.pop();
                continue;
            };
            // A key may have been laid to rest anew, or restored, since.
            let Some(rest) = self.running(slot, &scope).filter(|rest| rest.turn == turn).copied() else { continue };
            if terms.fit(&rest) {
                woken.push(pardoned(slot, &rest));
                self.forget(slot, &scope);
            } else {
                self.guesses.insert(&scope, turn, slot);
            }
        }
        woken
    }

    /// The scopes a request for `model` has to do with.
    fn concerning(&self, model: Option<&str>) -> Vec<Scope> {
        let of_model = model.and_then(|model| self.listed(model));
        of_model.map(Some).into_iter().chain([None]).collect()
    }
}

impl Terms {
    fn fit(&self, rest: &Rest) -> bool {
        let new = &rest.new;
        (new.source.upstream == self.upstream || new.source.upstream == 0)
            && new.source.at_ms <= self.until_ms
            && match new.ground {
                Ground::Named => false,
                Ground::Guessed => self.days || !new.per_day,
                Ground::Refused => self.refused,
            }
    }
}

fn pardoned(slot: u32, rest: &Rest) -> Woken {
    let length_ms = rest.new.until_ms.saturating_sub(rest.new.source.at_ms);
    Woken { slot, pardoned: Some(Duration::from_millis(length_ms)) }
}
