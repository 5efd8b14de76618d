//! A text of keys of any length: in JSON, or as the file of a form.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use domain::allowed::Allowed;
use domain::ids::GroupId;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use tokio::task::yield_now;

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
        let form = Multipart::from_request(request.map(end_apart), &()).await;
        return read_form(form.map_err(|error| unreadable(error.body_text()))?).await;
    }
    let body = Bytes::from_request(request, &()).await.map_err(|error| unreadable(error.body_text()))?;
    // Straight away first: the reader that explains what is wrong keeps another copy of the text.
    serde_json::from_slice(&body).or_else(|_| extract::read(&body))
}

/// The same body, whose end comes later than its last piece: the reader of forms takes one whose first boundary and end come between
/// two looks of its own, as after an `Expect: 100-continue`, for cut off.
fn end_apart(body: Body) -> Body {
    let pause = stream::once(yield_now()).filter_map(async |()| None);
    Body::from_stream(body.into_data_stream().chain(pause))
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

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--edge\r\nContent-Disposition: form-data; name=\"group_id\"\r\n\r\n7\r\n\
                        --edge\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nsk-1\nsk-2\r\n--edge--\r\n";

    #[tokio::test]
    async fn a_form_may_come_in_any_pieces_just_after_it_was_asked_for() {
        for cut in 0..FORM.len() {
            let pause = stream::once(yield_now()).filter_map(async |()| None);
            let pieces = [&FORM[..cut], &FORM[cut..]].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            let body = Body::from_stream(pause.chain(stream::iter(pieces)));
            let request = Request::post("/").header(CONTENT_TYPE, "multipart/form-data; boundary=edge");
            let read = read(Upload(request.body(body).unwrap())).await;
            let KeysText { group_id, keys_text } = read.unwrap_or_else(|error| panic!("{cut}: {}", error.message()));
            assert_eq!((group_id, keys_text.as_str()), (GroupId(7), "sk-1\nsk-2"), "{cut}");
        }
    }
}
