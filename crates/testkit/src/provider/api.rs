//! The providers' interfaces when all is well: complete enough for their official SDKs, plain and streamed.

use bytes::Bytes;
use serde_json::Value;

use super::answer::Answer;
use super::received::Received;

mod anthropic;
mod chat;
mod gemini;
mod openai;
mod realtime;
mod responses;

/// The pieces of which every text answer consists; each is one event of a stream.
pub const WORDS: [&str; 6] = ["Hello", " from", " the", " mock", " provider", "."];

/// Tokens that every answer says the question had.
pub const INPUT_TOKENS: u64 = 9;

/// Tokens that every answer says it had itself.
pub const OUTPUT_TOKENS: u64 = 6;

/// When everything here was made: 2025-01-01T00:00:00Z in seconds.
const CREATED: u64 = 1_735_689_600;

/// Whose interface a request calls, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `OpenAI` and its many relatives.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Gemini's own format.
    Gemini,
    /// Gemini's endpoint in OpenAI's format; its errors are Gemini's, in an array.
    GeminiOpenAi,
}

impl Dialect {
    /// `/v1/models` belongs to all of them (Google's SDKs call Gemini's `v1` too): the headers tell.
    pub fn of(request: &Received) -> Self {
        let path = request.path();
        if path.contains("/v1beta/openai/") {
            Self::GeminiOpenAi
        } else if path.contains("/v1beta/") || request.headers.has("x-goog-api-key") {
            Self::Gemini
        } else if path.contains("/messages")
            || request.headers.has("anthropic-version")
            || request.headers.has("x-api-key")
        {
            Self::Anthropic
        } else {
            Self::OpenAi
        }
    }
}

/// The good answer to this request, or the provider's 404.
pub(super) fn answer(request: &Received) -> Answer {
    match Dialect::of(request) {
        Dialect::OpenAi | Dialect::GeminiOpenAi => openai::answer(request),
        Dialect::Anthropic => anthropic::answer(request),
        Dialect::Gemini => gemini::answer(request),
    }
}

/// The whole text of every answer.
pub fn text() -> String {
    WORDS.concat()
}

fn reads(request: &Received) -> bool {
    matches!(request.method.as_str(), "GET" | "HEAD")
}

fn data(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

/// An event that is named by its own `type`, as Anthropic and the Responses API do it.
fn typed_event(value: &Value) -> Bytes {
    let name = value["type"].as_str().unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {value}\n\n"))
}
