//! A provider key as it is stored and shown.

use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, KeyId};
use crate::secret::Secret;

pub mod text;

/// What an operator can make of a key. A *cooling* key is `Active`: it serves again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum KeyStatus {
    /// May serve.
    Active = 0,
    /// Out until a validation or a person brings it back.
    Invalid = 1,
    /// Out until a person enables it.
    Disabled = 2,
}

impl KeyStatus {
    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invalid => "invalid",
            Self::Disabled => "disabled",
        }
    }
}

/// A status word that is none of `active`, `invalid`, `disabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key's status is one of: active, invalid, disabled")]
pub struct UnknownStatus;

impl FromStr for KeyStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        [Self::Active, Self::Invalid, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or(UnknownStatus)
    }
}

/// A key's row.
#[derive(Clone, Debug)]
pub struct Key {
    /// Row id.
    pub id: KeyId,
    /// The group it belongs to.
    pub group_id: GroupId,
    /// The key in clear; `None` if it can't be decrypted with the present `ENCRYPTION_KEY`.
    pub secret: Option<Secret>,
    /// Keyed hash by which the key is found, in hex.
    pub hash: String,
    /// Stored status.
    pub status: KeyStatus,
    /// An operator's remark, at most 255 characters.
    pub notes: String,
    /// Successful requests it served.
    pub request_count: i64,
    /// Failures of its own in a row.
    pub failure_count: i64,
    /// Last successful request.
    pub last_used_at: Option<Timestamp>,
    /// What the provider said when the key last failed.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// The status it came with.
    pub last_status: Option<u16>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
}
