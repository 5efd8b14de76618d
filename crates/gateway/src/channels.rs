//! What differs between providers, one file each. Adding a provider means adding a file and its line in [`of`].

use domain::group::ChannelType;
use domain::secret::Secret;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

mod anthropic;
mod gemini;
mod openai;
mod openai_response;

/// A provider's dialect.
pub trait Channel: Send + Sync {
    /// Puts the provider's credential, and whatever must go with it, into the headers of a request for `path`.
    fn authorize(&self, path: &str, key: &Secret, headers: &mut HeaderMap);

    /// The path of the call that validates a key by asking `model` for a word.
    fn validation_path(&self, model: &str) -> String;

    /// The JSON body of that call.
    fn validation_body(&self, model: &str) -> serde_json::Value;

    /// The path of the list of models, beside that of the validation call: relatives of OpenAI have their own prefix.
    fn models_path(&self, validation_path: &str) -> String {
        beside(validation_path, "/models").unwrap_or_else(|| "/v1/models".to_owned())
    }

    /// Whether a group's own validation endpoint replaces [`validation_path`](Self::validation_path).
    fn takes_validation_endpoint(&self) -> bool {
        true
    }

    /// Whether requests name the model in their path rather than in their body.
    fn names_model_in_path(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// Whether a request for `path` asks for a stream whatever its body says.
    fn streams_by_path(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// The form of the provider's error bodies.
    fn error_shape(&self) -> ErrorShape {
        ErrorShape::OpenAi
    }
}

/// The form in which a provider's SDKs expect errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorShape {
    /// `{"error":{"message","type","code"}}`
    OpenAi,
    /// `{"type":"error","error":{"type","message"}}`
    Anthropic,
    /// `{"error":{"code","message","status"}}`
    Gemini,
}

/// The channel of a type.
#[must_use]
pub fn of(channel: ChannelType) -> &'static dyn Channel {
    match channel {
        ChannelType::OpenAi => &openai::OpenAi,
        ChannelType::OpenAiResponse => &openai_response::OpenAiResponse,
        ChannelType::Anthropic => &anthropic::Anthropic,
        ChannelType::Gemini => &gemini::Gemini,
    }
}

/// `path` with the name of its call, if it is one that is known, replaced by `name`.
fn beside(path: &str, name: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let mut calls = ["/chat/completions", "/responses", "/messages"].iter();
    calls.find_map(|call| path.strip_suffix(call)).map(|prefix| prefix.to_owned() + name)
}

/// Sets `Authorization: Bearer KEY`.
fn bearer(key: &Secret, headers: &mut HeaderMap) {
    let mut text = String::with_capacity("Bearer ".len() + key.expose().len());
    text.push_str("Bearer ");
    text.push_str(key.expose());
    put(AUTHORIZATION, &text, headers);
}

/// Sets `name: value`. A key that is no legal header value can't be sent at all: the provider will refuse the request without one.
fn put(name: HeaderName, value: &str, headers: &mut HeaderMap) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
