//! The checks behind each [`Kind`] of setting.

use serde_json::Value;
use url::Url;

use super::{Kind, Setting};
use crate::allowed::Allowed;
use crate::status_codes::StatusSet;

/// A setting that can't be as given: which one, what was given and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {given} is not allowed; {allowed}")]
pub struct SettingError {
    /// The setting's key.
    pub key: String,
    /// The value given, as JSON; `****` where it may hold a password.
    pub given: String,
    /// What would be right.
    pub allowed: Allowed,
}

impl SettingError {
    fn new(key: &str, given: impl Into<String>, allowed: Allowed) -> Self {
        Self { key: key.to_owned(), given: given.into(), allowed }
    }

    /// A key that is no setting at all.
    #[must_use]
    pub fn unknown(key: &str) -> Self {
        Self::new(key, format!("{key:?}"), Allowed::Setting)
    }

    /// A key that a group can't override.
    pub(super) fn unknown_override(key: &str) -> Self {
        Self::new(key, format!("{key:?}"), Allowed::GroupSetting)
    }
}

/// Whether `value` may be stored for `setting`.
pub(super) fn check(setting: &Setting, value: &Value) -> Result<(), SettingError> {
    let wrong = |allowed| Err(SettingError::new(setting.key, value.to_string(), allowed));
    match (setting.kind, value) {
        (Kind::Int { min, max, .. }, Value::Number(number)) => match number.as_i64() {
            Some(number) if (min..=max).contains(&number) => Ok(()),
            _ => wrong(Allowed::WholeNumber(min, max)),
        },
        (Kind::Int { min, max, .. }, _) => wrong(Allowed::WholeNumber(min, max)),
        (Kind::Bool, Value::Bool(_)) => Ok(()),
        (Kind::Bool, _) => wrong(Allowed::TrueOrFalse),
        (_, Value::String(text)) => check_text(setting, text.trim()),
        _ => wrong(Allowed::String),
    }
}

fn check_text(setting: &Setting, text: &str) -> Result<(), SettingError> {
    let wrong = |allowed| Err(SettingError::new(setting.key, format!("{text:?}"), allowed));
    match setting.kind {
        Kind::RequiredText if text.is_empty() => wrong(Allowed::NotEmpty),
        Kind::HttpUrl => check_url(setting, text, &["http", "https"]),
        Kind::ProxyUrl if text.is_empty() => Ok(()),
        Kind::ProxyUrl => check_url(setting, text, &["http", "https", "socks5", "socks5h"]),
        Kind::StatusCodes => match text.parse::<StatusSet>() {
            Ok(_) => Ok(()),
            Err(fault) => wrong(Allowed::Statuses(fault.part)),
        },
        _ => Ok(()),
    }
}

fn check_url(setting: &Setting, text: &str, schemes: &'static [&'static str]) -> Result<(), SettingError> {
    match Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(()),
        // A URL that can't be parsed can't be masked either, and it may hold a password.
        _ => Err(SettingError::new(setting.key, "****", Allowed::Url(schemes))),
    }
}
