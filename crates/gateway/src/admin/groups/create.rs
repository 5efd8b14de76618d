//! `POST /api/groups`

use axum::extract::State;

use super::fields::GroupFields;
use super::object::GroupObject;
use crate::admin::Parts;
use crate::admin::extract::Body;
use crate::admin::reply::{Data, Reply};

/// Makes a group. It serves when the answer leaves.
pub async fn create(State(context): Parts, Body(fields): Body<GroupFields>) -> Reply<GroupObject> {
    let spec = fields.create()?;
    let _turn = context.edits.lock().await;
    let group = context.db.insert_group(&spec).await?;
    context.publisher.refresh().await?;
    Ok(Data(GroupObject::new(group, &context.publisher.current())))
}
