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
}

/// In the order of the settings' table.
pub async fn list(State(context): Parts) -> Data<Vec<ConfigOption>> {
    let language = spoken();
    let snapshot = context.publisher.current();
    let options = TABLE.iter().filter(|setting| setting.per_group).map(|setting| ConfigOption {
        key: setting.key,
        name: setting.name.within(language),
        description: setting.description.within(language),
        default_value: snapshot.settings.get(setting.key),
    });
    Data(options.collect())
}
