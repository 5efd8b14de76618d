//! Rests as they are stored, of keys in memory.

use std::collections::HashMap;

use domain::classify::rest::LONGEST;
use domain::ids::KeyId;
use jiff::Timestamp;
use storage::keys::Cooldown;
use storage::{Db, StorageError};

use crate::clock;
use crate::keyring::Pool;

/// Those that are not over, by key.
pub struct StoredRests(HashMap<KeyId, Vec<Cooldown>>);

impl StoredRests {
    /// Reads them.
    pub async fn read(db: &Db) -> Result<Self, StorageError> {
        let mut rests: HashMap<_, Vec<_>> = HashMap::new();
        for rest in db.cooldowns(Timestamp::now()).await? {
            rests.entry(rest.key_id).or_default().push(rest);
        }
        Ok(Self(rests))
    }

    /// Whether a key has any.
    #[must_use]
    pub fn has(&self, key: KeyId) -> bool {
        self.0.contains_key(&key)
    }

    /// Has these keys of `pool` rest as it is stored.
    pub fn resume(&self, pool: &Pool, keys: &[KeyId]) {
        // A rest that would be longer than any was noted while the clock was wrong.
        let latest = Timestamp::now().checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        for rest in keys.iter().filter_map(|key| self.0.get(key)).flatten() {
            let until_ms = clock::mono_ms_of(rest.until.min(latest));
            pool.resume_rest(rest.key_id, rest.model.as_deref(), until_ms, rest.guessed);
        }
    }
}
