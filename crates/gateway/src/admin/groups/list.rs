//! `GET /api/groups` and `GET /api/groups/list`

use axum::extract::State;
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Serialize;

use super::object::GroupObject;
use crate::admin::Parts;
use crate::admin::reply::{Data, Reply};

/// All groups, by `sort`, then the newest first.
pub async fn full(State(context): Parts) -> Reply<Vec<GroupObject>> {
    let snapshot = context.publisher.current();
    let groups = context.db.groups().await?.into_iter();
    Ok(Data(groups.map(|group| GroupObject::new(group, &snapshot)).collect()))
}

/// What a choice of groups needs.
#[derive(JsonSchema, Serialize)]
pub struct ShortGroup {
    id: GroupId,
    name: String,
    display_name: String,
}

/// The same groups in the same order, in short.
pub async fn short(State(context): Parts) -> Reply<Vec<ShortGroup>> {
    let groups = context.db.groups().await?.into_iter();
    let short =
        groups.map(|group| ShortGroup { id: group.id, name: group.spec.name, display_name: group.spec.display_name });
    Ok(Data(short.collect()))
}
