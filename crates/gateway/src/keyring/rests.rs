//! Who rests, for which model, until when, and how often in a row.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::classify::rest::{Quota, Rest as NamedRest};

use super::turns::Turns;

mod pardon;

pub(super) use pardon::Terms;

/// Models for which keys of one pool can rest at the same time. Names come from clients, so there is a bound: beyond it the rests for
/// the model that has been listed longest, one without sleepers first, are forgotten, and its keys learn anew.
pub(super) const MAX_MODELS: usize = 64;

/// How long a rest is remembered after it ended, so that a guess that fails again can be doubled.
const MEMORY_MS: u64 = 2 * 60 * 60 * 1000;
/// Rests that one call ends at most: a million keys may wake at midnight, and nobody is to wait for all of them.
const WOKEN_AT_ONCE: usize = 1_024;
/// A guess is not doubted while it is younger.
const DOUBT_MS: u64 = 1_000;

/// For what a key rests: one of the listed models, or altogether.
pub(super) type Scope = Option<Arc<str>>;

/// What an answer and the settings say about how long a limited key rests.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The time the provider named, if any.
    pub named: Option<NamedRest>,
    /// The quota the provider named.
    pub quota: Quota,
    /// The rest when no time is named.
    pub base: Duration,
    /// Whether `base` doubles on repeats.
    pub doubles: bool,
    /// Who said so.
    pub source: Source,
}

/// Which upstream gave an answer, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source {
    /// The number of the upstream; 0 if it is not known.
    pub upstream: u32,
    /// When, in milliseconds of the process' clock.
    pub at_ms: u64,
}

impl Source {
    /// An answer that has just come, from an upstream that is not known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { upstream: 0, at_ms: crate::clock::mono_ms() }
    }
}

/// Why a key rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// The provider named the time.
    Named,
    /// It was limited, and we guess the time.
    Guessed,
    /// It would have become invalid, but the provider refuses everybody.
    Refused,
}

impl Ground {
    pub(super) fn is_guess(self) -> bool {
        self != Self::Named
    }
}

/// One rest of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestInfo {
    /// The model it is for; `None`: altogether.
    pub model: Scope,
    /// When it ends, in milliseconds of the process' clock.
    pub until_ms: u64,
    /// Whether the provider named the time or we guessed it.
    pub guessed: bool,
}

/// A rest about to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewRest {
    pub(super) until_ms: u64,
    pub(super) ground: Ground,
    /// Whether a quota per day was named.
    pub(super) per_day: bool,
    /// Whether it counts as a repeat of the last.
    pub(super) repeats: bool,
    pub(super) source: Source,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    new: NewRest,
    /// Guessed rests in a row, this one included.
    streak: u32,
    asleep: bool,
    /// Its place among the guesses.
    turn: u64,
}

/// What is known of a key's earlier rests when it fails again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Guessed rests in a row.
    pub(super) streak: u32,
    /// Whether the last rest was for a quota per day.
    pub(super) per_day: bool,
}

/// A key one of whose rests has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Woken {
    pub(super) slot: u32,
    /// How long the rest was to be, if it has ended before its time.
    pub(super) pardoned: Option<Duration>,
}

/// The rests of one pool. A place is a key's number in the [`Slab`](super::slab::Slab).
#[derive(Debug, Default)]
pub(super) struct Rests {
    by_key: HashMap<(u32, Scope), Rest>,
    /// When rests end.
    ends: Turns,
    /// When the memory of those that have ended fades.
    fades: Turns,
    /// The running rests whose length is a guess, as they are doubted: the one that ends first, first.
    guesses: Turns,
    /// Guesses that have been proven wrong and are still to end.
    pardons: Vec<pardon::Pardon>,
    /// Models with sleepers and how many, oldest first.
    models: Vec<(Arc<str>, usize)>,
}

impl Rests {
    /// Whether the key in `slot` rests for `scope` itself (not: for everything).
    pub(super) fn is_asleep(&self, slot: u32, scope: &Scope) -> bool {
        !self.by_key.is_empty() && self.running(slot, scope).is_some()
    }

    /// What earlier rests of this key for this scope say about the next one.
    pub(super) fn history(&self, slot: u32, scope: &Scope) -> History {
        match self.by_key.get(&(slot, scope.clone())) {
            // Answers to requests that ran side by side: the running rest is the one they are about.
            Some(rest) if rest.asleep => History { streak: rest.streak.saturating_sub(1), per_day: false },
            Some(rest) => History { streak: rest.streak, per_day: rest.new.per_day },
            None => History::default(),
        }
    }

    /// Whether the key has any rest, present or remembered.
    pub(super) fn has_any(&self, slot: u32) -> bool {
        self.scopes().any(|scope| self.by_key.contains_key(&(slot, scope)))
    }

    /// Lays a key to rest. A rest already running is only ever made longer, and two answers to requests that ran side by side count as one.
    pub(super) fn sleep(&mut self, slot: u32, scope: &Scope, new: NewRest) -> bool {
        let before = self.by_key.get(&(slot, scope.clone())).copied();
        let running = before.filter(|rest| rest.asleep);
        if running.is_some_and(|rest| rest.new.until_ms >= new.until_ms) {
            return false;
        }
        let streak = match before {
            Some(rest) if rest.asleep || !new.repeats => rest.streak,
            Some(rest) if new.ground == Ground::Guessed => rest.streak + 1,
            _ => u32::from(new.ground == Ground::Guessed),
        };
        if let Some(rest) = before {
            self.strike(slot, scope, &rest);
        }
        self.enter(slot, scope, Rest { new, streak, asleep: true, turn: new.until_ms });
        true
    }

    /// Ends what is over by `now_ms`, as much of it as one call does, and tells which keys woke.
    pub(super) fn wake(&mut self, now_ms: u64) -> Vec<Woken> {
        let mut woken = self.end_pardoned(WOKEN_AT_ONCE);
        while woken.len() < WOKEN_AT_ONCE
            && let Some((due, slot, scope)) = self.ends.one_until(now_ms).or_else(|| self.fades.one_until(now_ms))
        {
            let Some(rest) = self.by_key.remove(&(slot, scope.clone())) else {
                self.ends.remove(&scope, due, slot);
                self.fades.remove(&scope, due, slot);
                continue;
            };
            self.strike(slot, &scope, &rest);
            if rest.asleep {
                self.enter(slot, &scope, Rest { asleep: false, ..rest });
                woken.push(Woken { slot, pardoned: None });
            }
        }
        woken
    }

    /// When [`wake`](Self::wake) has something to do next.
    pub(super) fn next_due_ms(&self) -> u64 {
        let first = self.ends.lowest().into_iter().chain(self.fades.lowest()).min();
        if self.pardons.is_empty() { first.unwrap_or(u64::MAX) } else { 0 }
    }

    /// Forgets the key's rests for `scope`. Returns whether there was one.
    pub(super) fn forget(&mut self, slot: u32, scope: &Scope) -> bool {
        let Some(rest) = self.by_key.remove(&(slot, scope.clone())) else { return false };
        self.strike(slot, scope, &rest);
        true
    }

    /// Forgets everything about a key.
    pub(super) fn forget_all(&mut self, slot: u32) {
        for scope in self.scopes().collect::<Vec<_>>() {
            self.forget(slot, &scope);
        }
    }

    /// The listed models, for each of which at least one key sleeps.
    pub(super) fn models(&self) -> impl Iterator<Item = &Arc<str>> {
        self.models.iter().filter(|(_, sleepers)| *sleepers > 0).map(|(name, _)| name)
    }

    /// The listed name equal to `model`, if there is one.
    pub(super) fn listed(&self, model: &str) -> Scope {
        self.models.iter().find(|(name, _)| **name == *model).map(|(name, _)| Arc::clone(name))
    }

    /// The listed name equal to `model`, listing it if it is new.
    pub(super) fn list(&mut self, model: &str) -> Arc<str> {
        if let Some(name) = self.listed(model) {
            return name;
        }
        if self.models.len() >= MAX_MODELS {
            let idle = self.models.iter().position(|(_, sleepers)| *sleepers == 0);
            let oldest = Some(self.models.remove(idle.unwrap_or(0)).0);
            self.by_key.retain(|(_, scope), _| *scope != oldest);
            self.ends.take(&oldest);
            self.fades.take(&oldest);
            self.guesses.take(&oldest);
        }
        let name: Arc<str> = model.into();
        self.models.push((Arc::clone(&name), 0));
        name
    }

    /// The rests of a key that are still running.
    pub(super) fn of(&self, slot: u32) -> Vec<RestInfo> {
        let asleep = |scope: Scope| {
            let NewRest { until_ms, ground, .. } = self.running(slot, &scope)?.new;
            Some(RestInfo { model: scope, until_ms, guessed: ground.is_guess() })
        };
        self.scopes().filter_map(asleep).collect()
    }

    /// When the first key wakes that then can serve `model`, of those in the places that are `active`.
    pub(super) fn first_wake_ms(&self, model: Option<&str>, active: impl Fn(u32) -> bool) -> Option<u64> {
        let scope = model.and_then(|model| self.listed(model));
        let sleeps_until = |slot: u32, scope: &Scope| self.running(slot, scope).map(|rest| rest.new.until_ms);
        // A key that rests altogether and for the model wakes when both are over.
        let wakes = |slot: u32| sleeps_until(slot, &None).max(sleeps_until(slot, &scope));
        let first = self.ends.in_turn(&scope).find(|(due, slot)| wakes(*slot) == Some(*due) && active(*slot));
        first.map(|(due, _)| due)
    }

    /// When the first rest ends, for whatever model, of a key in one of the places that are `active`.
    pub(super) fn first_end_ms(&self, active: impl Fn(u32) -> bool) -> Option<u64> {
        self.ends.lowest_of(active)
    }

    fn running(&self, slot: u32, scope: &Scope) -> Option<&Rest> {
        self.by_key.get(&(slot, scope.clone())).filter(|rest| rest.asleep)
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        std::iter::once(None).chain(self.models.iter().map(|(name, _)| Some(Arc::clone(name))))
    }

    fn enter(&mut self, slot: u32, scope: &Scope, rest: Rest) {
        if rest.asleep {
            self.ends.insert(scope, rest.new.until_ms, slot);
            self.count(scope, 1);
        } else {
            self.fades.insert(scope, fades_at(&rest), slot);
        }
        if rest.asleep && rest.new.ground.is_guess() {
            self.guesses.insert(scope, rest.turn, slot);
        }
        self.by_key.insert((slot, scope.clone()), rest);
    }

    /// Takes a rest out of all lists but the first.
    fn strike(&mut self, slot: u32, scope: &Scope, rest: &Rest) {
        if rest.asleep {
            self.ends.remove(scope, rest.new.until_ms, slot);
            self.count(scope, -1);
            self.guesses.remove(scope, rest.turn, slot);
        } else {
            self.fades.remove(scope, fades_at(rest), slot);
        }
    }

    fn count(&mut self, scope: &Scope, change: isize) {
        let Some(model) = scope else { return };
        if let Some((_, sleepers)) = self.models.iter_mut().find(|(name, _)| name == model) {
            *sleepers = sleepers.saturating_add_signed(change);
        }
    }
}

fn fades_at(rest: &Rest) -> u64 {
    rest.new.until_ms.saturating_add(MEMORY_MS)
}
