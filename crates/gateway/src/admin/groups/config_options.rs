//! `GET /api/groups/config-options`: the settings a group may override.

use axum::extract::State;
use domain::settings::TABLE;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::admin::Parts;
use crate::admin::language::spoken;
use crate::admin::reply::Data;

/// A setting a group may override.
#[derive(JsonSchema, Serialize)]
pub struct ConfigOption {
    key: &'static str,
    name: &'static str,
    description: &'static str,
    /// What holds for a group that doesn't override it: the system's value.
    default_value: Value,
    /// `int`, `bool` or `string`.
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_value: Option<i64>,
    /// What a number counts: `seconds`, `minutes` or `percent`; absent if that needs no word.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// The heading it stands under.
    category: &'static str,
}

/// In the order of the settings' table.
pub async fn list(State(context): Parts) -> Data<Vec<ConfigOption>> {
    let language = spoken();
    let snapshot = context.publisher.current();
    let options = TABLE.iter().filter(|setting| setting.per_group).map(|setting| {
        let (min_value, max_value, unit) = setting.kind.limits();
        ConfigOption {
            key: setting.key,
            name: setting.name.within(language),
            description: setting.description.within(language),
            default_value: snapshot.settings.get(setting.key),
            r#type: setting.kind.api_type(),
            min_value,
            max_value,
            unit,
            category: setting.category.within(language),
        }
    });
    Data(options.collect())
}
