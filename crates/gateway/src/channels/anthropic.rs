//! Anthropic's messages API.

use domain::secret::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Channel, ErrorShape, beside, put};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// `x-api-key: KEY`, and a version if the client named none; the model is in the body.
pub struct Anthropic;

impl Channel for Anthropic {
    fn authorize(&self, _path: &str, key: &Secret, headers: &mut HeaderMap) {
        put(API_KEY, key.expose(), headers);
        headers.entry(VERSION).or_insert(HeaderValue::from_static("2023-06-01"));
    }

    fn validation_path(&self, _model: &str) -> String {
        "/v1/messages".to_owned()
    }

    fn validation_body(&self, model: &str) -> Value {
        json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]})
    }

    /// A page has 20 models unless told otherwise.
    fn models_path(&self, validation_path: &str) -> String {
        beside(validation_path, "/models").unwrap_or_else(|| "/v1/models".to_owned()) + "?limit=1000"
    }

    fn error_shape(&self) -> ErrorShape {
        ErrorShape::Anthropic
    }
}
