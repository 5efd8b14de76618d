//! The checks behind each [`Kind`] of setting.

use serde_json::Value;
use url::Url;

use super::{Kind, Setting, TABLE};
use crate::status_codes::StatusSet;

/// A setting that can't be as given: which one, what was given and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {given} is not allowed; {allowed}")]
pub struct SettingError {
    /// The setting's key.
    pub key: String,
    /// The value given, as JSON; a URL without its credentials.
    pub given: String,
    /// What would be right.
    pub allowed: String,
}

impl SettingError {
    fn new(key: &str, given: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { key: key.to_owned(), given: given.into(), allowed: allowed.into() }
    }

    /// A key that is no setting at all.
    #[must_use]
    pub fn unknown(key: &str) -> Self {
        Self::new(key, "the name", format!("settings are: {}", names(|_| true)))
    }

    /// A key that a group can't override.
    pub(super) fn unknown_override(key: &str) -> Self {
        Self::new(key, "an override of it", format!("a group may override: {}", names(|setting| setting.per_group)))
    }
}

fn names(wanted: impl Fn(&Setting) -> bool) -> String {
    let names: Vec<_> = TABLE.iter().filter(|setting| wanted(setting)).map(|setting| setting.key).collect();
    names.join(", ")
}

/// Whether `value` may be stored for `setting`.
pub(super) fn check(setting: &Setting, value: &Value) -> Result<(), SettingError> {
    let wrong = |allowed: String| Err(SettingError::new(setting.key, value.to_string(), allowed));
    match (setting.kind, value) {
        (Kind::Int { min, max }, Value::Number(number)) => match number.as_i64() {
            Some(number) if (min..=max).contains(&number) => Ok(()),
            _ => wrong(format!("a whole number from {min} to {max}")),
        },
        (Kind::Int { min, max }, _) => wrong(format!("a whole number from {min} to {max}")),
        (Kind::Bool, Value::Bool(_)) => Ok(()),
        (Kind::Bool, _) => wrong("true or false".to_owned()),
        (_, Value::String(text)) => check_text(setting, text.trim()),
        _ => wrong("a string".to_owned()),
    }
}

fn check_text(setting: &Setting, text: &str) -> Result<(), SettingError> {
    match setting.kind {
        Kind::RequiredText if text.is_empty() => {
            Err(SettingError::new(setting.key, "an empty string", "it must not be empty"))
        }
        Kind::HttpUrl => check_url(setting, text, &["http", "https"]),
        Kind::ProxyUrl if text.is_empty() => Ok(()),
        Kind::ProxyUrl => check_url(setting, text, &["http", "https", "socks5", "socks5h"]),
        Kind::StatusCodes => match text.parse::<StatusSet>() {
            Ok(_) => Ok(()),
            Err(fault) => Err(SettingError::new(setting.key, format!("{text:?}"), fault.to_string())),
        },
        _ => Ok(()),
    }
}

fn check_url(setting: &Setting, text: &str, schemes: &[&str]) -> Result<(), SettingError> {
    let allowed = format!("an absolute URL with a host, starting with one of: {}", schemes.join(", "));
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(()),
        // A URL that can't be parsed can't be masked either, and it may hold a password.
        _ => Err(SettingError::new(setting.key, "the value", allowed)),
    }
}
