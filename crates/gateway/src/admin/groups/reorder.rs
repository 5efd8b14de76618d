//! `PUT /api/groups/reorder`

use axum::extract::State;
use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::admin::Parts;
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Done};

/// New places.
#[derive(JsonSchema, Deserialize)]
pub struct Reorder {
    items: Vec<Place>,
}

#[derive(JsonSchema, Deserialize)]
struct Place {
    id: GroupId,
    sort: i64,
}

/// Gives groups their places in lists; all or none.
pub async fn reorder(State(context): Parts, Body(reorder): Body<Reorder>) -> Acknowledged {
    let places: Vec<_> = reorder.items.iter().map(|place| (place.id, place.sort)).collect();
    let _turn = context.edits.lock().await;
    context.db.reorder_groups(&places).await?;
    Ok(Done(Message::GroupsReordered))
}
