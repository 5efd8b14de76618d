//! When invalid keys are called with next, as far as it is known: for people.

use std::collections::HashMap;

use arc_swap::ArcSwap;
use domain::ids::GroupId;

use super::schedule;
use crate::keyring::PoolKey;
use crate::snapshot::Service;

/// The next round of each group that has rounds. The job keeps it up to date, whoever shows keys reads it.
#[derive(Debug, Default)]
pub struct Outlook(ArcSwap<HashMap<GroupId, NextRound>>);

/// A round that will be, or is running.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextRound {
    /// When its calls are made, about, in milliseconds of the process' clock.
    pub(super) at_ms: u64,
    /// Which one of the group's it is.
    pub(super) number: u64,
}

impl Outlook {
    pub(super) fn is(&self, rounds: HashMap<GroupId, NextRound>) {
        self.0.store(rounds.into());
    }

    /// About when the validation calls with an invalid key of the group next, in milliseconds of the process' clock; `None` if it
    /// doesn't.
    #[must_use]
    pub fn next_check_ms(&self, service: &Service, key: &PoolKey) -> Option<u64> {
        let NextRound { at_ms, number } = *self.0.load().get(&service.id)?;
        let rounds = schedule::rounds_until(key, &service.settings, number);
        let pause_ms = u64::try_from(schedule::pause(0.5, &service.settings).as_millis()).unwrap_or(u64::MAX);
        Some(at_ms.saturating_add(pause_ms.saturating_mul(rounds)))
    }
}
