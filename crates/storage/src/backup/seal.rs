//! Lines that only a passphrase opens.
//!
//! The key is Argon2id's of the passphrase, with 64 MiB, three passes and four lanes (RFC 9106, section 4, second
//! choice). A line is sealed with ChaCha20-Poly1305 and written as a JSON text in base64. Its nonce is its number, so
//! that lines that were exchanged or left out don't open.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cipher::CipherError;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const KEY_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// A text that opens backups; never empty.
#[derive(Clone, Debug)]
pub struct Passphrase(Secret);

impl Passphrase {
    /// `None` if the text is empty.
    #[must_use]
    pub fn new(text: Secret) -> Option<Self> {
        Some(text).filter(|text| !text.expose().is_empty()).map(Self)
    }
}

/// What the first line says of the seal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SealHead {
    key: KeyFunction,
    cipher: Cipher,
    /// In base64.
    salt: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum KeyFunction {
    #[serde(rename = "argon2id-64m-3-4")]
    Argon2id,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Cipher {
    #[serde(rename = "chacha20-poly1305")]
    ChaCha20Poly1305,
}

/// Seals lines, or opens them, one after the other.
pub(super) struct Seal {
    key: LessSafeKey,
    line: u64,
}

impl Seal {
    /// A seal of its own for a new backup. Takes some hundred milliseconds of CPU time.
    pub(super) fn new(passphrase: &Passphrase) -> Result<(Self, SealHead), CipherError> {
        let mut salt = [0; SALT_BYTES];
        SystemRandom::new().fill(&mut salt).map_err(|_| CipherError)?;
        let head =
            SealHead { key: KeyFunction::Argon2id, cipher: Cipher::ChaCha20Poly1305, salt: STANDARD.encode(salt) };
        Ok((Self::derive(passphrase, &salt)?, head))
    }

    /// The seal of a backup. Takes some hundred milliseconds of CPU time.
    pub(super) fn of(head: &SealHead, passphrase: &Passphrase) -> Result<Self, CipherError> {
        let salt = STANDARD.decode(&head.salt).map_err(|_| CipherError)?;
        Self::derive(passphrase, &salt)
    }

    fn derive(Passphrase(passphrase): &Passphrase, salt: &[u8]) -> Result<Self, CipherError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(KEY_BYTES)).map_err(|_| CipherError)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut())
            .map_err(|_| CipherError)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).map_err(|_| CipherError)?;
        Ok(Self { key: LessSafeKey::new(key), line: 0 })
    }

    /// Goes back to the first line.
    pub(super) fn rewind(&mut self) {
        self.line = 0;
    }

    /// Seals the next line.
    pub(super) fn seal(&mut self, line: String) -> Result<String, CipherError> {
        let mut bytes = line.into_bytes();
        let nonce = self.nonce();
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes).map_err(|_| CipherError)?;
        Ok(format!("\"{}\"", STANDARD.encode(bytes)))
    }

    /// Opens the next line; `None` if it isn't the one that was sealed in this place.
    pub(super) fn open(&mut self, line: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let text = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let mut bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.len();
        bytes.truncate(opened);
        Some(bytes)
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        let (_, number) = nonce.split_at_mut(NONCE_LEN - size_of::<u64>());
        number.copy_from_slice(&self.line.to_be_bytes());
        self.line += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("line", &self.line).finish_non_exhaustive()
    }
}
