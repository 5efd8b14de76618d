//! How a pool stands as a whole, for people to look at. Every key is in one of four states.

use std::ops::RangeInclusive;
use std::sync::Arc;

use domain::ids::KeyId;
use domain::key::KeyStatus;

use super::Pool;
use crate::keyring::PoolKey;
use crate::keyring::slab::Slab;

/// How many keys are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// Keys that can serve every model now.
    pub usable: usize,
    /// Active keys that rest, altogether or for some model.
    pub cooling: usize,
    /// Those of them that rest for some models only, and serve the others.
    pub cooling_for_some_models: usize,
    /// Keys that were refused by the provider.
    pub invalid: usize,
    /// Keys an operator has taken out.
    pub disabled: usize,
    /// When the first rest ends, in milliseconds of the process' clock.
    pub first_wake_ms: Option<u64>,
}

/// Some neighbouring keys, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The first of them.
    pub first: KeyId,
    /// The last of them.
    pub last: KeyId,
    /// How many of them are usable, cooling, invalid and disabled.
    pub counts: [u32; 4],
}

/// A pool as a row of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Keys in all cells.
    pub total: usize,
    /// Keys a cell has, but maybe the last.
    pub keys_per_cell: usize,
    /// The cells, by ascending ids.
    pub cells: Vec<Cell>,
}

/// In the order of [`Cell::counts`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Usable,
    Cooling,
    Invalid,
    Disabled,
}

impl States {
    /// Keys in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.active() + self.invalid + self.disabled
    }

    /// Keys that may serve, resting ones included.
    #[must_use]
    pub fn active(&self) -> usize {
        self.usable + self.cooling
    }

    /// Both pools taken as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            usable: self.usable + other.usable,
            cooling: self.cooling + other.cooling,
            cooling_for_some_models: self.cooling_for_some_models + other.cooling_for_some_models,
            invalid: self.invalid + other.invalid,
            disabled: self.disabled + other.disabled,
            first_wake_ms: self.first_wake_ms.into_iter().chain(other.first_wake_ms).min(),
        }
    }
}

impl Pool {
    /// How many keys are in which state.
    #[must_use]
    pub fn states(&self, now_ms: u64) -> States {
        self.wake_due(now_ms);
        let (slab, active, invalid, disabled, first_wake_ms) = {
            let (book, slab) = (self.book(), self.slab.load_full());
            let is_active = |slot: u32| slab.key(slot as usize).is_some_and(|key| key.status() == KeyStatus::Active);
            let first_wake_ms = book.rests.first_end_ms(is_active);
            (slab, book.active(), book.invalid, book.disabled, first_wake_ms)
        };
        let usable = slab.serve_all().iter().map(|word| word.count_ones() as usize).sum();
        States {
            usable,
            cooling: active.saturating_sub(usable),
            cooling_for_some_models: slab.usable.ring.count().saturating_sub(usable),
            invalid,
            disabled,
            first_wake_ms,
        }
    }

    /// The ids of the keys that rest now, altogether or for some model.
    #[must_use]
    pub fn resting(&self, now_ms: u64) -> Vec<KeyId> {
        self.wake_due(now_ms);
        let slab = self.slab.load();
        by_state(&slab).filter(|(_, state)| *state == State::Cooling).map(|(key, _)| key.id).collect()
    }

    /// The keys with these ids in at most so many cells. The pool's lock is not taken.
    #[must_use]
    pub fn map(&self, ids: &RangeInclusive<KeyId>, cells: usize, now_ms: u64) -> Map {
        self.wake_due(now_ms);
        let slab = self.slab.load_full();
        let keys = by_state(&slab).map(|(key, state)| (key.id, state));
        let mut keys: Vec<_> = keys.filter(|(id, _)| ids.contains(id)).collect();
        // They mostly stand in long runs of ascending ids, which a stable sort makes use of.
        keys.sort_by_key(|(id, _)| *id);
        let keys_per_cell = keys.len().div_ceil(cells.max(1)).max(1);
        Map { total: keys.len(), keys_per_cell, cells: keys.chunks(keys_per_cell).filter_map(Cell::of).collect() }
    }
}

impl Cell {
    fn of(keys: &[(KeyId, State)]) -> Option<Self> {
        let (first, last) = (keys.first()?.0, keys.last()?.0);
        let mut counts = [0; 4];
        for (_, state) in keys {
            counts[*state as usize] += 1;
        }
        Some(Self { first, last, counts })
    }
}

/// All keys with their states, in the order of their places.
fn by_state(slab: &Slab) -> impl Iterator<Item = (&Arc<PoolKey>, State)> {
    let serve_all = slab.serve_all();
    slab.keys().map(move |key| {
        let slot = key.slot() as usize;
        let serves = serve_all.get(slot / 64).is_some_and(|word| word & (1 << (slot % 64)) != 0);
        let state = match key.status() {
            KeyStatus::Active if serves => State::Usable,
            KeyStatus::Active => State::Cooling,
            KeyStatus::Invalid => State::Invalid,
            KeyStatus::Disabled => State::Disabled,
        };
        (key, state)
    })
}

#[cfg(test)]
mod tests;
