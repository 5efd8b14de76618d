//! Rests in an order of their own, apart for each model: those that end, and those whose length is doubted, the first of them first.

use std::collections::{BTreeSet, HashMap};

use super::rests::Scope;

/// Places of keys by scope and turn, the lowest turn first.
#[derive(Debug, Default)]
pub(super) struct Turns {
    by_scope: HashMap<Scope, BTreeSet<(u64, u32)>>,
}

impl Turns {
    pub(super) fn insert(&mut self, scope: &Scope, turn: u64, slot: u32) {
        self.by_scope.entry(scope.clone()).or_default().insert((turn, slot));
    }

    pub(super) fn remove(&mut self, scope: &Scope, turn: u64, slot: u32) {
        let Some(turns) = self.by_scope.get_mut(scope) else { return };
        turns.remove(&(turn, slot));
        if turns.is_empty() {
            self.by_scope.remove(scope);
        }
    }

    /// Takes out all of a scope.
    pub(super) fn take(&mut self, scope: &Scope) -> BTreeSet<(u64, u32)> {
        self.by_scope.remove(scope).unwrap_or_default()
    }

    /// Turns and places for `scope` or altogether, in their order.
    pub(super) fn in_turn(&self, scope: &Scope) -> impl Iterator<Item = (u64, u32)> {
        let of_scope = scope.is_some().then(|| self.of(scope)).into_iter().flatten();
        let (mut of_scope, mut altogether) = (of_scope.peekable(), self.of(&None).peekable());
        std::iter::from_fn(move || {
            let scope_is_next = match (of_scope.peek(), altogether.peek()) {
                (Some(one), Some(other)) => one <= other,
                (one, _) => one.is_some(),
            };
            if scope_is_next { of_scope.next() } else { altogether.next() }
        })
        .copied()
    }

    /// The lowest turn of all scopes.
    pub(super) fn lowest(&self) -> Option<u64> {
        self.firsts().map(|(turn, ..)| turn).min()
    }

    /// The lowest turn of all scopes, of the places that `fit`.
    pub(super) fn lowest_of(&self, fit: impl Fn(u32) -> bool) -> Option<u64> {
        let first = |turns: &BTreeSet<(u64, u32)>| turns.iter().find(|(_, slot)| fit(*slot)).map(|(turn, _)| *turn);
        self.by_scope.values().filter_map(first).min()
    }

    /// One whose turn has come by `turn`: its own, its place and its scope.
    pub(super) fn one_until(&self, turn: u64) -> Option<(u64, u32, Scope)> {
        let (first, slot, scope) = self.firsts().find(|(first, ..)| *first <= turn)?;
        Some((first, slot, scope.clone()))
    }

    /// A turn after all others of the scope.
    pub(super) fn last_turn(&self, scope: &Scope) -> u64 {
        let last = self.by_scope.get(scope).and_then(BTreeSet::last);
        last.map_or(0, |(turn, _)| turn.saturating_add(1))
    }

    fn firsts(&self) -> impl Iterator<Item = (u64, u32, &Scope)> {
        let firsts = self.by_scope.iter().filter_map(|(scope, turns)| Some((turns.first()?, scope)));
        firsts.map(|((turn, slot), scope)| (*turn, *slot, scope))
    }

    fn of(&self, scope: &Scope) -> impl Iterator<Item = &(u64, u32)> {
        self.by_scope.get(scope).into_iter().flatten()
    }
}
