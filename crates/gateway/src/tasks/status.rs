//! What is told of a task.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
            started_at: Timestamp::from_second(NEVER).unwrap_or_default(),
            finished_at: None,
            duration_seconds: None,
        }
    }
}

impl Status {
    /// A task that begins now.
    #[must_use]
    pub fn running(task_type: Kind, group_name: &str, total: u64) -> Self {
        let group_name = group_name.to_owned();
        Self { task_type, is_running: true, group_name, total, started_at: Timestamp::now(), ..Self::default() }
    }

    /// What to say of it when the program ended before it did.
    pub(super) fn broken_off(&self) -> String {
        let Self { processed, total, .. } = self;
        format!(
            "the server ended while the task was running: {processed} of {total} were done, start it again for the rest"
        )
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
