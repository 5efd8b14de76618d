//! When it is the provider that refuses everybody, and not the keys that are bad.
//!
//! | state | leaves it by |
//! |---|---|
//! | counting: keys that became invalid within [`WINDOW_MS`] | a success → counting anew; as many keys as [`MOST_KEYS`] or the pool has → acting, and the last of them does not become invalid |
//! | acting: keys rest for [`REST`] in place of becoming invalid | a success of an attempt begun since → counting anew; [`LONGEST_MS`] → given up |
//! | given up: keys become invalid as usual | a success → counting anew |
//!
//! Keys become invalid only after some failures each, which takes long in a large pool. So beside that, once [`ROW`] different keys were
//! refused in a row, requests get one attempt, until a success: another key would be refused too.
//!
//! One machine for each upstream. Time is any monotonic count of milliseconds, passed in.

use std::time::Duration;

use super::Turn;
use super::row::Row;
use crate::ids::KeyId;

/// Keys that prove it, however large the pool.
pub const MOST_KEYS: usize = 10;
/// Within this time they would become invalid.
pub const WINDOW_MS: u64 = 60_000;
/// How long a key rests that would have become invalid.
pub const REST: Duration = Duration::from_secs(60);
/// Different keys refused in a row, invalid by that or not, that leave requests one attempt.
pub const ROW: usize = 20;
/// How long a provider is believed to be wrong about all keys.
pub const LONGEST_MS: u64 = 600_000;

/// What becomes of a key that has been refused once too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It becomes invalid.
    Invalid,
    /// It rests for [`REST`].
    Rest,
}

/// The refusals of one upstream. The default is none.
#[derive(Clone, Debug, Default)]
pub struct MassRefusal {
    row: Row,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// When keys became invalid: fewer than [`MOST_KEYS`].
    Counting(Vec<u64>),
    Acting {
        since_ms: u64,
    },
    GivenUp,
}

impl Default for State {
    fn default() -> Self {
        Self::Counting(Vec::new())
    }
}

impl MassRefusal {
    /// A key was refused. [`Turn::Began`]: requests get one attempt from now on.
    pub fn refused(&mut self, key: KeyId, now_ms: u64) -> Turn {
        self.row.add(key, ROW, now_ms)
    }

    /// A key would become invalid by what the upstream answered; it is one of `active` that are not invalid yet.
    pub fn would_fall(&mut self, active: usize, now_ms: u64) -> (Fate, Turn) {
        match &mut self.state {
            State::Counting(times) => {
                times.retain(|time| now_ms < time.saturating_add(WINDOW_MS));
                let pool_size = active.saturating_add(times.len());
                if times.len() + 1 < pool_size.clamp(1, MOST_KEYS) {
                    times.push(now_ms);
                    return (Fate::Invalid, Turn::None);
                }
                self.state = State::Acting { since_ms: now_ms };
                (Fate::Rest, Turn::Began)
            }
            State::Acting { since_ms } if now_ms < since_ms.saturating_add(LONGEST_MS) => (Fate::Rest, Turn::None),
            State::Acting { .. } => {
                self.state = State::GivenUp;
                (Fate::Invalid, Turn::Ended)
            }
            State::GivenUp => (Fate::Invalid, Turn::None),
        }
    }

    /// A key got what it asked for, in an attempt begun at `begun_ms`. What was under way before the guard began to act tells nothing
    /// about what came since.
    pub fn succeeded(&mut self, begun_ms: u64) -> Turn {
        let of_row = self.row.succeeded(begun_ms);
        match self.state {
            State::Acting { since_ms } if begun_ms < since_ms => Turn::None,
            State::Acting { .. } => {
                self.state = State::default();
                Turn::Ended
            }
            State::Counting(_) | State::GivenUp => {
                self.state = State::default();
                of_row
            }
        }
    }

    /// Whether requests get one attempt.
    #[must_use]
    pub fn gives_one_attempt(&self) -> bool {
        self.row.is_full()
    }

    /// Whether refused keys rest in place of becoming invalid.
    #[must_use]
    pub fn is_acting(&self, now_ms: u64) -> bool {
        matches!(self.state, State::Acting { since_ms } if now_ms < since_ms.saturating_add(LONGEST_MS))
    }

    /// Whether nothing is on record.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.row.is_empty() && matches!(&self.state, State::Counting(times) if times.is_empty())
    }
}

#[cfg(test)]
mod tests;
