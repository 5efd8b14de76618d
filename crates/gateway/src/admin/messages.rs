//! Every sentence the API says, in every language it speaks: a sentence that lacks in one of them does not compile. Codes are the contract,
//! sentences are not.
//!
//! What other programs say (a database, the JSON parser) stays in their own words.

use std::fmt;

use domain::allowed::Allowed;
use domain::ids::{GroupId, KeyId};
use domain::language::Language;
use domain::rewrite::headers::HeaderRuleError;
use domain::weakness::Weakness;
use storage::backup::BackupFault;
use storage::keys::Scenario;

use super::language::spoken;
use crate::tasks::{BrokenOff, Kind};

mod chinese;
mod english;
mod japanese;

/// Something the API says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Nothing more to say.
    Success,
    /// The admin key was right.
    LoggedIn,
    /// The admin key is missing or wrong.
    Unauthorized,
    /// Too many wrong keys from one address.
    TooManyFailures,
    /// The body is too long or broke off.
    UnreadableBody(String),
    /// The body is no JSON object.
    NotJson(String),
    /// A member of the body that is missing or of the wrong type.
    Unfit(String),
    /// A field with a value that is not allowed.
    NotAllowed {
        /// The field's name.
        field: String,
        /// The value, in quotes if it is a text.
        given: String,
        /// What would be right.
        allowed: Allowed,
    },
    /// A header rule that can't be used.
    HeaderRule(HeaderRuleError),
    /// A part of the path or the query can't be read.
    UnreadableUrl(String),
    /// The query lacks the group.
    GroupIdMissing,
    /// There is no such group.
    UnknownGroup(GroupId),
    /// There is no such key.
    UnknownKey(KeyId),
    /// There is no such row.
    NotFound,
    /// A value that must be unique is taken.
    Taken(&'static str),
    /// The database failed.
    DatabaseFailed(String),
    /// The database is away.
    DatabaseAway,
    /// A file of our own could not be written or read.
    FileFailed(String),
    /// What is wrong with a backup, or with the wish for one.
    Backup(BackupFault),
    /// A group was deleted.
    GroupDeleted,
    /// Groups have new places.
    GroupsReordered,
    /// Sub-groups were added.
    SubGroupsAdded,
    /// A sub-group has a new weight.
    WeightUpdated,
    /// A sub-group was taken out.
    SubGroupRemoved,
    /// What is asked of an aggregate was asked of another group.
    NotAggregate(GroupId),
    /// What is asked of a standard group was asked of an aggregate.
    NotStandard(GroupId),
    /// There is no key in the text.
    NoKeys,
    /// There are more keys in the text than one call takes.
    TooManyKeys {
        /// Keys in the text.
        given: usize,
        /// Keys a call takes.
        limit: usize,
    },
    /// A key to be tested is not in the group.
    KeyNotInGroup,
    /// Keys serve again.
    KeysRestored(usize),
    /// Keys were deleted.
    KeysCleared(u64),
    /// A key has new notes.
    NotesUpdated,
    /// Settings are in force.
    SettingsUpdated,
    /// What the number of invalid keys is called.
    InvalidKeys,
    /// What a line of the chart is called.
    SuccessfulRequests,
    /// What a line of the chart is called.
    FailedRequests,
    /// What a key that people chose is called.
    Key(KeyRole),
    /// A key that is easy to guess.
    WeakKey(KeyRole, Weakness),
    /// What to do about it.
    AgainstWeakness(Weakness),
    /// Provider keys are stored as plain text.
    NoEncryptionKey,
    /// What to do about it.
    SetEncryptionKey,
    /// A client's key opens the admin API.
    ProxyKeyIsAdminKey(KeyRole),
    /// What to do about it.
    UseOtherProxyKey,
    /// What the request log is called.
    RequestLog,
    /// So many rows of the log were dropped since the start.
    RowsDropped(usize),
    /// What to do about it.
    AgainstDroppedRows,
    /// `ENCRYPTION_KEY` and the stored keys don't fit.
    Mismatch(Scenario),
    /// What to do about it.
    AgainstMismatch(Scenario),
    /// A proxy key is missing or opens nothing.
    WrongProxyKey,
    /// There is no group of this name.
    NoGroupNamed(String),
    /// One task at a time.
    TaskInProgress,
    /// What broke a task off, and how the rest is done.
    TaskBrokenOff {
        /// What did.
        cause: BrokenOff,
        /// What it does.
        kind: Kind,
        /// The node it ran on.
        node: String,
        /// How many things are done.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// No key of the group is to be tested.
    NothingToValidate,
    /// A call needs a key, and the group has none.
    NoKeyToCallWith,
    /// The provider did not give what it was asked for.
    UpstreamFailed(String),
}

/// What a key that people chose is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// `AUTH_KEY`
    Admin,
    /// `ENCRYPTION_KEY`
    Encryption,
    /// Opens all groups.
    Proxy {
        /// Its place in the list, from 1.
        number: usize,
    },
    /// Opens one group.
    GroupProxy {
        /// The group's name.
        group: String,
        /// Its place in the list, from 1.
        number: usize,
    },
}

impl Message {
    /// The sentence in one language.
    pub fn within(&self, language: Language) -> String {
        match language {
            Language::English => english::text(self),
            Language::Chinese => chinese::text(self),
            Language::Japanese => japanese::text(self),
        }
    }
}

/// In the language of the request that is being answered.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.within(spoken()))
    }
}
