//! What the client gets: the provider's answer, or one of our own in the provider's form. The data plane's error bodies are built here
//! and nowhere else.

use std::time::Duration;

use domain::rewrite::headers::strip_hop_by_hop;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode, response};
use serde_json::{Value, json};

use crate::channels::ErrorShape;
use crate::clock;
use crate::keyring::Census;
use crate::server::body::ServerBody;

const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An answer of our own: the request goes no further.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// GPT-Load's code.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
    retry_after: Option<Duration>,
    shape: ErrorShape,
}

impl Refusal {
    fn new(shape: ErrorShape, status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, shape }
    }

    fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    pub fn unknown_group(name: &str) -> Self {
        let name: String = name.chars().take(100).collect();
        let message = format!("there is no group {name:?}; the path is /proxy/GROUP/…");
        Self::new(ErrorShape::OpenAi, StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub fn unauthorized(shape: ErrorShape) -> Self {
        let message = "Unauthorized: the proxy key is missing or not valid for this group";
        Self::new(shape, StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }

    pub fn bad_path(shape: ErrorShape) -> Self {
        let message = "the path climbs out of the upstream's base path by its .. segments";
        Self::new(shape, StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub fn too_busy(shape: ErrorShape) -> Self {
        let message = "too many requests are under way (MAX_CONCURRENT_REQUESTS)";
        Self::new(shape, StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_REQUESTS", message)
            .retry_after(Duration::from_secs(1))
    }

    pub fn body_too_large(shape: ErrorShape, limit_bytes: u64) -> Self {
        let message = format!("the request body is larger than {limit_bytes} bytes");
        Self::new(shape, StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", message)
    }

    pub fn no_memory(shape: ErrorShape) -> Self {
        let message = "too many large request bodies are under way to edit this one";
        Self::new(shape, StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_REQUESTS", message)
            .retry_after(Duration::from_secs(1))
    }

    pub fn no_sockets(shape: ErrorShape) -> Self {
        let message = "too many connections are open to make another one to an upstream";
        Self::new(shape, StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_REQUESTS", message)
            .retry_after(Duration::from_secs(1))
    }

    pub fn body_timed_out(shape: ErrorShape) -> Self {
        Self::new(shape, StatusCode::REQUEST_TIMEOUT, "BAD_REQUEST", "the request body stopped coming")
    }

    pub fn body_broken(shape: ErrorShape) -> Self {
        Self::new(shape, StatusCode::BAD_REQUEST, "BAD_REQUEST", "the request body is malformed")
    }

    /// The client's request could not be sent as it is.
    pub fn request_failed(shape: ErrorShape, status: u16, why: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(shape, status, "BAD_REQUEST", why)
    }

    pub fn model_refused(shape: ErrorShape, model: &str) -> Self {
        let message = format!("the model {model:?} is not allowed in this group: it has no redirect rule");
        Self::new(shape, StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub fn disabled(shape: ErrorShape) -> Self {
        Self::new(shape, StatusCode::SERVICE_UNAVAILABLE, "NO_KEYS_AVAILABLE", "this group is disabled")
    }

    /// No key can serve now: why, in numbers.
    pub fn no_keys(shape: ErrorShape, is_aggregate: bool, census: &Census) -> Self {
        let what = if is_aggregate { "No available sub-groups" } else { "No active API keys available for this group" };
        let refusal = Self::new(
            shape,
            StatusCode::SERVICE_UNAVAILABLE,
            "NO_KEYS_AVAILABLE",
            format!("{what} ({})", describe(census)),
        );
        match census.first_wake_ms {
            Some(wake) => refusal.retry_after(Duration::from_millis(wake.saturating_sub(clock::mono_ms()))),
            None => refusal,
        }
    }

    /// No upstream answered.
    pub fn no_answer(shape: ErrorShape, status: u16, why: &str) -> Self {
        let (status, code) = match status {
            504 => (StatusCode::GATEWAY_TIMEOUT, "UPSTREAM_TIMEOUT"),
            _ => (StatusCode::BAD_GATEWAY, "UPSTREAM_UNREACHABLE"),
        };
        Self::new(shape, status, code, why)
    }

    /// The provider refused our key. Its own answer would tell the client that the client's key is wrong.
    pub fn key_rejected(shape: ErrorShape, status: u16, message: &str) -> Self {
        let message = format!("the provider refused the key that was used: {status} {message}");
        Self::new(shape, StatusCode::SERVICE_UNAVAILABLE, "UPSTREAM_KEY_REJECTED", message)
    }

    /// The answer.
    pub fn into_response(self) -> Response<ServerBody> {
        let mut body = match self.shape {
            ErrorShape::OpenAi => self.openai(),
            ErrorShape::Anthropic => self.anthropic(),
            ErrorShape::Gemini => self.gemini(),
        };
        body["code"] = self.code.into();
        body["message"] = self.message.as_str().into();
        let mut response = Response::new(ServerBody::from(body.to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(time) = self.retry_after {
            // Rounded up: a client that comes a moment too early would wait once more.
            let seconds = time.as_millis().div_ceil(1000).max(1);
            let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }

    fn openai(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            400..500 => "invalid_request_error",
            _ => "server_error",
        };
        json!({"error": {"message": self.message, "type": kind, "code": self.code.to_ascii_lowercase()}})
    }

    fn anthropic(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            404 => "not_found_error",
            413 => "request_too_large",
            400..500 => "invalid_request_error",
            503 => "overloaded_error",
            504 => "timeout_error",
            _ => "api_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": self.message}})
    }

    fn gemini(&self) -> Value {
        let word = match self.status.as_u16() {
            401 => "UNAUTHENTICATED",
            404 => "NOT_FOUND",
            400..500 => "INVALID_ARGUMENT",
            504 => "DEADLINE_EXCEEDED",
            _ => "UNAVAILABLE",
        };
        json!({"error": {"code": self.status.as_u16(), "message": self.message, "status": word}})
    }
}

/// "12 keys: 9 rate limited, the first back in 41 s; 3 refused by the provider: 401 Incorrect API key provided"
fn describe(census: &Census) -> String {
    let mut parts = Vec::new();
    if census.resting > 0 {
        let back = census.first_wake_ms.map(|wake| wake.saturating_sub(clock::mono_ms()).div_ceil(1000));
        let back = back.map_or_else(String::new, |seconds| format!(", the first back in {seconds} s"));
        parts.push(format!("{} rate limited{back}", census.resting));
    }
    if census.invalid > 0 {
        let last = census.last_refusal.as_ref().map(|(status, message)| format!(": {status} {message}"));
        parts.push(format!("{} refused by the provider{}", census.invalid, last.unwrap_or_default()));
    }
    if census.disabled > 0 {
        parts.push(format!("{} disabled", census.disabled));
    }
    let keys = if census.total == 1 { "key" } else { "keys" };
    let parts = parts.join("; ");
    if parts.is_empty() { format!("{} {keys}", census.total) } else { format!("{} {keys}: {parts}", census.total) }
}

/// The head of a provider's answer as it goes to the client.
pub fn passed_on(mut head: response::Parts, is_event_stream: bool) -> response::Parts {
    strip_hop_by_hop(&mut head.headers);
    if is_event_stream {
        // An nginx in front of us would hold events back to fill its buffers, and caches would keep them.
        head.headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        head.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
    head
}

/// Makes the head fit an answer whose body we have written anew and uncompressed.
pub fn rewritten(head: &mut response::Parts) {
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(CONTENT_ENCODING);
}

#[cfg(test)]
mod tests;
