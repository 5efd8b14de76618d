//! What is refused, and how it is told: sizes, times, keys, numbers of requests.
//!
//! | file | what it shows |
//! |---|---|
//! | `bodies` | limits of bodies, and what of a body is kept for another attempt |
//! | `heads` | heads that are too large |
//! | `times` | clients that are slow |
//! | `refusals` | unknown groups, wrong keys, too many requests |
//! | `cors` | pages of other origins |
//! | `request_id` | our id of a request, beside the provider's |
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use serde_json::Value;
use testkit::http::Reply;

mod bodies;
mod cors;
mod heads;
mod refusals;
mod request_id;
mod times;

/// The channels and where each tells the kind of an error.
const SHAPES: [(&str, &str); 4] = [
    ("openai", "/error/type"),
    ("openai-response", "/error/type"),
    ("anthropic", "/error/type"),
    ("gemini", "/error/status"),
];

/// Checks that the answer is an error of our own in the shape of `channel`, and gives its kind.
fn kind_of(channel: &str, reply: &Reply, code: &str) -> String {
    let body = reply.json();
    assert_eq!(reply.headers.get("content-type"), Some("application/json"));
    assert_eq!(body["code"], code, "{body}");
    let message = body["message"].as_str().unwrap_or_else(|| panic!("no message: {body}"));
    assert_eq!(body["error"]["message"], message, "{body}");
    match channel {
        "anthropic" => assert_eq!(body["type"], "error", "{body}"),
        "gemini" => assert_eq!(body["error"]["code"], Value::from(reply.status), "{body}"),
        _ => assert_eq!(body["error"]["code"], code.to_lowercase(), "{body}"),
    }
    let (_, pointer) = SHAPES.iter().find(|(known, _)| *known == channel).unwrap();
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no kind: {body}")).to_owned()
}
