//! `POST /api/auth/login`: whether a key is the admin key. It gives out nothing: every call carries the key itself.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Parts;
use super::extract::{Body, ClientIp};
use super::messages::Message;

/// A key that may be the admin key.
#[derive(JsonSchema, Deserialize)]
pub struct Login {
    auth_key: String,
}

/// The one answer without an envelope.
#[derive(JsonSchema, Serialize)]
pub struct LoginReply {
    success: bool,
    message: String,
}

/// Wrong keys are answered late.
pub async fn login(
    State(context): Parts,
    ClientIp(client): ClientIp,
    Body(login): Body<Login>,
) -> (StatusCode, Json<LoginReply>) {
    match context.gate.admit(Some(&login.auth_key), client).await {
        Ok(_) => (StatusCode::OK, Json(LoginReply { success: true, message: Message::LoggedIn.to_string() })),
        Err(error) => {
            let message = error.message();
            (StatusCode::UNAUTHORIZED, Json(LoginReply { success: false, message }))
        }
    }
}
