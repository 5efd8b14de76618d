//! When a rate limit is that of our address and not of the keys.
//!
//! | state | leaves it by |
//! |---|---|
//! | counting: which keys were limited in a row | a success, or an answer that names the quota of a key, a project or an organisation → counting anew; as many different keys as [`MOST_KEYS`] or the pool has → acting |
//! | acting: requests get one attempt, guesses do not double | a success of an attempt begun since → counting anew |
//!
//! One machine for each upstream and model. Time is any monotonic count of milliseconds, passed in.

use super::Turn;
use super::row::Row;
use crate::ids::KeyId;

/// Keys limited in a row that prove it, however large the pool.
pub const MOST_KEYS: usize = 20;

/// The limit of one upstream on our address for one model. The default is none.
#[derive(Clone, Debug, Default)]
pub struct AddressLimit {
    row: Row,
}

impl AddressLimit {
    /// A key was rate limited, one of `pool_size`. `names_owner`: the answer says that the quota is the key's, its project's or its
    /// organisation's.
    pub fn limited(&mut self, key: KeyId, names_owner: bool, pool_size: usize, now_ms: u64) -> Turn {
        if names_owner {
            self.row.interrupt();
            return Turn::None;
        }
        self.row.add(key, pool_size.clamp(1, MOST_KEYS), now_ms)
    }

    /// A key got what it asked for, in an attempt begun at `begun_ms`.
    pub fn succeeded(&mut self, begun_ms: u64) -> Turn {
        self.row.succeeded(begun_ms)
    }

    /// Whether the limit is the address's.
    #[must_use]
    pub fn is_acting(&self) -> bool {
        self.row.is_full()
    }

    /// Whether nothing is on record.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.row.is_empty()
    }
}

#[cfg(test)]
mod tests;
