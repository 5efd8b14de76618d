//! `POST /api/groups/{id}/sub-groups`

use std::collections::HashMap;

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::{Group, GroupKind, SubGroup};
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::find_aggregate;
use super::sub_groups::{MAX_WEIGHT, by_id, validation_endpoint, weight};
use crate::admin::Parts;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Done};

/// Groups that are to be members.
#[derive(JsonSchema, Deserialize)]
pub struct NewMembers {
    #[schemars(length(min = 1))]
    sub_groups: Vec<NewMember>,
}

#[derive(JsonSchema, Deserialize)]
struct NewMember {
    group_id: GroupId,
    #[schemars(range(min = 0, max = MAX_WEIGHT))]
    weight: i64,
}

/// Adds sub-groups; all or none.
pub async fn add(State(context): Parts, InPath(id): InPath<GroupId>, Body(new): Body<NewMembers>) -> Acknowledged {
    let links = new
        .sub_groups
        .iter()
        .map(|member| Ok(SubGroup { group_id: id, sub_group_id: member.group_id, weight: weight(member.weight)? }));
    let links: Vec<SubGroup> = links.collect::<Result<_, ApiError>>()?;
    if links.is_empty() {
        return Err(ApiError::field("sub_groups", "", Allowed::SomeSubGroup));
    }
    let _turn = context.edits.lock().await;
    let aggregate = find_aggregate(&context, id).await?;
    let groups = by_id(context.db.groups().await?);
    let present = context.db.sub_groups().await?.into_iter().filter(|link| link.group_id == id);
    check_alike(&aggregate, &groups, present, &links)?;
    context.db.add_sub_groups(&links).await?;
    context.publisher.refresh().await?;
    Ok(Done(Message::SubGroupsAdded))
}

/// All members have keys of their own, the aggregate's channel, and one way of being validated.
fn check_alike(
    aggregate: &Group,
    groups: &HashMap<GroupId, Group>,
    present: impl Iterator<Item = SubGroup>,
    new: &[SubGroup],
) -> Result<(), ApiError> {
    let first = present.filter_map(|link| groups.get(&link.sub_group_id)).map(|group| validation_endpoint(&group.spec));
    let mut endpoint: Option<String> = first.take(1).next();
    for link in new {
        let member = groups.get(&link.sub_group_id);
        let member = &member.ok_or_else(|| ApiError::not_found(&Message::UnknownGroup(link.sub_group_id)))?.spec;
        let wrong = |allowed| Err(ApiError::field("sub_groups", member.name.as_str(), allowed));
        if member.kind == GroupKind::Aggregate {
            return wrong(Allowed::StandardGroups);
        }
        if member.channel != aggregate.spec.channel {
            return wrong(Allowed::SameChannel(aggregate.spec.channel));
        }
        let theirs = endpoint.get_or_insert_with(|| validation_endpoint(member));
        if *theirs != validation_endpoint(member) {
            return wrong(Allowed::SameEndpoint(theirs.clone()));
        }
    }
    Ok(())
}
