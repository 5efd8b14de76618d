//! Sub-groups of an aggregate: listing, weighing and taking out. [`add_sub_groups`](super::add_sub_groups) puts them in.

use std::collections::HashMap;

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::{Group, GroupSpec, SubGroup};
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find_aggregate;
use super::object::GroupObject;
use super::stats::KeyStats;
use crate::admin::Parts;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Data, Done, Reply};
use crate::channels;

/// The largest weight.
pub(super) const MAX_WEIGHT: i64 = 1000;

/// A member with its share and its keys.
#[derive(JsonSchema, Serialize)]
pub struct SubGroupObject {
    group: GroupObject,
    weight: u32,
    #[serde(flatten)]
    keys: KeyStats,
}

/// `GET /api/groups/{id}/sub-groups`, in the order they were added.
pub async fn list(State(context): Parts, InPath(id): InPath<GroupId>) -> Reply<Vec<SubGroupObject>> {
    find_aggregate(&context, id).await?;
    let snapshot = context.publisher.current();
    let mut groups: HashMap<GroupId, Group> = by_id(context.db.groups().await?);
    let stored = context.db.key_counts().await?;
    let links = context.db.sub_groups().await?;
    let members = links.iter().filter(|link| link.group_id == id).filter_map(|link| {
        let keys = stored.get(&link.sub_group_id).copied().unwrap_or_default().total();
        Some(SubGroupObject {
            group: GroupObject::new(groups.remove(&link.sub_group_id)?, &snapshot),
            weight: link.weight,
            keys: KeyStats::of(&context, link.sub_group_id, keys),
        })
    });
    Ok(Data(members.collect()))
}

/// A new share.
#[derive(JsonSchema, Deserialize)]
pub struct Reweigh {
    #[schemars(range(min = 0, max = MAX_WEIGHT))]
    weight: i64,
}

/// `PUT /api/groups/{id}/sub-groups/{sub}/weight`
pub async fn reweigh(
    State(context): Parts,
    InPath((group_id, sub_group_id)): InPath<(GroupId, GroupId)>,
    Body(reweigh): Body<Reweigh>,
) -> Acknowledged {
    let link = SubGroup { group_id, sub_group_id, weight: weight(reweigh.weight)? };
    let _turn = context.edits.lock().await;
    let unknown = ApiError::naming(Message::UnknownGroup(sub_group_id));
    context.db.set_sub_group_weight(link).await.map_err(unknown)?;
    context.publisher.refresh().await?;
    Ok(Done(Message::WeightUpdated))
}

/// `DELETE /api/groups/{id}/sub-groups/{sub}`
pub async fn remove(State(context): Parts, InPath((group, sub)): InPath<(GroupId, GroupId)>) -> Acknowledged {
    let _turn = context.edits.lock().await;
    context.db.remove_sub_group(group, sub).await.map_err(ApiError::naming(Message::UnknownGroup(sub)))?;
    context.publisher.refresh().await?;
    Ok(Done(Message::SubGroupRemoved))
}

/// A weight that is allowed.
pub(super) fn weight(given: i64) -> Result<u32, ApiError> {
    let allowed = u32::try_from(given).ok().filter(|_| given <= MAX_WEIGHT);
    allowed.ok_or_else(|| ApiError::field("weight", given.to_string(), Allowed::WholeNumber(0, MAX_WEIGHT)))
}

/// The path a group's keys are validated with, the channel's own if the group has none; empty if it depends on the model.
pub(super) fn validation_endpoint(spec: &GroupSpec) -> String {
    let channel = channels::of(spec.channel);
    match (channel.takes_validation_endpoint(), spec.validation_endpoint.as_str()) {
        (false, _) => String::new(),
        (true, "") => channel.validation_path(&spec.test_model),
        (true, path) => path.to_owned(),
    }
}

/// Groups by their ids.
pub(super) fn by_id(groups: Vec<Group>) -> HashMap<GroupId, Group> {
    groups.into_iter().map(|group| (group.id, group)).collect()
}
