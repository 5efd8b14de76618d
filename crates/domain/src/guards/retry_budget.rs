//! How many requests may be tried again because an upstream is sick.
//!
//! Within any ten seconds retries are at most a percentage of the group's requests, of these and of the second before, and ten a second
//! beside: few requests may be retried as often as the settings say, many don't become a multiple of themselves when the upstream is least
//! able to bear it.
//!
//! Time is any monotonic count of milliseconds, passed in. Any number of threads may ask; nothing is locked.

use std::sync::atomic::{AtomicU64, Ordering};

/// The seconds that are looked back on.
pub const SPAN_SECONDS: u32 = 10;
/// Retries a second that are free, however few requests there are.
pub const FREE_A_SECOND: u64 = 10;

const SPAN_MS: u64 = SPAN_SECONDS as u64 * 1000;
const FREE: u64 = SPAN_SECONDS as u64 * FREE_A_SECOND;
/// In the place of a time: no retry was refused of late.
const NEVER: u64 = 0;

/// The budget of one group.
#[derive(Debug, Default)]
pub struct RetryBudget {
    requests: Seconds,
    retries: Seconds,
    refused_ms: AtomicU64,
}

/// The answer to somebody who wants to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The retry is counted and may be made.
    Given,
    /// The budget is spent.
    Refused {
        /// Whether the guard begins to act with this.
        first: bool,
    },
}

impl RetryBudget {
    /// Counts a request. Returns whether the guard has just ended: no retry was refused for the whole span.
    pub fn request(&self, now_ms: u64) -> bool {
        self.requests.add(now_ms);
        let refused_ms = self.refused_ms.load(Ordering::Relaxed);
        refused_ms != NEVER && now_ms >= refused_ms.saturating_add(SPAN_MS) && self.forget(refused_ms)
    }

    /// Asks for a retry; `percent` is the setting `retry_budget_percent`, 0 for no limit.
    pub fn retry(&self, percent: u64, now_ms: u64) -> Grant {
        let allowed = self.requests.recent(now_ms).saturating_mul(percent) / 100 + FREE;
        if percent == 0 || self.retries.recent(now_ms) < allowed {
            self.retries.add(now_ms);
            return Grant::Given;
        }
        Grant::Refused { first: self.refused_ms.swap(now_ms.max(NEVER + 1), Ordering::Relaxed) == NEVER }
    }

    /// Whether it has refused a retry within the span.
    #[must_use]
    pub fn is_acting(&self, now_ms: u64) -> bool {
        let refused_ms = self.refused_ms.load(Ordering::Relaxed);
        refused_ms != NEVER && now_ms < refused_ms.saturating_add(SPAN_MS)
    }

    fn forget(&self, refused_ms: u64) -> bool {
        self.refused_ms.compare_exchange(refused_ms, NEVER, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// What happened in each of the last seconds: the second in the upper half of a word, the count in the lower.
#[derive(Debug, Default)]
struct Seconds([AtomicU64; 16]);

impl Seconds {
    fn add(&self, now_ms: u64) {
        let second = second(now_ms);
        let Some(bucket) = self.0.get(second as usize % self.0.len()) else { return };
        let seen = bucket.load(Ordering::Relaxed);
        let fresh = u64::from(second) << 32 | 1;
        let is_stale = seen >> 32 != u64::from(second);
        if is_stale && bucket.compare_exchange(seen, fresh, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return;
        }
        bucket.fetch_add(1, Ordering::Relaxed);
    }

    /// The count of the span and of the running second. It is the same for requests and retries: retries that count for longer than the
    /// requests they belong to would be held against the next burst.
    fn recent(&self, now_ms: u64) -> u64 {
        let now = u64::from(second(now_ms));
        let counts = self.0.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let recent = counts.filter(|count| (count >> 32) <= now && now - (count >> 32) <= u64::from(SPAN_SECONDS));
        recent.map(|count| count & u64::from(u32::MAX)).sum()
    }
}

/// The second, modulo 136 years.
fn second(now_ms: u64) -> u32 {
    u32::try_from(now_ms / 1000 % (1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
