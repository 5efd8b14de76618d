//! `GET /api/dashboard/encryption-status`: whether the stored keys fit `ENCRYPTION_KEY`.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use storage::keys::Scenario;

use crate::admin::Parts;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};

/// What doesn't fit; empty texts if all is well.
#[derive(JsonSchema, Serialize)]
pub struct EncryptionStatus {
    has_mismatch: bool,
    scenario_type: &'static str,
    message: String,
    suggestion: String,
}

/// Judged by a sample of the keys.
pub async fn status(State(context): Parts) -> Reply<EncryptionStatus> {
    let scenario = context.db.encryption_state().await?.scenario;
    let told = |message: fn(Scenario) -> Message| scenario.map(|it| message(it).to_string()).unwrap_or_default();
    Ok(Data(EncryptionStatus {
        has_mismatch: scenario.is_some(),
        scenario_type: scenario.map_or("", Scenario::as_str),
        message: told(Message::Mismatch),
        suggestion: told(Message::AgainstMismatch),
    }))
}
