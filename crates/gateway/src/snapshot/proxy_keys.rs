//! The keys clients show. Only their digests are kept, so a look-up takes the same time whatever is shown and nothing can leak.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use domain::group::proxy_keys;
use ring::digest::{SHA256, digest};

/// A SHA-256 digest of a proxy key.
pub type KeyDigest = [u8; 32];

/// A set of proxy keys.
#[derive(Clone, Default)]
pub struct ProxyKeys(HashSet<KeyDigest, BuildHasherDefault<OfDigest>>);

impl ProxyKeys {
    /// The keys of a comma separated list.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        Self(proxy_keys(list).map(digest_of).collect())
    }

    /// Whether the key with this digest is one of them.
    #[must_use]
    pub fn contains(&self, digest: &KeyDigest) -> bool {
        self.0.contains(digest)
    }
}

impl std::fmt::Debug for ProxyKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

/// A digest is as good as random already: eight bytes of it are its hash.
#[derive(Default)]
struct OfDigest(u64);

impl Hasher for OfDigest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }
}

/// The digest under which a key is looked up.
#[must_use]
pub fn digest_of(key: &str) -> KeyDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_keys_and_no_others() {
        let keys = ProxyKeys::parse("a, b,");
        assert!(keys.contains(&digest_of("a")) && keys.contains(&digest_of("b")));
        assert!(!keys.contains(&digest_of("")) && !keys.contains(&digest_of("a, b")));
    }

    #[test]
    fn prints_no_key() {
        assert_eq!(format!("{:?}", ProxyKeys::parse("secret")), "1 keys");
    }
}
