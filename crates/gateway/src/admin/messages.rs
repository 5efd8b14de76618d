//! Every sentence the API says, so that other languages can be added here. Codes are the contract, sentences are not.

use std::fmt;

use domain::ids::{GroupId, KeyId};

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
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("Success"),
            Self::LoggedIn => f.write_str("Authentication successful"),
            Self::Unauthorized => f.write_str("the admin key (AUTH_KEY) is missing or wrong"),
            Self::TooManyFailures => {
                f.write_str("too many wrong admin keys from this address: wait a few seconds and try again")
            }
            Self::UnreadableBody(why) => write!(f, "the request body can't be read: {why}"),
            Self::NotJson(why) => write!(f, "the request body is no JSON object: {why}"),
            Self::UnreadableUrl(why) => write!(f, "the address can't be read: {why}"),
            Self::GroupIdMissing => f.write_str("group_id is required: the id of a group"),
            Self::UnknownGroup(id) => write!(f, "there is no group {id}"),
            Self::UnknownKey(id) => write!(f, "there is no key {id}"),
            Self::NotFound => f.write_str("not found"),
            Self::Taken(field) => write!(f, "{field}: this value is already taken"),
            Self::DatabaseFailed(why) => write!(f, "the database could not do it: {why}"),
            Self::GroupDeleted => f.write_str("Group deleted"),
            Self::GroupsReordered => f.write_str("Groups reordered"),
            Self::SubGroupsAdded => f.write_str("Sub-groups added"),
            Self::WeightUpdated => f.write_str("Weight updated"),
            Self::SubGroupRemoved => f.write_str("Sub-group removed"),
            Self::NotAggregate(id) => write!(f, "group {id} is not an aggregate: it can't have sub-groups"),
            Self::NotStandard(id) => write!(f, "group {id} is an aggregate: its keys are those of its sub-groups"),
            Self::NoKeys => f.write_str("keys_text: there is no key in it"),
            Self::TooManyKeys { given, limit } => {
                write!(f, "keys_text: {given} keys are too many for one call; at most {limit} are allowed")
            }
            Self::KeyNotInGroup => f.write_str("this key is not in the group, or can't be decrypted"),
            Self::KeysRestored(count) => write!(f, "{count} keys restored"),
            Self::KeysCleared(count) => write!(f, "{count} keys cleared"),
            Self::NotesUpdated => f.write_str("Notes updated"),
            Self::SettingsUpdated => f.write_str("Settings updated"),
        }
    }
}
