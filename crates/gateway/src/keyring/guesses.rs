//! Rests whose length the provider did not name, in the order in which they are doubted: the one that ends first, first.

use std::collections::{BTreeSet, HashMap};

use super::rests::Scope;

/// Guessed rests that are running. An entry is a rest's turn and the key's place.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    by_scope: HashMap<Scope, BTreeSet<(u64, u32)>>,
}

impl Guesses {
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

    /// The places of keys that rest for `scope` or altogether, by their turns.
    pub(super) fn in_turn(&self, scope: &Scope) -> impl Iterator<Item = u32> {
        let of_scope = scope.is_some().then(|| self.of(scope)).into_iter().flatten();
        let (mut of_scope, mut altogether) = (of_scope.peekable(), self.of(&None).peekable());
        std::iter::from_fn(move || {
            let scope_is_next = match (of_scope.peek(), altogether.peek()) {
                (Some(one), Some(other)) => one <= other,
                (one, _) => one.is_some(),
            };
            if scope_is_next { of_scope.next() } else { altogether.next() }
        })
        .map(|(_, slot)| *slot)
    }

    /// A turn after all others of the scope.
    pub(super) fn last_turn(&self, scope: &Scope) -> u64 {
        let last = self.by_scope.get(scope).and_then(BTreeSet::last);
        last.map_or(0, |(turn, _)| turn.saturating_add(1))
    }

    fn of(&self, scope: &Scope) -> impl Iterator<Item = &(u64, u32)> {
        self.by_scope.get(scope).into_iter().flatten()
    }
}
