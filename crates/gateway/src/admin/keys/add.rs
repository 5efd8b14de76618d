//! `POST /api/keys/add-multiple`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use storage::keys::SLICE;

use super::{KeysText, count};
use crate::admin::Parts;
use crate::admin::extract::Body;
use crate::admin::reply::{Data, Reply};
use crate::key_store;

/// What became of the text.
#[derive(JsonSchema, Serialize)]
pub struct AddReply {
    added_count: usize,
    /// Repeats in the text, and keys the group has already.
    ignored_count: usize,
    total_in_group: u64,
}

/// Adds keys to a group. They serve when the answer leaves.
pub async fn add(State(context): Parts, Body(text): Body<KeysText>) -> Reply<AddReply> {
    let chosen = text.read(&context).await?;
    let pool = context.keyring.pool(chosen.group);
    let mut added_count = 0;
    for slice in chosen.keys.chunks(SLICE) {
        added_count += key_store::add(&context.db, &pool, chosen.group, slice).await?.added.len();
    }
    let total_in_group = count(&context.db, chosen.group).await?;
    Ok(Data(AddReply { added_count, ignored_count: chosen.others(added_count), total_in_group }))
}
