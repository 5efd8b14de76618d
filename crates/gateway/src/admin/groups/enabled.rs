//! `PUT /api/groups/{id}/enabled`

use axum::extract::State;
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::find;
use super::object::GroupObject;
use crate::admin::Parts;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};

/// Whether a group serves.
#[derive(JsonSchema, Deserialize)]
pub struct Enabled {
    enabled: bool,
}

/// Lets a group serve, or stops it. Requests that are under way end as they would have.
pub async fn update(
    State(context): Parts,
    InPath(id): InPath<GroupId>,
    Body(Enabled { enabled }): Body<Enabled>,
) -> Reply<GroupObject> {
    let _turn = context.edits.lock().await;
    context.db.set_group_enabled(id, enabled).await.map_err(ApiError::naming(Message::UnknownGroup(id)))?;
    context.publisher.refresh().await?;
    Ok(Data(GroupObject::new(find(&context, id).await?, &context.publisher.current())))
}
