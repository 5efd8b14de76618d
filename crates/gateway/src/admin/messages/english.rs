//! What the API says, in English.

use domain::weakness::Weakness;
use storage::backup::BackupFault;
use storage::keys::Scenario;

use super::{KeyRole, Message};
use crate::tasks::{BrokenOff, Kind};

/// A message as a sentence.
pub fn text(message: &Message) -> String {
    match message {
        Message::Success => "Success".to_owned(),
        Message::LoggedIn => "Authentication successful".to_owned(),
        Message::Unauthorized => "the admin key (AUTH_KEY) is missing or wrong".to_owned(),
        Message::TooManyFailures => {
            "too many wrong admin keys from this address: wait a few seconds and try again".to_owned()
        }
        Message::UnreadableBody(why) => format!("the request body can't be read: {why}"),
        Message::NotJson(why) => format!("the request body is no JSON object: {why}"),
        Message::Unfit(why) => why.clone(),
        Message::NotAllowed { field, given, allowed } => format!("{field}: {given} is not allowed; {allowed}"),
        Message::HeaderRule(fault) => fault.to_string(),
        Message::UnreadableUrl(why) => format!("the address can't be read: {why}"),
        Message::GroupIdMissing => "group_id is required: the id of a group".to_owned(),
        Message::UnknownGroup(id) => format!("there is no group {id}"),
        Message::NoGroupNamed(name) => format!("there is no group {name:?}"),
        Message::UnknownKey(id) => format!("there is no key {id}"),
        Message::NotFound => "not found".to_owned(),
        Message::Taken(field) => format!("{field}: this value is already taken"),
        Message::DatabaseFailed(why) => format!("the database could not do it: {why}"),
        Message::DatabaseAway => {
            "the database is away: this can be done when it is back; proxied requests are served meanwhile".to_owned()
        }
        Message::FileFailed(why) => format!("a file could not be written or read: {why}"),
        Message::Backup(fault) => backup(fault),
        Message::GroupDeleted => "Group deleted".to_owned(),
        Message::GroupsReordered => "Groups reordered".to_owned(),
        Message::SubGroupsAdded => "Sub-groups added".to_owned(),
        Message::WeightUpdated => "Weight updated".to_owned(),
        Message::SubGroupRemoved => "Sub-group removed".to_owned(),
        Message::NotAggregate(id) => format!("group {id} is not an aggregate: it can't have sub-groups"),
        Message::NotStandard(id) => format!("group {id} is an aggregate: its keys are those of its sub-groups"),
        Message::NoKeys => "keys_text: there is no key in it".to_owned(),
        Message::TooManyKeys { given, limit } => {
            format!("keys_text: {given} keys are too many for one call; at most {limit} are allowed")
        }
        Message::KeyNotInGroup => "this key is not in the group, or can't be decrypted".to_owned(),
        Message::KeysRestored(count) => format!("{count} keys restored"),
        Message::KeysCleared(count) => format!("{count} keys cleared"),
        Message::NotesUpdated => "Notes updated".to_owned(),
        Message::SettingsUpdated => "Settings updated".to_owned(),
        Message::InvalidKeys => "Invalid keys".to_owned(),
        Message::SuccessfulRequests => "Successful requests".to_owned(),
        Message::FailedRequests => "Failed requests".to_owned(),
        Message::Key(key) => role(key),
        Message::WeakKey(key, weakness) => format!("{} {}", role(key), weak(*weakness)),
        Message::AgainstWeakness(weakness) => better(*weakness).to_owned(),
        Message::NoEncryptionKey => "ENCRYPTION_KEY is not set: provider keys are stored as plain text".to_owned(),
        Message::SetEncryptionKey => {
            "Set ENCRYPTION_KEY to a random text of at least 32 characters and run gpt-load migrate-keys".to_owned()
        }
        Message::ProxyKeyIsAdminKey(key) => format!("{} is the AUTH_KEY: clients that have it can do everything here", role(key)),
        Message::UseOtherProxyKey => "Give clients another key, and put it in the place of this one".to_owned(),
        Message::RequestLog => "Request log".to_owned(),
        Message::RowsDropped(rows) => format!("{rows} rows of the request log were dropped since the start, for there was no room for them"),
        Message::AgainstDroppedRows => {
            "See whether the database answers and the disk of the data directory has room; requests are counted all the same".to_owned()
        }
        Message::Mismatch(scenario) => mismatch(*scenario).to_owned(),
        Message::AgainstMismatch(scenario) => against(*scenario).to_owned(),
        Message::WrongProxyKey => "the proxy key is missing, or opens no group here: give it as ?key=".to_owned(),
        Message::TaskInProgress => "another task is running: wait until it has ended".to_owned(),
        Message::TaskBrokenOff { cause, kind, node, done, total } => {
            format!("{}: {done} of {total} were done. {}", broken_off(*cause, node), go_on(*kind))
        }
        Message::NothingToValidate => "status: the group has no key to be tested".to_owned(),
        Message::NoKeyToCallWith => "the group has no key to make a call with: disabled ones are not used".to_owned(),
        Message::UpstreamFailed(why) => format!("the provider gave no answer that can be used: {why}"),
    }
}

fn broken_off(cause: BrokenOff, node: &str) -> String {
    match cause {
        BrokenOff::Stopped => format!("the node {node} was stopped while it ran the task"),
        BrokenOff::Silent => format!("the node {node}, which ran the task, died or was cut off from the database"),
        BrokenOff::DatabaseAway => format!("the node {node}, which ran the task, could not reach the database"),
    }
}

fn go_on(kind: Kind) -> &'static str {
    match kind {
        Kind::Idle => "",
        Kind::Import => "Add the same keys again: those that the group has are passed over",
        Kind::Delete => "Delete the same keys again: those that are gone are passed over",
        Kind::Validation => "Start the validation again: it tests all keys once more",
    }
}

fn role(role: &KeyRole) -> String {
    match role {
        KeyRole::Admin => "AUTH_KEY".to_owned(),
        KeyRole::Encryption => "ENCRYPTION_KEY".to_owned(),
        KeyRole::Proxy { number } => format!("Global proxy key #{number}"),
        KeyRole::GroupProxy { group, number } => format!("Proxy key of group [{group}] #{number}"),
    }
}

fn weak(weakness: Weakness) -> String {
    match weakness {
        Weakness::TooShort(chars) => format!("has only {chars} characters and can be guessed"),
        Weakness::Short(chars) => format!("has only {chars} characters"),
        Weakness::CommonWord(word) => format!("has the common word \"{word}\" in it"),
        Weakness::FewKinds => "is made of too few kinds of characters".to_owned(),
    }
}

fn better(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort(_) => "Use at least 16 characters, better 32",
        Weakness::Short(_) => "Use at least 32 characters",
        Weakness::CommonWord(_) => "Use a random text without common words",
        Weakness::FewKinds => "Mix upper case and lower case letters, digits and other characters",
    }
}

fn mismatch(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => "ENCRYPTION_KEY is set, but provider keys in the database are plain text",
        Scenario::KeyNotConfigured => {
            "Provider keys in the database are encrypted, but ENCRYPTION_KEY is not set: they can't be used"
        }
        Scenario::KeyMismatch => {
            "Provider keys in the database are encrypted with another ENCRYPTION_KEY: they can't be used"
        }
    }
}

fn against(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::DataNotEncrypted => "Stop the server and encrypt them: gpt-load migrate-keys --to ENCRYPTION_KEY",
        Scenario::KeyNotConfigured => "Start the server with the ENCRYPTION_KEY they were encrypted with",
        Scenario::KeyMismatch => {
            "Start the server with the ENCRYPTION_KEY they were encrypted with, or change it by gpt-load migrate-keys"
        }
    }
}

fn backup(fault: &BackupFault) -> String {
    match fault {
        BackupFault::NoPassphrase => {
            "a passphrase is needed: give it in the header X-Backup-Passphrase, or ask for plain=true".to_owned()
        }
        other => other.to_string(),
    }
}
