//! Answers that tell of success.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde::Serialize;

use super::error::ApiError;
use super::messages::Message;

/// What a handler with data returns.
pub type Reply<T> = Result<Data<T>, ApiError>;

/// What a handler without data returns.
pub type Acknowledged = Result<Done, ApiError>;

/// `{"code":0,"message":"Success","data":…}`
#[derive(Clone, Copy, Debug)]
pub struct Data<T>(pub T);

/// `{"code":0,"message":…}`
#[derive(Clone, Debug)]
pub struct Done(pub Message);

#[derive(Serialize)]
struct Envelope<T> {
    code: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        Json(Envelope { code: 0, message: Message::Success.to_string(), data: Some(self.0) }).into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        Json(Envelope::<()> { code: 0, message: self.0.to_string(), data: None }).into_response()
    }
}

/// Answers hold keys and go stale at once: no browser and no proxy may keep them.
pub async fn not_to_be_cached(mut response: Response) -> Response {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn data_is_left_out_when_there_is_none() {
        assert_eq!(text(Data([1]).into_response()).await, r#"{"code":0,"message":"Success","data":[1]}"#);
        let done = Done(Message::KeysCleared(2)).into_response();
        assert_eq!(text(done).await, r#"{"code":0,"message":"2 keys cleared"}"#);
    }
}
