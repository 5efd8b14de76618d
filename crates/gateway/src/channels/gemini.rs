//! Google's Gemini API, native and in its OpenAI-compatible form.

use domain::secret::Secret;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::{Channel, ErrorShape, bearer, put};

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// `x-goog-api-key: KEY`, never in the URL; the model is in the path. Paths under `/v1beta/openai` are OpenAI's in both respects.
pub struct Gemini;

fn is_openai_style(path: &str) -> bool {
    path.contains("/v1beta/openai/")
}

impl Channel for Gemini {
    fn authorize(&self, path: &str, key: &Secret, headers: &mut HeaderMap) {
        if is_openai_style(path) {
            bearer(key, headers);
        } else {
            put(API_KEY, key.expose(), headers);
        }
    }

    fn validation_path(&self, model: &str) -> String {
        format!("/v1beta/models/{model}:generateContent")
    }

    fn validation_body(&self, _model: &str) -> Value {
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    }

    /// A page has 50 models unless told otherwise.
    fn models_path(&self, _validation_path: &str) -> String {
        "/v1beta/models?pageSize=1000".to_owned()
    }

    /// GPT-Load 1.4.x ignores the endpoint here, so its databases hold stale ones.
    fn takes_validation_endpoint(&self) -> bool {
        false
    }

    fn names_model_in_path(&self, path: &str) -> bool {
        !is_openai_style(path)
    }

    fn streams_by_path(&self, path: &str) -> bool {
        path.ends_with(":streamGenerateContent")
    }

    fn error_shape(&self) -> ErrorShape {
        ErrorShape::Gemini
    }
}
