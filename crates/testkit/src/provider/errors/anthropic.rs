//! Anthropic's errors (<https://docs.anthropic.com/en/api/errors>).

use serde_json::json;

use super::super::answer::Answer;
use super::{Kind, in_seconds};

pub(super) fn answer(kind: Kind, model: &str) -> Answer {
    match kind {
        Kind::InvalidKey => invalid_key(),
        Kind::Suspended => error(403, "permission_error", "This organization has been disabled."),
        Kind::Quota => low_credit(),
        Kind::RateLimited { seconds } => rate_limited(seconds),
        Kind::ServerError => server_error(),
        Kind::Overloaded => overloaded(),
        Kind::ModelNotFound => not_found(&format!("model: {model}")),
        Kind::BadRequest => bad_request("messages: at least one message is required"),
    }
}

/// 401 `authentication_error`.
pub fn invalid_key() -> Answer {
    error(401, "authentication_error", "invalid x-api-key")
}

/// 400 whose text alone tells that the account has no money left.
pub fn low_credit() -> Answer {
    let message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.";
    error(400, "invalid_request_error", message)
}

/// 400 `invalid_request_error`: the client's mistake.
pub fn bad_request(message: &str) -> Answer {
    error(400, "invalid_request_error", message)
}

/// 403 `permission_error`.
pub fn permission() -> Answer {
    error(403, "permission_error", "Your API key does not have permission to use the specified resource.")
}

/// 404 `not_found_error`.
pub fn not_found(what: &str) -> Answer {
    error(404, "not_found_error", what)
}

/// 413 `request_too_large`.
pub fn too_large() -> Answer {
    error(413, "request_too_large", "Request exceeds the maximum size")
}

/// 429 `rate_limit_error` with `retry-after` and the `anthropic-ratelimit-*` headers.
pub fn rate_limited(seconds: u64) -> Answer {
    let reset = in_seconds(seconds);
    let limits = [
        ("requests", "50", "0"),
        ("input-tokens", "40000", "39000"),
        ("output-tokens", "8000", "8000"),
        ("tokens", "48000", "47000"),
    ];
    let message = "This request would exceed the rate limit of 50 requests per minute for your organization.";
    let answer = error(429, "rate_limit_error", message).header("retry-after", &seconds.to_string());
    limits.iter().fold(answer, |answer, (what, limit, remaining)| {
        let name = |part: &str| format!("anthropic-ratelimit-{what}-{part}");
        answer.header(&name("limit"), limit).header(&name("remaining"), remaining).header(&name("reset"), &reset)
    })
}

/// 500 `api_error`.
pub fn server_error() -> Answer {
    error(500, "api_error", "Internal server error")
}

/// 529 `overloaded_error`.
pub fn overloaded() -> Answer {
    error(529, "overloaded_error", "Overloaded")
}

fn error(status: u16, kind: &str, message: &str) -> Answer {
    let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_mock"});
    Answer::json(status, &body).header("request-id", "req_mock")
}
