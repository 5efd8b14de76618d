//! Bringing invalid keys back: chosen ones, or all of a group. Disabled keys stay out: a person has taken them out on purpose.

use axum::extract::State;
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::Serialize;

use super::{KeysText, OfGroup, count};
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Data, Done, Reply};
use crate::admin::{Parts, groups};
use crate::key_store;

/// What became of the text.
#[derive(JsonSchema, Serialize)]
pub struct RestoreReply {
    restored_count: usize,
    /// Repeats in the text, keys the group doesn't have, and keys that aren't invalid.
    ignored_count: usize,
    total_in_group: u64,
}

/// `POST /api/keys/restore-multiple`
pub async fn some(State(context): Parts, Body(text): Body<KeysText>) -> Reply<RestoreReply> {
    let chosen = text.read(&context).await?;
    let pool = context.keyring.pool(chosen.group);
    let mut ids = chosen.ids(&context.db).await?;
    ids.retain(|id| pool.get(*id).is_some_and(|key| key.status() == KeyStatus::Invalid));
    key_store::set_status(&context.db, &pool, &ids, KeyStatus::Active).await?;
    let total_in_group = count(&context.db, chosen.group).await?;
    Ok(Data(RestoreReply { restored_count: ids.len(), ignored_count: chosen.others(ids.len()), total_in_group }))
}

/// `POST /api/keys/restore-all-invalid`
pub async fn all_invalid(State(context): Parts, Body(OfGroup { group_id }): Body<OfGroup>) -> Acknowledged {
    groups::find_standard(&context, group_id).await?;
    let pool = context.keyring.pool(group_id);
    let ids = pool.ids_of(|key| key.status() == KeyStatus::Invalid);
    key_store::set_status(&context.db, &pool, &ids, KeyStatus::Active).await?;
    Ok(Done(Message::KeysRestored(ids.len())))
}
