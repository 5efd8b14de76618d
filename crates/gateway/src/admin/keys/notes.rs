//! `PUT /api/keys/{id}/notes`

use axum::extract::State;
use domain::group::check_length;
use domain::ids::KeyId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::admin::Parts;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::messages::Message;
use crate::admin::reply::{Acknowledged, Done};

/// Longest notes, in characters.
const MAX_CHARS: usize = 255;

/// An operator's remark.
#[derive(JsonSchema, Deserialize)]
pub struct Notes {
    #[schemars(length(max = MAX_CHARS))]
    notes: String,
}

/// Replaces an operator's remark on a key.
pub async fn update(State(context): Parts, InPath(id): InPath<KeyId>, Body(body): Body<Notes>) -> Acknowledged {
    let notes = body.notes.trim();
    check_length("notes", notes, MAX_CHARS)?;
    context.db.set_notes(id, notes).await.map_err(ApiError::naming(Message::UnknownKey(id)))?;
    Ok(Done(Message::NotesUpdated))
}
