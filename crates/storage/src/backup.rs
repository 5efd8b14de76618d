//! Backups: groups with their members, keys and settings as a text, from any database into any other.
//!
//! A backup is lines of JSON. The first (`record::Head`) says of what version it is; every further one is a
//! `record::Record`, and the last of them counts the others, so that a file that was cut is known. With a passphrase
//! every line but the first is sealed (`seal`): not keys alone are secret, but proxy keys, header rules and upstreams'
//! logins, too.
//!
//! [`Export`] writes one, [`Backup`] reads and checks one, and [`Db::restore`](crate::Db::restore) puts one that was
//! checked into a database.

use crate::StorageError;

mod export;
mod read;
mod record;
mod restore;
mod seal;

pub use export::Export;
pub use read::{Backup, Checked};
pub use record::Counts;
pub use restore::{Existing, Restored};
pub use seal::Passphrase;

/// Names told in an error.
const NAMED: usize = 20;

/// Why there is no backup, or why one can't be restored. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The backup itself, or what it is to be put into.
    #[error(transparent)]
    Fault(#[from] BackupFault),
    /// The file can't be read.
    #[error("the backup can't be read: {0}")]
    File(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is wrong with a backup, or in the way of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupFault {
    /// Another file.
    #[error("this is no backup of GPT-Load")]
    NoBackup,
    /// A later version of this program wrote it.
    #[error("the backup is of version {found}; this program knows versions up to {known}: use the later GPT-Load")]
    TooNew {
        /// Version of the file.
        found: u32,
        /// Latest version known here.
        known: u32,
    },
    /// It is sealed, or should be.
    #[error("a passphrase is needed")]
    NoPassphrase,
    /// The passphrase doesn't open the first sealed line.
    #[error("the passphrase is wrong, or the backup was changed")]
    WrongPassphrase,
    /// A line that can't be what was written.
    #[error("line {line} of the backup is damaged: {reason}")]
    Damaged {
        /// Which, from 1.
        line: u64,
        /// What is wrong, without what stands there.
        reason: &'static str,
    },
    /// The last line is missing.
    #[error("the backup was cut: it ends after line {line}, before its end")]
    Cut {
        /// The last whole line there is.
        line: u64,
    },
    /// Keys that are stored under another `ENCRYPTION_KEY`.
    #[error("the keys in the database can't be read with the present ENCRYPTION_KEY: a backup would be without them")]
    UnreadableKeys,
    /// Groups in the backup have the names of groups in the database.
    #[error("{} groups of the backup exist already: {}", .0.len(), listed(.0))]
    Taken(Vec<String>),
}

/// The first of some names.
#[must_use]
pub fn listed(names: &[String]) -> String {
    let mut list = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        list.push_str(", …");
    }
    list
}
