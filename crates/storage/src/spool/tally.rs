//! What records count for, added up.

use std::collections::BTreeMap;

use domain::ids::{GroupId, KeyId};
use serde::{Deserialize, Serialize};

use super::SpoolRecord;
use crate::logs::RequestType;

const HOUR_MS: i64 = 3_600_000;

/// Sums for the hourly statistics and for the counters of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// By hour, its start in milliseconds since 1970, and group.
    pub(crate) hours: BTreeMap<(i64, GroupId), HourTally>,
    pub(crate) uses: BTreeMap<KeyId, UseTally>,
}

/// One hour of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HourTally {
    pub(crate) succeeded: i64,
    pub(crate) failed: i64,
    pub(crate) prompt_tokens: i64,
    pub(crate) completion_tokens: i64,
    pub(crate) cached_tokens: i64,
}

/// Successful requests of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UseTally {
    pub(crate) count: i64,
    pub(crate) last_ms: i64,
}

impl Tally {
    pub(crate) fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.uses.is_empty()
    }

    /// Counts a record: a final one for its group and the aggregate above, a use for its key.
    pub(super) fn add(&mut self, record: &SpoolRecord<'_>) {
        if record.request_type == RequestType::Final {
            let hour_ms = record.timestamp_ms.div_euclid(HOUR_MS) * HOUR_MS;
            for group in std::iter::once(record.group_id).chain(record.parent_group_id) {
                self.hours.entry((hour_ms, group)).or_default().add(&HourTally::of(record));
            }
        }
        if let Some(key) = record.key_id.filter(|_| record.counts_as_use) {
            self.uses.entry(key).or_default().add(UseTally { count: 1, last_ms: record.timestamp_ms });
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (hour, more) in &other.hours {
            self.hours.entry(*hour).or_default().add(more);
        }
        for (key, more) in &other.uses {
            self.uses.entry(*key).or_default().add(*more);
        }
    }
}

impl HourTally {
    fn of(record: &SpoolRecord<'_>) -> Self {
        Self {
            succeeded: i64::from(record.is_success),
            failed: i64::from(!record.is_success),
            prompt_tokens: record.prompt_tokens.unwrap_or_default(),
            completion_tokens: record.completion_tokens.unwrap_or_default(),
            cached_tokens: record.cached_tokens.unwrap_or_default(),
        }
    }

    fn add(&mut self, more: &Self) {
        self.succeeded += more.succeeded;
        self.failed += more.failed;
        // Providers say how many tokens there were, and can say anything.
        self.prompt_tokens = self.prompt_tokens.saturating_add(more.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(more.completion_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(more.cached_tokens);
    }
}

impl UseTally {
    fn add(&mut self, more: Self) {
        self.count += more.count;
        self.last_ms = self.last_ms.max(more.last_ms);
    }
}
