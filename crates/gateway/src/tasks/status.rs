//! What is told of a task.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::StorageError;

/// Midnight of 1 January of the year 1: what Go's programs, and their clients, take for "never".
const NEVER: i64 = -62_135_596_800;

/// What a task does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// There has been no task.
    #[default]
    #[serde(rename = "")]
    Idle,
    /// Keys come into a group.
    #[serde(rename = "KEY_IMPORT")]
    Import,
    /// Keys leave a group.
    #[serde(rename = "KEY_DELETE")]
    Delete,
    /// Keys of a group are tested.
    #[serde(rename = "KEY_VALIDATION")]
    Validation,
}

/// A task, running or ended, as clients of GPT-Load 1.4.x know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// What it does.
    pub task_type: Kind,
    /// Whether it is not at its end.
    pub is_running: bool,
    /// The name of the group it works on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_name: String,
    /// How many things are done.
    pub processed: u64,
    /// How many there are.
    pub total: u64,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it came to nothing, or not to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It was broken off, and started again goes on with what is left: `error` says how.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumable: bool,
    /// What broke it off, until that is said in `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub broken_off: Option<BrokenOff>,
    /// The node that it runs on, or ran.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// When it began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub finished_at: Option<Timestamp>,
    /// How long it has been running, or ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            task_type: Kind::Idle,
            is_running: false,
            group_name: String::new(),
            processed: 0,
            total: 0,
            result: None,
            error: None,
            resumable: false,
            broken_off: None,
            node: String::new(),
            started_at: Timestamp::from_second(NEVER).unwrap_or_default(),
            finished_at: None,
            duration_seconds: None,
        }
    }
}

impl Status {
    /// A task that begins now.
    #[must_use]
    pub fn running(task_type: Kind, group_name: &str, total: u64, node: &str) -> Self {
        let (group_name, node) = (group_name.to_owned(), node.to_owned());
        Self { task_type, is_running: true, group_name, total, node, started_at: Timestamp::now(), ..Self::default() }
    }

    /// The same now that its work has come to an end.
    pub(super) fn ended(mut self, outcome: anyhow::Result<Value>) -> Self {
        (self.is_running, self.finished_at) = (false, Some(Timestamp::now()));
        match outcome {
            Ok(result) => self.result = Some(result),
            Err(error) => {
                tracing::warn!(task = ?self.task_type, group = %self.group_name, error = format!("{error:#}"), "task failed");
                match BrokenOff::cause_of(&error) {
                    Some(cause) => self.break_off(cause, Timestamp::now()),
                    None => self.error = Some(format!("{error:#}")),
                }
            }
        }
        self
    }

    /// It ended before its end, for nothing that was wrong with it.
    pub(super) fn break_off(&mut self, cause: BrokenOff, at: Timestamp) {
        (self.is_running, self.finished_at) = (false, Some(at));
        (self.resumable, self.broken_off) = (true, Some(cause));
    }
}

/// What may break a task off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BrokenOff {
    /// Its node was stopped.
    #[error("the program stops")]
    Stopped,
    /// Its node said nothing of it for so long that it was taken for dead.
    #[error("the database was out of reach for so long that another task could begin")]
    Silent,
    /// The database could not be reached.
    #[error("the database could not be reached")]
    DatabaseAway,
}

impl BrokenOff {
    fn cause_of(error: &anyhow::Error) -> Option<Self> {
        let is_away = || error.downcast_ref::<StorageError>().is_some_and(StorageError::is_transient);
        error.downcast_ref().copied().or_else(|| is_away().then_some(Self::DatabaseAway))
    }
}

/// An entry that an import has ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignored {
    /// The line of the text, from 1; in a JSON array the place.
    pub line: usize,
    /// What stands there, masked.
    pub key: String,
    /// Why it was ignored.
    pub reason: Reason,
}

/// Why an import ignores an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is nothing.
    Blank,
    /// The same key stands earlier in the text.
    RepeatedInText,
    /// The group had the key before.
    AlreadyInGroup,
}
