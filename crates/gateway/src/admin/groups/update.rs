//! `PUT /api/groups/{id}`

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::{Group, GroupSpec};
use domain::ids::GroupId;

use super::fields::GroupFields;
use super::find;
use super::object::GroupObject;
use super::sub_groups::validation_endpoint;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts};

/// Changes the fields that are given. What is absent or null stays.
pub async fn update(
    State(context): Parts,
    InPath(id): InPath<GroupId>,
    Body(fields): Body<GroupFields>,
) -> Reply<GroupObject> {
    let _turn = context.edits.lock().await;
    let old = find(&context, id).await?;
    let spec = fields.update(old.spec.clone())?;
    check_links(&context, &old, &spec).await?;
    let group = context.db.update_group(id, &spec).await?;
    context.publisher.refresh().await?;
    Ok(Data(GroupObject::new(group, &context.publisher.current())))
}

/// Members of an aggregate speak one dialect and are validated alike: neither may change as long as there is a link.
async fn check_links(context: &Context, old: &Group, new: &GroupSpec) -> Result<(), ApiError> {
    let (field, given) = if old.spec.channel != new.channel {
        ("channel_type", new.channel.as_str().to_owned())
    } else if validation_endpoint(&old.spec) != validation_endpoint(new) {
        ("validation_endpoint", new.validation_endpoint.clone())
    } else {
        return Ok(());
    };
    let links = context.db.sub_groups().await?;
    if links.iter().any(|link| link.sub_group_id == old.id || link.group_id == old.id) {
        return Err(ApiError::field(field, given, Allowed::NoChangeWhileLinked));
    }
    Ok(())
}
