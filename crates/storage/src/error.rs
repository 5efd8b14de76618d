//! What can go wrong between us and the data.

use std::path::{Path, PathBuf};

use crate::cipher::CipherError;
use crate::dsn::DsnError;

/// Why a call of this crate failed. No text of it holds a key or a password.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// `DATABASE_DSN` can't be used.
    #[error(transparent)]
    Dsn(#[from] DsnError),
    /// The library that encrypts keys failed.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// A second server on one data directory.
    #[error(
        "the data directory {dir} is in use by another GPT-Load (process {holder}): stop that one, or give this one a directory of its own"
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Process id of the holder, as it wrote it.
        holder: String,
    },
    /// A file or folder that can't be made, read or written.
    #[error("can't {action} {path}: {source}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A later version of this program has migrated the database.
    #[error(
        "the database has schema version {found}; this program knows versions up to {known}: start the later GPT-Load again"
    )]
    TooNew {
        /// Version in the database.
        found: i64,
        /// Latest version known here.
        known: i64,
    },
    /// A later version of this program has written the spool.
    #[error("{path} was written by a later version: start the later GPT-Load again, until the spool is empty")]
    SpoolTooNew {
        /// The segment.
        path: PathBuf,
    },
    /// A value that must be unique is taken.
    #[error("{field} is already taken")]
    Duplicate {
        /// The field, as the API names it.
        field: &'static str,
    },
    /// There is no such row.
    #[error("there is no such row")]
    NotFound,
    /// A stored value that can't be read.
    #[error("column {column} holds a value that can't be read: {reason}")]
    Corrupt {
        /// The column.
        column: String,
        /// What is wrong, without the value.
        reason: &'static str,
    },
    /// Keys that are to be re-encrypted and can't be read.
    #[error(
        "{count} keys can be read neither with the former ENCRYPTION_KEY nor with the new one (ids: {first}): is the former one right? Nothing was changed"
    )]
    UnreadableKeys {
        /// How many.
        count: u64,
        /// Ids of the first of them.
        first: String,
    },
    /// A database server that can't be reached, or lets us not in.
    #[error("can't connect to the database server at {server}: {source}")]
    Unreachable {
        /// Its address or socket.
        server: String,
        /// Why.
        source: sqlx::Error,
        /// Whether it may let us in later, without a change.
        may_pass: bool,
    },
    /// A leader's statement after another has begun to lead.
    #[error("another server leads by now")]
    Fenced,
    /// The database is away, locked or out of space: the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(sqlx::Error),
    /// Anything else the database refused.
    #[error("the database refused: {0}")]
    Database(sqlx::Error),
}

impl StorageError {
    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unreachable { may_pass: true, .. })
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(column: impl Into<String>, reason: &'static str) -> Self {
        Self::Corrupt { column: column.into(), reason }
    }

    /// Names the field if the fault is a unique index that was violated.
    pub(crate) fn or_duplicate(self, field: &'static str) -> Self {
        match &self {
            Self::Database(sqlx::Error::Database(fault)) if fault.is_unique_violation() => Self::Duplicate { field },
            _ => self,
        }
    }

    /// A row that refers to another which isn't there means that the other wasn't found.
    pub(crate) fn or_not_found(self) -> Self {
        match &self {
            Self::Database(sqlx::Error::Database(fault)) if fault.is_foreign_key_violation() => Self::NotFound,
            _ => self,
        }
    }
}
