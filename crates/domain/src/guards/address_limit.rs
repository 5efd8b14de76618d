//! When a rate limit is that of our address and not of the keys.
//!
//! | state | leaves it by |
//! |---|---|
//! | counting: which keys were limited in a row | a success, or an answer that names the quota of a key, a project or an organisation → counting anew; as many different keys as [`MOST_KEYS`] or the pool has → acting |
//! | acting: requests get one attempt, guesses do not double | a success of an attempt begun since → counting anew |
//!
//! One machine for each upstream and model. Time is any monotonic count of milliseconds, passed in.

use super::Turn;
use crate::ids::KeyId;

/// Keys limited in a row that prove it, however large the pool.
pub const MOST_KEYS: usize = 20;

/// The limit of one upstream on our address for one model. The default is none.
#[derive(Clone, Debug, Default)]
pub struct AddressLimit {
    /// Different keys limited in a row, at most [`MOST_KEYS`].
    keys: Vec<KeyId>,
    acting_since_ms: Option<u64>,
}

impl AddressLimit {
    /// A key was rate limited, one of `pool_size`. `names_owner`: the answer says that the quota is the key's, its project's or its
    /// organisation's.
    pub fn limited(&mut self, key: KeyId, names_owner: bool, pool_size: usize, now_ms: u64) -> Turn {
        if self.is_acting() {
            return Turn::None;
        }
        if names_owner {
            self.keys.clear();
            return Turn::None;
        }
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
        if self.keys.len() < pool_size.clamp(1, MOST_KEYS) {
            return Turn::None;
        }
        *self = Self { keys: Vec::new(), acting_since_ms: Some(now_ms) };
        Turn::Began
    }

    /// A key got what it asked for, in an attempt begun at `begun_ms`. What was under way before the guard began to act tells nothing
    /// about what came since.
    pub fn succeeded(&mut self, begun_ms: u64) -> Turn {
        match self.acting_since_ms {
            Some(since_ms) if begun_ms < since_ms => Turn::None,
            Some(_) => {
                *self = Self::default();
                Turn::Ended
            }
            None => {
                self.keys.clear();
                Turn::None
            }
        }
    }

    /// Whether the limit is the address's.
    #[must_use]
    pub fn is_acting(&self) -> bool {
        self.acting_since_ms.is_some()
    }

    /// Whether nothing is on record.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.keys.is_empty() && !self.is_acting()
    }
}

#[cfg(test)]
mod tests;
