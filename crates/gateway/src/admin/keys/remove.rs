//! Deleting keys: chosen ones, the invalid ones, or all of a group.

use axum::extract::State;
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::Serialize;
use storage::keys::KeyScan;

use super::{KeysText, OfGroup, count};
use crate::admin::error::ApiError;
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Data, Done, Reply};
use crate::admin::{Context, Parts, groups};
use crate::key_store::{self, STEP};

/// What became of the text.
#[derive(JsonSchema, Serialize)]
pub struct DeleteReply {
    deleted_count: usize,
    /// Repeats in the text, and keys the group doesn't have.
    ignored_count: usize,
    total_in_group: u64,
}

/// `POST /api/keys/delete-multiple`
pub async fn some(State(context): Parts, Body(text): Body<KeysText>) -> Reply<DeleteReply> {
    let chosen = text.read(&context).await?;
    let ids = chosen.ids(&context.db).await?;
    let deleted = delete(&context, chosen.group, &ids).await?;
    let deleted_count = usize::try_from(deleted).unwrap_or(usize::MAX);
    let total_in_group = count(&context.db, chosen.group).await?;
    Ok(Data(DeleteReply { deleted_count, ignored_count: chosen.others(deleted_count), total_in_group }))
}

/// `POST /api/keys/clear-all-invalid`
pub async fn all_invalid(State(context): Parts, Body(OfGroup { group_id }): Body<OfGroup>) -> Acknowledged {
    groups::find_standard(&context, group_id).await?;
    let mut ids = context.keyring.pool(group_id).ids_of(|key| key.status() == KeyStatus::Invalid);
    ids.extend(unreadable_invalid(&context, group_id).await?);
    Ok(Done(Message::KeysCleared(delete(&context, group_id, &ids).await?)))
}

/// `POST /api/keys/clear-all`
pub async fn all(State(context): Parts, Body(OfGroup { group_id }): Body<OfGroup>) -> Acknowledged {
    groups::find_standard(&context, group_id).await?;
    let pool = context.keyring.pool(group_id);
    let (mut cleared, mut after) = (0, None);
    loop {
        let ids = context.db.delete_next_keys(group_id, after, STEP).await?;
        pool.remove(&ids);
        cleared += ids.len() as u64;
        match ids.last() {
            Some(last) if ids.len() == STEP as usize => after = Some(*last),
            _ => return Ok(Done(Message::KeysCleared(cleared))),
        }
    }
}

async fn delete(context: &Context, group: GroupId, ids: &[KeyId]) -> Result<u64, ApiError> {
    Ok(key_store::delete(&context.db, &context.keyring.pool(group), group, ids).await?)
}

/// Invalid keys that memory doesn't hold because they can't be decrypted.
async fn unreadable_invalid(context: &Context, group: GroupId) -> Result<Vec<KeyId>, ApiError> {
    let scan = KeyScan { group: Some(group), status: Some(KeyStatus::Invalid) };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = context.db.scan_keys(scan, after, STEP).await?;
        found.extend(page.iter().filter(|key| key.secret.is_none()).map(|key| key.id));
        match page.last() {
            Some(last) if page.len() == STEP as usize => after = Some(last.id),
            _ => return Ok(found),
        }
    }
}
