//! Who rests, for which model, until when, and how often in a row.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::classify::rest::{Quota, Rest as NamedRest};

/// Models for which keys of one pool can rest at the same time. Names come from clients, so there is a bound: beyond it the rests for
/// the model that has been listed longest, one without sleepers first, are forgotten, and its keys learn anew.
pub(super) const MAX_MODELS: usize = 64;

/// How long a rest is remembered after it ended, so that a guess that fails again can be doubled.
const MEMORY_MS: u64 = 2 * 60 * 60 * 1000;

/// For what a key rests: one of the listed models, or altogether.
type Scope = Option<Arc<str>>;

/// What an answer and the settings say about how long a limited key rests.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The time the provider named, if any.
    pub named: Option<NamedRest>,
    /// The quota the provider named.
    pub quota: Quota,
    /// The rest when no time is named, doubled on repeats.
    pub base: Duration,
}

/// One rest of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestInfo {
    /// The model it is for; `None`: altogether.
    pub model: Option<Arc<str>>,
    /// When it ends, in milliseconds of the process' clock.
    pub until_ms: u64,
    /// Whether the provider named the time or we guessed it.
    pub guessed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    until_ms: u64,
    guessed: bool,
    /// Guessed rests in a row, this one included.
    streak: u32,
    /// Whether a quota per day was named.
    per_day: bool,
    asleep: bool,
}

/// What is known of a key's earlier rests when it fails again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Guessed rests in a row.
    pub(super) streak: u32,
    /// Whether the last rest was for a quota per day.
    pub(super) per_day: bool,
}

/// The rests of one pool. A place is a key's number in the [`Slab`](super::slab::Slab).
#[derive(Debug, Default)]
pub(super) struct Rests {
    by_key: HashMap<(u32, Scope), Rest>,
    /// When something is due: a rest to end, or its memory to fade.
    due: BTreeSet<(u64, u32, Scope)>,
    /// Models with sleepers and how many, oldest first.
    models: Vec<(Arc<str>, usize)>,
}

impl Rests {
    /// Whether the key in `slot` rests for `scope` itself (not: for everything).
    pub(super) fn is_asleep(&self, slot: u32, scope: &Scope) -> bool {
        !self.by_key.is_empty() && self.by_key.get(&(slot, scope.clone())).is_some_and(|rest| rest.asleep)
    }

    /// What earlier rests of this key for this scope say about the next one.
    pub(super) fn history(&self, slot: u32, scope: &Scope) -> History {
        match self.by_key.get(&(slot, scope.clone())) {
            // Answers to requests that ran side by side: the running rest is the one they are about.
            Some(rest) if rest.asleep => History { streak: rest.streak.saturating_sub(1), per_day: false },
            Some(rest) => History { streak: rest.streak, per_day: rest.per_day },
            None => History::default(),
        }
    }

    /// Whether the key has any rest, present or remembered.
    pub(super) fn has_any(&self, slot: u32) -> bool {
        self.scopes().any(|scope| self.by_key.contains_key(&(slot, scope)))
    }

    /// Lays a key to rest. A rest already running is only ever made longer, and two answers to requests that ran side by side count as one.
    pub(super) fn sleep(&mut self, slot: u32, scope: &Scope, until_ms: u64, guessed: bool, per_day: bool) -> bool {
        let id = (slot, scope.clone());
        let before = self.by_key.get(&id).copied();
        let running = before.filter(|rest| rest.asleep);
        if running.is_some_and(|rest| rest.until_ms >= until_ms) {
            return false;
        }
        let streak = match (running, before) {
            (Some(rest), _) => rest.streak,
            (None, Some(rest)) if guessed => rest.streak + 1,
            (None, _) => u32::from(guessed),
        };
        if let Some(rest) = before {
            self.due.remove(&(due_of(&rest), slot, scope.clone()));
        }
        if running.is_none() {
            self.count(scope, 1);
        }
        let rest = Rest { until_ms, guessed, streak, per_day, asleep: true };
        self.due.insert((due_of(&rest), slot, scope.clone()));
        self.by_key.insert(id, rest);
        true
    }

    /// Ends what is over by `now_ms` and returns the places of the keys that woke.
    pub(super) fn wake(&mut self, now_ms: u64) -> Vec<u32> {
        let mut woken = Vec::new();
        while let Some((due, slot, scope)) = self.due.first().cloned().filter(|(due, ..)| *due <= now_ms) {
            self.due.remove(&(due, slot, scope.clone()));
            let Some(rest) = self.by_key.get_mut(&(slot, scope.clone())) else { continue };
            if rest.asleep {
                rest.asleep = false;
                self.due.insert((due_of(rest), slot, scope.clone()));
                self.count(&scope, -1);
                woken.push(slot);
            } else {
                self.by_key.remove(&(slot, scope));
            }
        }
        woken
    }

    /// When [`wake`](Self::wake) has something to do next.
    pub(super) fn next_due_ms(&self) -> u64 {
        self.due.first().map_or(u64::MAX, |(due, ..)| *due)
    }

    /// Forgets the key's rests for `scope`. Returns whether there was one.
    pub(super) fn forget(&mut self, slot: u32, scope: &Scope) -> bool {
        let Some(rest) = self.by_key.remove(&(slot, scope.clone())) else { return false };
        self.due.remove(&(due_of(&rest), slot, scope.clone()));
        if rest.asleep {
            self.count(scope, -1);
        }
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
    pub(super) fn listed(&self, model: &str) -> Option<Arc<str>> {
        self.models.iter().find(|(name, _)| **name == *model).map(|(name, _)| Arc::clone(name))
    }

    /// The listed name equal to `model`, listing it if it is new.
    pub(super) fn list(&mut self, model: &str) -> Arc<str> {
        if let Some(name) = self.listed(model) {
            return name;
        }
        if self.models.len() >= MAX_MODELS {
            let idle = self.models.iter().position(|(_, sleepers)| *sleepers == 0);
            let (oldest, _) = self.models.remove(idle.unwrap_or(0));
            self.by_key.retain(|(_, scope), _| scope.as_ref() != Some(&oldest));
            self.due.retain(|(_, _, scope)| scope.as_ref() != Some(&oldest));
        }
        let name: Arc<str> = model.into();
        self.models.push((Arc::clone(&name), 0));
        name
    }

    /// The rests of a key that are still running.
    pub(super) fn of(&self, slot: u32) -> Vec<RestInfo> {
        let asleep = |scope: Scope| {
            let rest = self.by_key.get(&(slot, scope.clone())).filter(|rest| rest.asleep)?;
            Some(RestInfo { model: scope, until_ms: rest.until_ms, guessed: rest.guessed })
        };
        self.scopes().filter_map(asleep).collect()
    }

    /// When the first key wakes that then can serve `model`, of those in the places that are `active`.
    pub(super) fn first_wake_ms(&self, model: Option<&str>, active: impl Fn(u32) -> bool) -> Option<u64> {
        let scopes = [None, model.and_then(|model| self.listed(model))];
        let sleeps_until = |slot: u32, scope: &Scope| {
            self.by_key.get(&(slot, scope.clone())).filter(|rest| rest.asleep).map(|rest| rest.until_ms)
        };
        // A key that rests altogether and for the model wakes when both are over.
        let wakes = |slot: u32| scopes.iter().filter_map(|scope| sleeps_until(slot, scope)).max();
        let first = self.due.iter().find(|(due, slot, _)| wakes(*slot) == Some(*due) && active(*slot));
        first.map(|(due, ..)| *due)
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        std::iter::once(None).chain(self.models.iter().map(|(name, _)| Some(Arc::clone(name))))
    }

    fn count(&mut self, scope: &Scope, change: isize) {
        let Some(model) = scope else { return };
        if let Some((_, sleepers)) = self.models.iter_mut().find(|(name, _)| name == model) {
            *sleepers = sleepers.saturating_add_signed(change);
        }
    }
}

fn due_of(rest: &Rest) -> u64 {
    if rest.asleep { rest.until_ms } else { rest.until_ms.saturating_add(MEMORY_MS) }
}
