//! The HTTP status an error event would have had as an answer.

use super::provider_error::ProviderError;
use super::signs;

/// The status under which an error event of a stream is judged: what its code, type or status stands for, 402 for
/// another billing or account fault, 500 if nothing is known. Always from 400 to 599.
#[must_use]
pub fn pseudo_status(error: &ProviderError) -> u16 {
    let names = [&error.code, &error.kind, &error.status];
    let numeric =
        names.iter().find_map(|name| name.as_ref()?.parse().ok().filter(|status| (400..600).contains(status)));
    let known = || names.iter().find_map(|name| lookup(name.as_deref()?));
    let account = || signs::account_code(error).then_some(402);
    numeric.or_else(known).or_else(account).unwrap_or(500)
}

fn lookup(name: &str) -> Option<u16> {
    STATUSES.iter().find(|(known, _)| *known == name).map(|(_, status)| *status)
}

const STATUSES: &[(&str, u16)] = &[
    // Anthropic: docs "Errors"
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
    // OpenAI: docs "Error codes", and the response error codes of the Responses API
    ("invalid_prompt", 400),
    ("context_length_exceeded", 400),
    ("content_policy_violation", 400),
    ("invalid_api_key", 401),
    ("unsupported_country_region_territory", 403),
    ("model_not_found", 404),
    ("rate_limit_exceeded", 429),
    ("insufficient_quota", 429),
    ("requests", 429),
    ("tokens", 429),
    ("server_error", 500),
    // Moonshot, Mistral, DashScope
    ("rate_limit_reached_error", 429),
    ("rate_limited", 429),
    ("InvalidApiKey", 401),
    // Google: google.rpc.Code and its HTTP mapping
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("RESOURCE_EXHAUSTED", 429),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

#[cfg(test)]
mod tests;
