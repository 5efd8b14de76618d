//! A text of keys of any length: in JSON, or as the file of a form.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use domain::allowed::Allowed;
use domain::ids::GroupId;
use http::header::CONTENT_TYPE;

use super::KeysText;
use crate::admin::error::ApiError;
use crate::admin::extract;
use crate::admin::messages::Message;

/// A request with such a text, which is not read yet.
pub struct Upload(Request);

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request))
    }
}

/// Reads `{"group_id","keys_text"}`, or a form with the fields `group_id` and `file`.
pub async fn read(Upload(request): Upload) -> Result<KeysText, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let form = Multipart::from_request(request, &()).await;
        return read_form(form.map_err(|error| unreadable(error.body_text()))?).await;
    }
    let body = Bytes::from_request(request, &()).await.map_err(|error| unreadable(error.body_text()))?;
    // Straight away first: the reader that explains what is wrong keeps another copy of the text.
    serde_json::from_slice(&body).or_else(|_| extract::read(&body))
}

async fn read_form(mut form: Multipart) -> Result<KeysText, ApiError> {
    let (mut group, mut keys) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        match field.name().unwrap_or_default() {
            "group_id" => group = Some(group_id(&field.text().await.map_err(|error| broken(&error))?)?),
            "file" => keys = Some(text(field).await?),
            _ => {}
        }
    }
    let group_id = group.ok_or_else(|| ApiError::bad_request(&Message::GroupIdMissing))?;
    let keys_text = keys.ok_or_else(|| ApiError::field("file", "", Allowed::KeyFile))?;
    Ok(KeysText { group_id, keys_text })
}

fn group_id(text: &str) -> Result<GroupId, ApiError> {
    let id = text.trim().parse().map(GroupId);
    id.map_err(|_| ApiError::field("group_id", text, Allowed::GroupId))
}

async fn text(mut file: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = file.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| ApiError::field("file", "bytes that are no UTF-8", Allowed::KeyFile))
}

fn broken(error: &MultipartError) -> ApiError {
    unreadable(error.body_text())
}

fn unreadable(why: String) -> ApiError {
    ApiError::bad_request(&Message::UnreadableBody(why))
}
