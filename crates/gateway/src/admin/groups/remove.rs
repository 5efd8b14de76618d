//! `DELETE /api/groups/{id}`

use axum::extract::State;
use domain::ids::GroupId;

use crate::admin::Parts;
use crate::admin::error::ApiError;
use crate::admin::extract::InPath;
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Done};

/// Deletes a group with its keys and its links to other groups.
pub async fn remove(State(context): Parts, InPath(id): InPath<GroupId>) -> Acknowledged {
    let _turn = context.edits.lock().await;
    context.db.delete_group(id).await.map_err(ApiError::naming(Message::UnknownGroup(id)))?;
    context.publisher.refresh().await?;
    context.keyring.forget(id);
    Ok(Done(Message::GroupDeleted))
}
