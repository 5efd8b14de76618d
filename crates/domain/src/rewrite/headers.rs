//! Headers that must not pass from one side to the other, the client's credential, and header rules.
//!
//! Order for a request: [`credential`], [`strip_for_provider`], the provider's credential, the header rules.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TE};
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::url;

mod rules;
mod upgrade;

pub use rules::{HeaderAction, HeaderRule, HeaderRuleError, HeaderRules, RESERVED, Variables, canonical_name};
pub use upgrade::{subprotocol_credential, upgrade};

/// Removes what concerns one connection only (RFC 9110, 7.6.1): the fields any `Connection` names, and those known to
/// be hop by hop. `te: trailers` is kept, since upstreams answer it end to end.
///
/// `Content-Length` and `Host` stay even if `Connection` names them: they describe the message and its target, and a
/// client must not be able to take them away.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    strip(headers, |_| false);
}

/// Removes what must not reach a provider: what concerns one connection only, as [`strip_hop_by_hop`] does, what tells
/// who the client is (`Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `CF-*`, `CDN-Loop`, `Via`), and all that can carry a
/// credential: headers, and a member of the WebSocket subprotocols (`?key=` is removed by [`url::strip_key`]). `Expect` goes too: the server answers `100 Continue`
/// itself once the body is wanted.
pub fn strip_for_provider(headers: &mut HeaderMap) {
    strip(headers, |name| is_client_identity(name) || is_credential(name) || name == "expect");
    upgrade::strip_subprotocol_credential(headers);
}

/// The client's credential: the first of `?key=`, `Authorization: Bearer`, `x-api-key`, `x-goog-api-key` and `api-key`
/// that is present. An empty one, one that isn't UTF-8 and an `Authorization` of another scheme count as absent.
#[must_use]
pub fn credential<'r>(headers: &'r HeaderMap, query: Option<&'r str>) -> Option<Cow<'r, str>> {
    let in_query = query.and_then(url::key_of).filter(|key| !key.is_empty());
    in_query.or_else(|| bearer(headers).or_else(|| key_header(headers)).map(Cow::Borrowed))
}

static KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
];

fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}

fn is_client_identity(name: &str) -> bool {
    matches!(name, "forwarded" | "x-real-ip" | "cdn-loop" | "via")
        || name.starts_with("x-forwarded-")
        || name.starts_with("cf-")
}

fn is_credential(name: &str) -> bool {
    name == "authorization" || KEY_HEADERS.iter().any(|header| name == header.as_str())
}

fn strip(headers: &mut HeaderMap, also: impl Fn(&str) -> bool) {
    let unwanted = |name: &&HeaderName| is_hop_by_hop(name.as_str()) || also(name.as_str());
    let names: SmallVec<[HeaderName; 8]> = headers.keys().filter(unwanted).cloned().collect();
    // Few heads have either, and to search for them would cost more than this.
    if names.contains(&CONNECTION) {
        strip_nominated(headers);
    }
    let keeps_trailers = names.contains(&TE) && takes_trailers(headers);
    for name in names {
        headers.remove(name);
    }
    if keeps_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

fn strip_nominated(headers: &mut HeaderMap) {
    let Some(first) = headers.get(CONNECTION).cloned() else { return };
    let further: Vec<HeaderValue> = headers.get_all(CONNECTION).iter().skip(1).cloned().collect();
    for value in std::iter::once(&first).chain(&further) {
        for name in tokens(value).filter(|name| !stays_if_nominated(name)) {
            headers.remove(name);
        }
    }
}

/// `TE` must be nominated by whoever sends it, and is judged by its value.
fn stays_if_nominated(name: &str) -> bool {
    [CONTENT_LENGTH, HOST, TE].iter().any(|kept| name.eq_ignore_ascii_case(kept.as_str()))
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().flat_map(tokens).any(|token| token.eq_ignore_ascii_case("trailers"))
}

/// The members of a comma-separated list. A value with bytes that aren't ASCII holds no token.
fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(AUTHORIZATION).iter().filter_map(text).find_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim_start();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    })
}

fn key_header(headers: &HeaderMap) -> Option<&str> {
    KEY_HEADERS.iter().find_map(|name| headers.get_all(name).iter().find_map(text))
}

fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
