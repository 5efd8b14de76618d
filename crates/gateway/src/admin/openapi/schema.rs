//! Schemas that can't be read off a type.

use std::borrow::Cow;

use domain::settings::{Kind, Setting, TABLE};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// An instant as text, such as `2026-01-31T08:00:00.123Z`.
pub enum Rfc3339 {}

impl JsonSchema for Rfc3339 {
    fn schema_name() -> Cow<'static, str> {
        "Rfc3339".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// Settings of the whole system.
pub enum SystemSettings {}

impl JsonSchema for SystemSettings {
    fn schema_name() -> Cow<'static, str> {
        "SystemSettings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        settings(TABLE.iter().map(|row| (row.key, value_of(row))))
    }
}

/// Settings of a group. Null inherits, as absence does.
pub enum Overrides {}

impl JsonSchema for Overrides {
    fn schema_name() -> Cow<'static, str> {
        "Overrides".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let or_null = |row: &Setting| json!({"anyOf": [value_of(row), {"type": "null"}]});
        settings(TABLE.iter().filter(|row| row.per_group).map(|row| (row.key, or_null(row))))
    }
}

fn settings(rows: impl Iterator<Item = (&'static str, Value)>) -> Schema {
    let properties: Map<_, _> = rows.map(|(key, schema)| (key.to_owned(), schema)).collect();
    json_schema!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn value_of(setting: &Setting) -> Value {
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let mut schema = match setting.kind {
        Kind::Int { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Text => json!({"type": "string"}),
        Kind::RequiredText => text(r"\S"),
        Kind::HttpUrl => text("^https?://[A-Za-z0-9]"),
        Kind::ProxyUrl => text("^((https?|socks5h?)://[A-Za-z0-9].*)?$"),
        Kind::StatusCodes => text("^([1-9][0-9]{2}(-[1-9][0-9]{2})?(,[1-9][0-9]{2}(-[1-9][0-9]{2})?)*)?$"),
    };
    schema["description"] = setting.description.english.into();
    schema
}
