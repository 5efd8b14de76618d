//! OpenAI's errors (<https://platform.openai.com/docs/guides/error-codes>).

use serde_json::json;

use super::super::answer::Answer;
use super::Kind;

pub(super) fn answer(kind: Kind, key: &str, model: &str) -> Answer {
    match kind {
        Kind::InvalidKey => invalid_key(key),
        Kind::Suspended => deactivated(),
        Kind::Quota => quota(),
        Kind::RateLimited { seconds } => rate_limited(model, seconds),
        Kind::ServerError => server_error(),
        Kind::Overloaded => overloaded(),
        Kind::ModelNotFound => model_not_found(model),
        Kind::BadRequest => bad_request("Invalid value for 'messages': expected an array of objects."),
    }
}

/// 401 `invalid_api_key`; the message shows the key with its middle masked.
pub fn invalid_key(key: &str) -> Answer {
    let shown = match (key.get(..4), key.len().checked_sub(4).and_then(|at| key.get(at..))) {
        (Some(start), Some(end)) if key.len() > 8 => format!("{start}****{end}"),
        _ => "****".to_owned(),
    };
    let message = format!(
        "Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    );
    error(401, &message, "invalid_request_error", Some("invalid_api_key"))
        .header("www-authenticate", "Bearer realm=\"OpenAI API\"")
}

/// 401 that repeats the whole key, as careless relatives do.
pub fn key_echoed(key: &str) -> Answer {
    error(401, &format!("Unknown token {key}: ask for a new one"), "authentication_error", Some("invalid_api_key"))
}

/// 401 `account_deactivated`.
pub fn deactivated() -> Answer {
    let message = "The account behind this API key was deactivated. Write to support if you need help.";
    error(401, message, "invalid_request_error", Some("account_deactivated"))
}

/// 429 `insufficient_quota`: no money left, no time named.
pub fn quota() -> Answer {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    error(429, message, "insufficient_quota", Some("insufficient_quota"))
}

/// 429 `rate_limit_exceeded` per minute, with `retry-after` and the `x-ratelimit-*` headers.
pub fn rate_limited(model: &str, seconds: u64) -> Answer {
    let message = format!(
        "Rate limit reached for {model} in organization org-mock on requests per min (RPM): Limit 3, Used 3, Requested 1. \
         Please try again in {seconds}s."
    );
    error(429, &message, "requests", Some("rate_limit_exceeded"))
        .header("retry-after", &seconds.to_string())
        .header("retry-after-ms", &(seconds * 1000).to_string())
        .header("x-ratelimit-limit-requests", "3")
        .header("x-ratelimit-limit-tokens", "100000")
        .header("x-ratelimit-remaining-requests", "0")
        .header("x-ratelimit-remaining-tokens", "99000")
        .header("x-ratelimit-reset-requests", &format!("{seconds}s"))
        .header("x-ratelimit-reset-tokens", "6ms")
}

/// 403 `unsupported_country_region_territory`: about the address, not the key.
pub fn region() -> Answer {
    let code = Some("unsupported_country_region_territory");
    error(403, "Country, region, or territory not supported", "request_forbidden", code)
}

/// 404 `model_not_found`.
pub fn model_not_found(model: &str) -> Answer {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    error(404, &message, "invalid_request_error", Some("model_not_found"))
}

/// 404 for a path that does not exist.
pub fn unknown_url(method: &str, path: &str) -> Answer {
    error(404, &format!("Invalid URL ({method} {path})"), "invalid_request_error", None)
}

/// 400 `invalid_request_error`.
pub fn bad_request(message: &str) -> Answer {
    error(400, message, "invalid_request_error", Some("invalid_type"))
}

/// 400 for a body that is no JSON object.
pub fn bad_json() -> Answer {
    let message = "The JSON body of this request could not be parsed.";
    error(400, message, "invalid_request_error", None)
}

/// 500 `server_error`.
pub fn server_error() -> Answer {
    error(500, "The server had an error while processing your request.", "server_error", None)
}

/// 503: overloaded.
pub fn overloaded() -> Answer {
    let message = "The engine is currently overloaded, please try again later.";
    error(503, message, "service_unavailable_error", Some("server_overloaded"))
}

/// The error event of the Responses API, first in a 200 stream.
pub fn responses_error_event() -> Answer {
    let body = json!({
        "type": "error",
        "code": "server_error",
        "message": "The server had an error while processing your request.",
        "param": null,
        "sequence_number": 0,
    });
    Answer::events([format!("event: error\ndata: {body}\n\n")])
}

fn error(status: u16, message: &str, kind: &str, code: Option<&str>) -> Answer {
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    Answer::with_body(status, "application/json", format!("{body:#}\n")).header("x-request-id", "req_mock")
}
