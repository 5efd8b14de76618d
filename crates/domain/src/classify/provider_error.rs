//! Error bodies of all providers, read into one shape.
//!
//! | who | shape |
//! |---|---|
//! | OpenAI and its many relatives | `{"error":{"message","type","param","code"}}` |
//! | Anthropic | `{"type":"error","error":{"type","message"}}` |
//! | Gemini | `{"error":{"code":429,"message","status":"RESOURCE_EXHAUSTED","details":[…]}}` |
//! | Gemini's OpenAI endpoint | the same in an array |
//! | OpenRouter | `{"error":{"code":429,"message","metadata":{"headers":{…}}}}` |
//! | xAI | `{"code":"…","error":"text"}` |
//! | Mistral, DashScope, SiliconFlow, … | `{"code","type","message"}` |
//! | OpenAI Responses events | `{"type":"error","code","message"}`, `{"type":"response.failed","response":{"error":{…}}}` |
//! | Python frameworks | `{"detail":"text"}` or `{"detail":[…]}` |

use serde_json::{Map, Value};

use super::truncated;

/// What an error body says. Everything is optional, nothing is interpreted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderError {
    /// `error.code`; numbers as decimal text.
    pub code: Option<String>,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.status`: Google's canonical code, like `RESOURCE_EXHAUSTED`.
    pub status: Option<String>,
    /// `error.details[].reason`: Google's reason, like `API_KEY_INVALID`.
    pub reason: Option<String>,
    /// The message for people. It may quote the request or the key.
    pub message: Option<String>,
    /// `error.details[].retryDelay`: Google's `RetryInfo`, like `41s`.
    pub retry_delay: Option<String>,
    /// `error.details[].violations[].quotaId`: Google's `QuotaFailure`, like
    /// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub quota_ids: Vec<String>,
    /// `error.metadata.headers`: where OpenRouter puts its rate-limit headers; names in lower case.
    pub headers: Vec<(String, String)>,
}

impl ProviderError {
    /// Reads an error body. One that was cut off is read as far as it goes; one that is no JSON gives an empty error.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let whole = serde_json::from_str(text).ok();
        let value = whole.or_else(|| serde_json::from_str(&truncated::close(text)?).ok());
        value.map_or_else(Self::default, |value: Value| Self::from_value(&value))
    }

    /// Reads an error body that is parsed already.
    #[must_use]
    pub fn from_value(body: &Value) -> Self {
        let body = first_element(body);
        let Some(outer) = body.as_object() else {
            return Self { message: words(body), ..Self::default() };
        };
        let inner = error_object(outer).unwrap_or(outer);
        let error_text = outer.get("error").and_then(text);
        let message = MESSAGE_NAMES.iter().find_map(|name| words(inner.get(*name)?));
        // {"error":"some_code","message":"…"}, but {"error":"…"} alone is a message.
        let (message, error_code) = match message {
            Some(message) => (Some(message), error_text),
            None => (error_text, None),
        };
        let details = Details::of(inner);
        Self {
            code: find_text(inner, CODE_NAMES).or_else(|| find_text(outer, CODE_NAMES)).or(error_code),
            kind: kind(inner).or_else(|| kind(outer)),
            status: inner.get("status").and_then(text),
            reason: details.find("reason"),
            message,
            retry_delay: details.find("retryDelay"),
            quota_ids: details.quota_ids(),
            headers: metadata_headers(inner),
        }
    }

    /// Whether the code, type, status or reason is exactly this.
    #[must_use]
    pub fn says(&self, name: &str) -> bool {
        [&self.code, &self.kind, &self.status, &self.reason].into_iter().any(|field| field.as_deref() == Some(name))
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const MESSAGE_NAMES: &[&str] = &["message", "msg", "error_msg", "error_message", "detail", "error_description"];
const CODE_NAMES: &[&str] = &["code", "error_code"];
/// Types that name the envelope, not the error.
const ENVELOPES: &[&str] = &["error", "response.failed"];

/// The `details` of Google's errors.
struct Details<'a>(&'a [Value]);

impl<'a> Details<'a> {
    fn of(error: &'a Map<String, Value>) -> Self {
        Self(error.get("details").and_then(Value::as_array).map_or(&[], Vec::as_slice))
    }

    fn find(&self, name: &str) -> Option<String> {
        self.0.iter().find_map(|detail| text(detail.get(name)?))
    }

    fn quota_ids(&self) -> Vec<String> {
        let violations = self.0.iter().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        violations.filter_map(|violation| text(violation.get("quotaId")?)).collect()
    }
}

fn first_element(body: &Value) -> &Value {
    body.as_array().and_then(|elements| elements.first()).unwrap_or(body)
}

fn error_object(outer: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let error = outer.get("error").or_else(|| outer.get("response")?.get("error"));
    error.or_else(|| outer.get("errors").map(first_element)).and_then(Value::as_object)
}

fn find_text(error: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(error.get(*name)?))
}

fn kind(error: &Map<String, Value>) -> Option<String> {
    error.get("type").and_then(text).filter(|kind| !ENVELOPES.contains(&kind.as_str()))
}

fn metadata_headers(error: &Map<String, Value>) -> Vec<(String, String)> {
    let headers = error.get("metadata").and_then(|metadata| metadata.get("headers")?.as_object());
    let pairs = headers.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), text(value)?))).collect()
}

/// A short value as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A message as text. Some providers send a structure, which is better than nothing.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) if !members.is_empty() => Some(value.to_string()),
        Value::Array(elements) if !elements.is_empty() => Some(value.to_string()),
        _ => text(value),
    }
}

#[cfg(test)]
mod tests;
