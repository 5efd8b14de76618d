//! What the outcome table recognises in a body: error codes, exactly; phrases, whole and only at the message's start,
//! since what a client sent may be quoted further on; HTML.

use http::{HeaderMap, header};
use memchr::memmem;

use super::provider_error::ProviderError;

/// The account, or the key, can't pay or is closed.
const ACCOUNT_CODES: &[&str] = &[
    // OpenAI, and whoever copies its errors
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "access_terminated",
    "account_deactivated",
    // Anthropic
    "billing_error",
    // Moonshot
    "exceeded_current_quota_error",
    // Groq
    "organization_restricted",
    // Alibaba
    "Arrearage",
    // Volcengine Ark
    "AccountOverdueError",
];

/// The same in words, for providers that send no code of its own for it.
// Not here: Zhipu's 1113 and SiliconFlow's 30001 ("balance insufficient"). A key without balance still serves the free
// models there.
const ACCOUNT_PHRASES: &[Phrase] = &[
    // Anthropic, as 400 invalid_request_error
    Phrase::start("your credit balance is too low"),
    Phrase::start("you have reached your specified").then("api usage limits"),
    Phrase::start("this organization has been disabled"),
    // DeepSeek
    Phrase::start("insufficient balance").only(402),
    // xAI
    Phrase::start("your team").then("has either used all available credits or reached its monthly spending limit"),
    Phrase::start("your newly created team doesn't have any credits or licenses"),
];

/// The key is refused, though not with 401: Google's reasons, the codes of OpenAI and Alibaba.
const DEAD_KEY_CODES: &[&str] = &["API_KEY_INVALID", "CONSUMER_SUSPENDED", "invalid_api_key", "InvalidApiKey"];

const DEAD_KEY_PHRASES: &[Phrase] = &[
    // Google
    Phrase::start("api key not valid"),
    Phrase::start("api key not found"),
    Phrase::start("api key expired"),
    Phrase::start("api key has expired"),
    Phrase::start("your api key has expired"),
    Phrase::start("your api key was reported as leaked"),
    Phrase::start("api key has been suspended"),
    Phrase::start("your api key has been suspended"),
    Phrase::start("permission denied: consumer 'api_key:").then("has been suspended"),
    Phrase::start("consumer 'api_key:").then("has been suspended"),
    // xAI, as 400
    Phrase::start("incorrect api key provided"),
];

/// How a message begins and, further on, goes on; in lower case.
struct Phrase {
    start: &'static str,
    then: &'static str,
    status: Option<u16>,
}

impl Phrase {
    const fn start(start: &'static str) -> Self {
        Self { start, then: "", status: None }
    }

    const fn then(self, then: &'static str) -> Self {
        Self { then, ..self }
    }

    const fn only(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    fn begins(&self, status: u16, message: &str) -> bool {
        self.status.is_none_or(|only| only == status)
            && message.strip_prefix(self.start).is_some_and(|rest| rest.contains(self.then))
    }
}

/// A billing or account fault by its code.
pub(super) fn account_code(error: &ProviderError) -> bool {
    ACCOUNT_CODES.iter().any(|code| error.says(code))
}

/// A billing or account fault by its phrase.
pub(super) fn account_phrase(status: u16, error: &ProviderError) -> bool {
    any_phrase(ACCOUNT_PHRASES, status, error)
}

/// A key that is refused with 400 or 403.
pub(super) fn dead_key(status: u16, error: &ProviderError) -> bool {
    matches!(status, 400 | 403)
        && (DEAD_KEY_CODES.iter().any(|code| error.says(code)) || any_phrase(DEAD_KEY_PHRASES, status, error))
}

/// Alibaba's limit per minute, which wears OpenAI's billing code: "Allocated quota exceeded", or OpenAI's text with a
/// link to its own page (`error-code#token-limit` there says to retry after a minute).
pub(super) fn throttle_under_billing_code(status: u16, error: &ProviderError) -> bool {
    let message = error.message.as_deref().unwrap_or_default();
    status == 429
        && error.says("insufficient_quota")
        && (message.contains("error-code#token-limit") || message.starts_with("Allocated quota exceeded"))
}

/// The model is unknown to this key. Older one-api relays say so in words only.
pub(super) fn model_not_found(error: &ProviderError) -> bool {
    let no_channel = |message: &str| message.starts_with("当前分组") && message.contains("无可用渠道");
    error.says("model_not_found") || error.message.as_deref().is_some_and(no_channel)
}

/// OpenAI serves no requests from the place we connect from.
pub(super) fn country_refused(error: &ProviderError) -> bool {
    error.says("unsupported_country_region_territory")
}

/// Whether the body is an HTML page. The body is believed before the header: relays label JSON as `text/html`.
pub(super) fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => false,
        Some(b'<') => starts_with(text, b"<!doctype html") || starts_with(text, b"<html") || says_html(headers),
        _ => says_html(headers),
    }
}

/// The title of an HTML page.
pub(super) fn html_title(body: &[u8]) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let tag = memmem::find(&lower, b"<title")?;
    let start = tag + memchr::memchr(b'>', lower.get(tag..)?)? + 1;
    let length = memmem::find(lower.get(start..)?, b"</")?;
    Some(String::from_utf8_lossy(body.get(start..start + length)?).into_owned())
}

fn any_phrase(phrases: &[Phrase], status: u16, error: &ProviderError) -> bool {
    let Some(message) = &error.message else { return false };
    let message = message.trim_start().to_lowercase().replace('’', "'");
    phrases.iter().any(|phrase| phrase.begins(status, &message))
}

fn says_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| starts_with(value.as_bytes(), b"text/html"))
}

fn starts_with(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}
