//! Gemini's errors: Google's `Status` with its details (<https://google.aip.dev/193>).

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::Kind;

const SERVICE: &str = "generativelanguage.googleapis.com";

/// The window that a quota counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Whole again within a minute.
    Minute,
    /// Whole again at midnight US Pacific.
    Day,
}

pub(super) fn answer(kind: Kind, key: &str, model: &str) -> Answer {
    match kind {
        Kind::InvalidKey => invalid_key(),
        Kind::Suspended => suspended(key),
        Kind::Quota => exhausted(model, Per::Day, 3600),
        Kind::RateLimited { seconds } => exhausted(model, Per::Minute, seconds),
        Kind::ServerError => server_error(),
        Kind::Overloaded => overloaded(),
        Kind::ModelNotFound => model_not_found(model),
        Kind::BadRequest => bad_request(),
    }
}

/// 400 `API_KEY_INVALID`.
pub fn invalid_key() -> Answer {
    key_refused("API key not valid. Please pass a valid API key.")
}

/// 400 `API_KEY_INVALID` of a key past its time.
pub fn expired_key() -> Answer {
    key_refused("API key expired. Please renew the API key.")
}

/// 403 `CONSUMER_SUSPENDED`; message and details repeat the key.
pub fn suspended(key: &str) -> Answer {
    let consumer = format!("api_key:{key}");
    let info = json!({"consumer": "projects/100000000000", "containerInfo": consumer, "service": SERVICE});
    let message = format!("Permission denied: Consumer '{consumer}' has been suspended.");
    error(403, "PERMISSION_DENIED", &message, &[error_info("CONSUMER_SUSPENDED", &info)])
}

/// 403 of a key that was found in public.
pub fn leaked() -> Answer {
    let message = "Your API key was reported as leaked. Please use another API key.";
    error(403, "PERMISSION_DENIED", message, &[])
}

/// 429 `RESOURCE_EXHAUSTED` with `QuotaFailure`, `Help` and `RetryInfo`. Its text speaks of billing although nothing is owed.
pub fn exhausted(model: &str, per: Per, seconds: u64) -> Answer {
    let metric = format!("{SERVICE}/generate_content_free_tier_requests");
    let window = if per == Per::Day { "Day" } else { "Minute" };
    let violation = json!({
        "quotaMetric": metric,
        "quotaId": format!("GenerateRequestsPer{window}PerProjectPerModel-FreeTier"),
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": "10",
    });
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details. \
         * Quota exceeded for metric: {metric}, limit: 10, model: {model}\nPlease retry in {seconds}.25s."
    );
    let link = json!({"description": "Learn more about Gemini API quotas", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"});
    let details = [
        detail("QuotaFailure", &json!({"violations": [violation]})),
        detail("Help", &json!({"links": [link]})),
        detail("RetryInfo", &json!({"retryDelay": format!("{seconds}s")})),
    ];
    error(429, "RESOURCE_EXHAUSTED", &message, &details)
}

/// 400 `INVALID_ARGUMENT`: the client's mistake.
pub fn bad_request() -> Answer {
    error(400, "INVALID_ARGUMENT", "* GenerateContentRequest.contents: contents is not specified\n", &[])
}

/// 404 `NOT_FOUND`.
pub fn model_not_found(model: &str) -> Answer {
    let message =
        format!("models/{model} is not found for API version v1beta, or is not supported for generateContent.");
    error(404, "NOT_FOUND", &message, &[])
}

/// 500 `INTERNAL`.
pub fn server_error() -> Answer {
    error(500, "INTERNAL", "An internal error has occurred. Please retry.", &[])
}

/// 503 `UNAVAILABLE`.
pub fn overloaded() -> Answer {
    error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", &[])
}

/// The same error as `/v1beta/openai` gives it: in an array.
pub fn in_array(error: &Answer) -> Answer {
    let body: Value = serde_json::from_slice(&error.body_bytes()).expect("the error has a JSON body");
    json_answer(error.status, &json!([body]))
}

fn key_refused(message: &str) -> Answer {
    let local = detail("LocalizedMessage", &json!({"locale": "en-US", "message": message}));
    let info = error_info("API_KEY_INVALID", &json!({"service": SERVICE}));
    error(400, "INVALID_ARGUMENT", message, &[info, local])
}

fn error_info(reason: &str, metadata: &Value) -> Value {
    detail("ErrorInfo", &json!({"reason": reason, "domain": "googleapis.com", "metadata": metadata}))
}

fn detail(name: &str, fields: &Value) -> Value {
    let mut detail = json!({"@type": format!("type.googleapis.com/google.rpc.{name}")});
    for (field, value) in fields.as_object().into_iter().flatten() {
        detail[field] = value.clone();
    }
    detail
}

fn error(code: u16, status: &str, message: &str, details: &[Value]) -> Answer {
    let mut error = json!({"code": code, "message": message, "status": status});
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    json_answer(code, &json!({"error": error}))
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::with_body(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
        .header("vary", "Origin")
        .header("vary", "X-Origin")
        .header("server", "scaffolding on HTTPServer2")
}
