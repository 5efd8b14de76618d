//! The dynamic settings: one table, declared once.
//!
//! The `settings!` block below is the only place that names a setting. The typed [`Settings`], the defaults, the checks, the settings
//! API, the group override form and the README's table all come from it. Order of precedence: group > system > default.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::language::Text;
use crate::status_codes::StatusSet;

mod check;
mod table;

pub use check::SettingError;
pub use table::{Settings, TABLE};

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from `min` to `max`, both included.
    Int {
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
        /// What it counts.
        unit: Unit,
    },
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// A text that must not be empty.
    RequiredText,
    /// An absolute `http` or `https` URL.
    HttpUrl,
    /// Empty, or the URL of an outbound proxy: `http`, `https`, `socks5` or `socks5h`.
    ProxyUrl,
    /// A list of statuses and ranges of them, as [`StatusSet`] reads it.
    StatusCodes,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Days.
    Days,
    /// Hundredths of something.
    Percent,
    /// Things that need no unit.
    Pieces,
}

impl Kind {
    /// The smallest number, the largest one, and the unit's name in the admin API, if it has one. Nothing for what is no number.
    #[must_use]
    pub fn limits(self) -> (Option<i64>, Option<i64>, Option<&'static str>) {
        let Self::Int { min, max, unit } = self else { return (None, None, None) };
        let name = match unit {
            Unit::Seconds => Some("seconds"),
            Unit::Minutes => Some("minutes"),
            Unit::Days => Some("days"),
            Unit::Percent => Some("percent"),
            Unit::Pieces => None,
        };
        (Some(min), Some(max), name)
    }

    /// The name of the type in the admin API: `int`, `bool` or `string`.
    #[must_use]
    pub fn api_type(self) -> &'static str {
        match self {
            Self::Int { .. } => "int",
            Self::Bool => "bool",
            _ => "string",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name in the database, the API and a group's `config`.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The default, as it would be stored.
    pub default: &'static str,
    /// Another value that GPT-Load 1.4.x stored as its own default although nobody chose it; read as [`default`](Self::default).
    pub default_of_1_4: Option<&'static str>,
    /// Whether a group's `config` may override it.
    pub per_group: bool,
    /// Heading it stands under in the console.
    pub category: Text,
    /// Short name for people.
    pub name: Text,
    /// What it does, its unit and its special values.
    pub description: Text,
}

impl Setting {
    /// The row of `key`, if there is such a setting.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        TABLE.iter().find(|setting| setting.key == key)
    }

    /// The default as JSON of the setting's type.
    #[must_use]
    pub fn default_value(&self) -> Value {
        self.parse_stored(self.default).unwrap_or(Value::Null)
    }

    /// Reads a stored text: the JSON value of the setting's type, checked.
    pub fn parse_stored(&self, text: &str) -> Result<Value, SettingError> {
        let text = match self.default_of_1_4 {
            Some(old) if old == text.trim() => self.default,
            _ => text,
        };
        let value = match self.kind {
            Kind::Int { .. } => text.trim().parse::<i64>().map_or_else(|_| text.into(), Value::from),
            Kind::Bool => text.trim().parse::<bool>().map_or_else(|_| text.into(), Value::from),
            _ => text.into(),
        };
        check::check(self, &value)?;
        Ok(value)
    }

    /// Checks a value given through the API and returns the text to store.
    pub fn to_stored(&self, value: &Value) -> Result<String, SettingError> {
        check::check(self, value)?;
        Ok(match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        })
    }
}

impl Settings {
    /// The system's settings from the stored rows. A row that can't be used keeps the default and is reported; rows of other programs are ignored.
    #[must_use]
    pub fn from_stored(rows: &BTreeMap<String, String>) -> (Self, Vec<SettingError>) {
        let mut settings = Self::default();
        let mut faults = Vec::new();
        for setting in TABLE {
            let Some(text) = rows.get(setting.key) else { continue };
            match setting.parse_stored(text) {
                Ok(value) => settings.put(setting.key, &value),
                Err(fault) => faults.push(fault),
            }
        }
        (settings, faults)
    }

    /// These settings with a group's `config` on top. An override that can't be used is left out and reported.
    #[must_use]
    pub fn with_overrides(&self, config: &Map<String, Value>) -> (Self, Vec<SettingError>) {
        let mut settings = self.clone();
        let mut faults = Vec::new();
        for (key, value) in config {
            match check_override(key, value) {
                Ok(Some(value)) => settings.put(key, &value),
                Ok(None) => {}
                Err(fault) => faults.push(fault),
            }
        }
        (settings, faults)
    }

    /// [`failover_status_codes`](Self::failover_status_codes), read.
    #[must_use]
    pub fn failover(&self) -> StatusSet {
        self.failover_status_codes.parse().unwrap_or_default()
    }

    /// [`blacklist_status_codes`](Self::blacklist_status_codes), read.
    #[must_use]
    pub fn blacklist(&self) -> StatusSet {
        self.blacklist_status_codes.parse().unwrap_or_default()
    }
}

/// Checks one member of a group's `config`. `None`: the value is null and the setting is inherited.
pub fn check_override(key: &str, value: &Value) -> Result<Option<Value>, SettingError> {
    let setting =
        Setting::find(key).filter(|setting| setting.per_group).ok_or_else(|| SettingError::unknown_override(key))?;
    if value.is_null() {
        return Ok(None);
    }
    match value {
        Value::String(text) => setting.parse_stored(text).map(Some),
        other => check::check(setting, other).map(|()| Some(other.clone())),
    }
}

#[cfg(test)]
mod tests;
