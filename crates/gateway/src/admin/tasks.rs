//! The task that an operator has started last. Tasks are started where their resource is.

use axum::extract::State;
use domain::language::Language;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::ApiError;
use super::language::spoken;
use super::messages::Message;
use super::reply::{Data, Reply};
use super::{Context, Parts};
use crate::tasks::{Claim, Ignored, Status};

/// `GET /api/tasks/status`
pub async fn status(State(context): Parts) -> Reply<Status> {
    Ok(Data(told(context.tasks.status(), spoken())))
}

/// What an import ignored.
#[derive(JsonSchema, Serialize)]
pub struct IgnoredReply {
    items: Vec<Ignored>,
}

/// `GET /api/tasks/ignored`: of the entries that the last import ignored, the first 1,000, and why.
pub async fn ignored(State(context): Parts) -> Reply<IgnoredReply> {
    Ok(Data(IgnoredReply { items: context.tasks.ignored().await? }))
}

/// The right to start a task, or an error that says that one is running.
pub async fn claim(context: &Context) -> Result<Claim, ApiError> {
    context.tasks.claim().await?.ok_or_else(|| ApiError::task_in_progress(&Message::TaskInProgress))
}

/// A status that says in a language what broke the task off, and what to do.
pub fn told(mut status: Status, language: Language) -> Status {
    if let Some(cause) = status.broken_off.take() {
        let (kind, node) = (status.task_type, status.node.clone());
        let message = Message::TaskBrokenOff { cause, kind, node, done: status.processed, total: status.total };
        status.error = Some(message.within(language));
    }
    status
}
