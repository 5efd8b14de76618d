//! OpenAI's responses API.

use domain::secret::Secret;
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Channel, bearer};

/// `Authorization: Bearer KEY`; the model is in the body.
pub struct OpenAiResponse;

impl Channel for OpenAiResponse {
    fn authorize(&self, _path: &str, key: &Secret, headers: &mut HeaderMap) {
        bearer(key, headers);
    }

    fn validation_path(&self, _model: &str) -> String {
        "/v1/responses".to_owned()
    }

    fn validation_body(&self, model: &str) -> Value {
        json!({"model": model, "input": "hi"})
    }
}
