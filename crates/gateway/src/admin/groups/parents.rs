//! `GET /api/groups/{id}/parent-aggregate-groups`

use axum::extract::State;
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Serialize;

use super::find;
use super::sub_groups::by_id;
use crate::admin::Parts;
use crate::admin::extract::InPath;
use crate::admin::reply::{Data, Reply};

/// An aggregate, and the share it gives to the group.
#[derive(JsonSchema, Serialize)]
pub struct Parent {
    group_id: GroupId,
    name: String,
    display_name: String,
    weight: u32,
}

/// The aggregates a group is a member of.
pub async fn list(State(context): Parts, InPath(id): InPath<GroupId>) -> Reply<Vec<Parent>> {
    find(&context, id).await?;
    let mut groups = by_id(context.db.groups().await?);
    let links = context.db.sub_groups().await?;
    let parents = links.iter().filter(|link| link.sub_group_id == id).filter_map(|link| {
        let spec = groups.remove(&link.group_id)?.spec;
        Some(Parent { group_id: link.group_id, name: spec.name, display_name: spec.display_name, weight: link.weight })
    });
    Ok(Data(parents.collect()))
}
