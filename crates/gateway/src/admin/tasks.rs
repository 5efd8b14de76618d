//! The task that an operator has started last. Tasks are started where their resource is.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::ApiError;
use super::messages::Message;
use super::reply::{Data, Reply};
use super::{Context, Parts};
use crate::tasks::{Claim, Ignored, Status};

/// `GET /api/tasks/status`
pub async fn status(State(context): Parts) -> Reply<Status> {
    Ok(Data(context.tasks.status()))
}

/// What an import ignored.
#[derive(JsonSchema, Serialize)]
pub struct IgnoredReply {
    items: Vec<Ignored>,
}

/// `GET /api/tasks/ignored`: of the entries that the last import ignored, the first 1,000, and why.
pub async fn ignored(State(context): Parts) -> Reply<IgnoredReply> {
    Ok(Data(IgnoredReply { items: context.tasks.ignored() }))
}

/// The right to start a task, or an error that says that one is running.
pub fn claim(context: &Context) -> Result<Claim, ApiError> {
    context.tasks.claim().ok_or_else(|| ApiError::task_in_progress(&Message::TaskInProgress))
}
