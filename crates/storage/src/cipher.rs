//! Keys at rest, byte compatible with GPT-Load 1.4.x.
//!
//! With an `ENCRYPTION_KEY`: AES-256-GCM under PBKDF2-HMAC-SHA256 of it (100,000 rounds, salt
//! `gpt-load-encryption-v1`), stored as hex(nonce ‖ ciphertext ‖ tag); a key is found by hex HMAC-SHA256 under the same
//! AES key. Without one: plain text and hex SHA-256.

use std::fmt;
use std::num::NonZeroU32;

use domain::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::hex;

const SALT: &[u8] = b"gpt-load-encryption-v1";
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// Encrypts, decrypts and hashes keys. Made once: deriving the key takes tens of milliseconds.
pub struct KeyCipher {
    keys: Option<DerivedKeys>,
    random: SystemRandom,
}

struct DerivedKeys {
    aead: LessSafeKey,
    mac: hmac::Key,
}

/// A key as its row holds it: the value, perhaps encrypted, and the hash by which it is found.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    pub(crate) value: String,
    pub(crate) hash: String,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The cryptographic library, or the system's source of random numbers, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys can't be encrypted: the system gives no random numbers")]
pub struct CipherError;

/// A value that the present `ENCRYPTION_KEY` doesn't open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value was not encrypted with the present ENCRYPTION_KEY")]
pub struct DecryptError;

impl KeyCipher {
    /// The cipher for an `ENCRYPTION_KEY`; `None` or empty: keys are stored as plain text.
    pub fn new(encryption_key: Option<&str>) -> Result<Self, CipherError> {
        let keys = match encryption_key {
            Some(password) if !password.is_empty() => Some(DerivedKeys::derive(password)?),
            _ => None,
        };
        Ok(Self { keys, random: SystemRandom::new() })
    }

    /// Whether there is an `ENCRYPTION_KEY`.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.keys.is_some()
    }

    /// The text to store for a key.
    pub fn encrypt(&self, key: &Secret) -> Result<String, CipherError> {
        let Some(keys) = &self.keys else { return Ok(key.expose().to_owned()) };
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| CipherError)?;
        let mut sealed = key.expose().as_bytes().to_vec();
        keys.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .map_err(|_| CipherError)?;
        Ok(hex::encode(&nonce) + &hex::encode(&sealed))
    }

    /// The key behind a stored text. Without an `ENCRYPTION_KEY` that is the text itself: use [`reveal`](Self::reveal)
    /// to be safe from taking ciphertext for a key.
    pub fn decrypt(&self, stored: &str) -> Result<Secret, DecryptError> {
        let Some(keys) = &self.keys else { return Ok(stored.into()) };
        let mut bytes = hex::decode(stored).ok_or(DecryptError)?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(DecryptError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| DecryptError)?;
        let opened = keys.aead.open_in_place(nonce, Aad::empty(), sealed).map_err(|_| DecryptError)?;
        let text = Zeroizing::new(opened.to_vec());
        opened.fill(0);
        std::str::from_utf8(&text).map(Secret::from).map_err(|_| DecryptError)
    }

    /// The hash by which a key is found.
    #[must_use]
    pub fn hash(&self, key: &str) -> String {
        match &self.keys {
            Some(keys) => hex::encode(hmac::sign(&keys.mac, key.as_bytes()).as_ref()),
            None => plain_hash(key),
        }
    }

    /// Every hash under which a key may stand: rows from before encryption was turned on keep that of the plain text.
    #[must_use]
    pub fn lookup_hashes(&self, key: &str) -> Vec<String> {
        match &self.keys {
            Some(_) => vec![self.hash(key), plain_hash(key)],
            None => vec![plain_hash(key)],
        }
    }

    /// What a row or a log entry holds for a key.
    pub fn store(&self, key: &Secret) -> Result<StoredKey, CipherError> {
        Ok(StoredKey { value: self.encrypt(key)?, hash: self.hash(key.expose()) })
    }

    /// The key of a row, if the present `ENCRYPTION_KEY` fits it.
    ///
    /// Plain text is known by its hash, with and without an `ENCRYPTION_KEY`. What is neither is never taken for a key,
    /// so ciphertext can't be sent to a provider.
    #[must_use]
    pub fn reveal(&self, value: &str, hash: &str) -> Option<Secret> {
        if self.encrypts()
            && let Ok(key) = self.decrypt(value)
        {
            return Some(key);
        }
        is_plain(value, hash).then(|| value.into())
    }
}

/// Whether a row holds the key as plain text.
pub(crate) fn is_plain(value: &str, hash: &str) -> bool {
    plain_hash(value).eq_ignore_ascii_case(hash)
}

fn plain_hash(key: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, key.as_bytes()).as_ref())
}

impl DerivedKeys {
    fn derive(password: &str) -> Result<Self, CipherError> {
        let mut key = Zeroizing::new([0; 32]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, SALT, password.as_bytes(), key.as_mut());
        let aead = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| CipherError)?;
        Ok(Self { aead: LessSafeKey::new(aead), mac: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()) })
    }
}

impl fmt::Debug for KeyCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCipher").field("encrypts", &self.encrypts()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
