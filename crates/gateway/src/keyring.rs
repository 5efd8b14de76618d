//! The key pool at run time: which keys of a group can serve now, and what each answer does to them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`pool`] | the keys of one group: picking, verdicts, changes by operators |
//! | [`key`] | one key in memory |
//! | [`slab`] | the keys' places and the bitmaps a pick reads without a lock |
//! | [`census`] | how many keys are in which state |
//! | [`rests`] | who rests, for which model, until when |
//! | [`turns`] | rests in the order in which they end, and guesses in that in which they are doubted |
//! | [`changes`] | what the database has yet to be told |
//!
//! A pick reads; everything that changes a key's usability takes the pool's one lock, which is never held across an await.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use domain::ids::GroupId;

use crate::sync::RwLock;

mod census;
pub mod changes;
mod key;
pub mod pool;
mod rests;
mod slab;
mod turns;

pub use census::Census;
pub use changes::Changes;
pub use key::{PoolKey, StoredState};
pub use pool::{Cell, Pool, States, Verdicts};
pub use rests::{Limit, RestInfo, Source};

/// All pools of the process, one a group.
#[derive(Debug, Default)]
pub struct Keyring {
    pools: RwLock<HashMap<GroupId, Arc<Pool>>>,
    changes: Arc<Changes>,
}

impl Keyring {
    /// The group's pool; an empty one if the group has none yet.
    #[must_use]
    pub fn pool(&self, group: GroupId) -> Arc<Pool> {
        if let Some(pool) = self.pools.read().unwrap_or_else(PoisonError::into_inner).get(&group) {
            return Arc::clone(pool);
        }
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pools.entry(group).or_insert_with(|| Arc::new(Pool::new(group, Arc::clone(&self.changes)))))
    }

    /// How all pools together stand.
    #[must_use]
    pub fn states(&self, now_ms: u64) -> States {
        let pools: Vec<_> = self.pools.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        pools.iter().map(|pool| pool.states(now_ms)).fold(States::default(), States::plus)
    }

    /// Forgets a group that has been deleted.
    pub fn forget(&self, group: GroupId) {
        self.pools.write().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }

    /// All groups that have a pool.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupId> {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// What has changed since the database was last told.
    #[must_use]
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }
}
