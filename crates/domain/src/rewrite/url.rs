//! From a client's path and query to the upstream's.

use std::borrow::Cow;

use super::percent;

/// The group that a client's path `/proxy/GROUP…` names, as written, and the provider's path behind it.
#[must_use]
pub fn group_and_rest(path: &str) -> (&str, &str) {
    let named = path.strip_prefix("/proxy/").unwrap_or_default();
    named.split_at(named.find('/').unwrap_or(named.len()))
}

/// The path and query to ask the upstream for: `base_path` of its URL, then `rest` of the client's path, then the query.
/// At the joint stands one slash, more only if the client sent more. Every other byte stays as it came.
///
/// ```
/// assert_eq!(domain::rewrite::url::join("/prefix/", "/v1/chat", Some("a=1")), "/prefix/v1/chat?a=1");
/// ```
#[must_use]
pub fn join(base_path: &str, rest: &str, query: Option<&str>) -> String {
    let base = if rest.is_empty() && !base_path.is_empty() { base_path } else { base_path.trim_end_matches('/') };
    let mut out = String::with_capacity(base.len() + 1 + rest.len() + query.map_or(0, |query| query.len() + 1));
    out.push_str(base);
    let lacks_slash = if rest.is_empty() { base.is_empty() } else { !rest.starts_with('/') };
    if lacks_slash {
        out.push('/');
    }
    out.push_str(rest);
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out
}

/// Whether `path` (what follows the upstream's base path) climbs above where it starts by `..` segments.
///
/// Judged as the laxest server would read it: dots may be percent-encoded, `\`, `%2f` and `%5c` separate
/// segments too, and empty segments don't count.
#[must_use]
pub fn escapes_base(path: &str) -> bool {
    if !path.contains("..") && !path.contains('%') {
        return false;
    }
    let mut depth = 0_usize;
    for segment in percent::decode(path).split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// `query` without its `key` parameters, however the name is encoded; the others stay byte for byte.
/// `None` if there was no query, or nothing is left of it.
#[must_use]
pub fn strip_key(query: Option<&str>) -> Option<Cow<'_, str>> {
    let query = query?;
    if !query.split('&').any(is_key) {
        return Some(Cow::Borrowed(query));
    }
    let kept = query.split('&').filter(|param| !is_key(param)).collect::<Vec<_>>().join("&");
    (!kept.is_empty()).then_some(Cow::Owned(kept))
}

/// The value of the first `key` parameter, decoded as a form does it (`+` is a space).
#[must_use]
pub fn key_of(query: &str) -> Option<Cow<'_, str>> {
    value_of(query, "key")
}

/// The value of the first parameter of this name, decoded in the same way.
pub(super) fn value_of<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    let param = query.split('&').find(|param| param_name(param) == name)?;
    let value = param.split_once('=').map_or("", |(_, value)| value);
    if !value.contains('+') {
        return Some(percent::decode(value));
    }
    Some(Cow::Owned(percent::decode(&value.replace('+', " ")).into_owned()))
}

/// Whether the query has a parameter with one of these names.
pub(super) fn has_param(query: &str, names: &[&str]) -> bool {
    query.split('&').any(|param| names.contains(&param_name(param).as_ref()))
}

fn is_key(param: &str) -> bool {
    param_name(param) == "key"
}

pub(super) fn param_name(param: &str) -> Cow<'_, str> {
    percent::decode(param.split_once('=').map_or(param, |(name, _)| name))
}

#[cfg(test)]
mod tests;
