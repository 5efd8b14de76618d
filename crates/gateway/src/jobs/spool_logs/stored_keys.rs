//! What log rows hold of the keys used last: to encrypt and hash a key costs more than all the rest of a row.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::KeyId;
use storage::KeyCipher;
use storage::cipher::StoredKey;

use crate::journal::Entry;
use crate::keyring::PoolKey;

/// Keys that are remembered; beyond them all are forgotten and learnt anew.
const REMEMBERED: usize = 4096;

/// The stored forms of some keys.
pub struct StoredKeys {
    cipher: Arc<KeyCipher>,
    /// With the key itself: one that is imported anew may get the id of one that was deleted.
    known: HashMap<KeyId, (Arc<PoolKey>, StoredKey)>,
}

impl StoredKeys {
    /// Knows none yet.
    pub fn new(cipher: Arc<KeyCipher>) -> Self {
        Self { cipher, known: HashMap::new() }
    }

    /// Makes sure that all keys of `entries` are known.
    pub fn learn(&mut self, entries: &[Entry]) {
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        for key in entries.iter().filter_map(|entry| entry.key.as_ref()) {
            if self.of(key).is_some() {
                continue;
            }
            match self.cipher.store(&key.secret) {
                Ok(stored) => drop(self.known.insert(key.id, (Arc::clone(key), stored))),
                Err(error) => tracing::error!(%error, "a log entry goes without its key"),
            }
        }
    }

    /// The stored form of a key, if it is known.
    pub fn of(&self, key: &Arc<PoolKey>) -> Option<&StoredKey> {
        let (known, stored) = self.known.get(&key.id)?;
        let is_it = Arc::ptr_eq(known, key) || known.secret.expose() == key.secret.expose();
        is_it.then_some(stored)
    }
}

#[cfg(test)]
mod tests {
    use domain::key::KeyStatus;
    use domain::secret::Secret;

    use super::*;
    use crate::journal::tests::entry;

    #[test]
    fn keys_that_are_remembered_are_bounded() {
        let mut keys = StoredKeys::new(Arc::new(KeyCipher::new(None).unwrap()));
        for first in (0..4 * REMEMBERED).step_by(100) {
            let key = |number: usize| {
                let secret = Secret::from(format!("sk-{number}").as_str());
                Arc::new(PoolKey::new(KeyId(i64::try_from(number).unwrap()), secret, KeyStatus::Active, 0))
            };
            let entries: Vec<_> =
                (first..first + 100).map(|number| Entry { key: Some(key(number)), ..entry(1, 0) }).collect();
            keys.learn(&entries);
            assert!(entries.iter().all(|entry| keys.of(entry.key.as_ref().unwrap()).is_some()));
            assert!(keys.known.len() <= REMEMBERED + 100);
        }
    }
}
