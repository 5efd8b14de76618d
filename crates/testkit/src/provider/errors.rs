//! Errors in the form in which the real providers send them: status, headers, body.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::answer::Answer;
use super::api::Dialect;
use super::received::Received;

pub mod anthropic;
pub mod edge;
pub mod gemini;
pub mod openai;
pub mod relatives;

/// A fault that every provider has, each in its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key is unknown.
    InvalidKey,
    /// The key or its account was shut down.
    Suspended,
    /// The key has no money left.
    Quota,
    /// Too many calls; told to wait so many seconds.
    RateLimited {
        /// The wait.
        seconds: u64,
    },
    /// The provider failed.
    ServerError,
    /// The provider has too much to do.
    Overloaded,
    /// There is no such model.
    ModelNotFound,
    /// The request makes no sense.
    BadRequest,
}

/// The error in the form of the provider whose path is called.
pub fn answer(kind: Kind, request: &Received) -> Answer {
    let model = request.model().unwrap_or_else(|| "unknown".to_owned());
    let key = request.key.as_deref().unwrap_or_default();
    match Dialect::of(request) {
        Dialect::OpenAi => openai::answer(kind, key, &model),
        Dialect::Anthropic => anthropic::answer(kind, &model),
        Dialect::Gemini => gemini::answer(kind, key, &model),
        Dialect::GeminiOpenAi => gemini::in_array(&gemini::answer(kind, key, &model)),
    }
}

/// A 200 event stream that holds nothing but this error, as its provider would put it.
pub fn as_event(error: &Answer, dialect: Dialect) -> Answer {
    let body: Value = serde_json::from_slice(&error.body_bytes()).expect("the error has a JSON body");
    let name = if dialect == Dialect::Anthropic { "event: error\n" } else { "" };
    Answer::events([format!("{name}data: {body}\n\n")])
}

/// A 200 event stream without any event.
pub fn empty_stream() -> Answer {
    Answer::events(Vec::<Bytes>::new())
}

/// RFC 3339, so many seconds from now: Anthropic's `*-reset` headers.
fn in_seconds(seconds: u64) -> String {
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("the present is a time");
    let then = now + SignedDuration::from_secs(i64::try_from(seconds).expect("a wait that ends"));
    then.to_string()
}
