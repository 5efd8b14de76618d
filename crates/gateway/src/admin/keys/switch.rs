//! Taking keys out and putting them back by hand. A disabled key is used by nobody until a person enables it.

use axum::extract::State;
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::Serialize;

use super::KeysText;
use crate::admin::extract::Body;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts};
use crate::key_store;

/// What became of the text.
#[derive(JsonSchema, Serialize)]
pub struct SwitchReply {
    changed_count: usize,
    /// Repeats in the text, keys the group doesn't have, and keys that are so already.
    ignored_count: usize,
}

/// `POST /api/keys/disable-multiple`
pub async fn disable(State(context): Parts, Body(text): Body<KeysText>) -> Reply<SwitchReply> {
    switch(&context, text, |status| status != KeyStatus::Disabled, KeyStatus::Disabled).await
}

/// `POST /api/keys/enable-multiple`. Invalid keys stay so: they are restored.
pub async fn enable(State(context): Parts, Body(text): Body<KeysText>) -> Reply<SwitchReply> {
    switch(&context, text, |status| status == KeyStatus::Disabled, KeyStatus::Active).await
}

async fn switch(
    context: &Context,
    text: KeysText,
    concerns: impl Fn(KeyStatus) -> bool,
    status: KeyStatus,
) -> Reply<SwitchReply> {
    let chosen = text.read(context).await?;
    let pool = context.keyring.pool(chosen.group);
    let mut ids = chosen.ids(&context.db).await?;
    ids.retain(|id| pool.get(*id).is_some_and(|key| concerns(key.status())));
    key_store::set_status(&context.db, &pool, &ids, status).await?;
    Ok(Data(SwitchReply { changed_count: ids.len(), ignored_count: chosen.others(ids.len()) }))
}
