//! Groups: what is configured.

use domain::group::{Group, GroupKind};
use domain::ids::GroupId;

use super::Context;
use super::error::ApiError;
use super::messages::Message;

pub mod add_sub_groups;
pub mod calls;
pub mod config_options;
pub mod copy;
pub mod create;
pub mod enabled;
mod fields;
pub mod key_map;
pub mod list;
mod object;
pub mod parents;
pub mod remove;
pub mod reorder;
pub mod stats;
pub mod sub_groups;
pub mod update;

/// The group with this id, or an error that names it.
pub async fn find(context: &Context, id: GroupId) -> Result<Group, ApiError> {
    context.db.group(id).await.map_err(ApiError::naming(Message::UnknownGroup(id)))
}

/// The same, if it is one that has keys.
pub async fn find_standard(context: &Context, id: GroupId) -> Result<Group, ApiError> {
    match find(context, id).await? {
        group if group.spec.kind == GroupKind::Standard => Ok(group),
        _ => Err(ApiError::invalid(&Message::NotStandard(id))),
    }
}

/// The same, if it is one that has sub-groups.
async fn find_aggregate(context: &Context, id: GroupId) -> Result<Group, ApiError> {
    match find(context, id).await? {
        group if group.spec.kind == GroupKind::Aggregate => Ok(group),
        _ => Err(ApiError::invalid(&Message::NotAggregate(id))),
    }
}
