//! `GET` and `PUT /api/settings`: the dynamic settings of the whole system.

use axum::extract::State;
use domain::language::Language;
use domain::settings::{Kind, Setting, SettingError, Settings, TABLE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Parts;
use super::error::ApiError;
use super::extract::Body;
use super::language::spoken;
use super::messages::Message;
use super::openapi::schema::SystemSettings;
use super::reply::{Acknowledged, Data, Done};

/// Settings under one heading.
#[derive(JsonSchema, Serialize)]
pub struct Category {
    category_name: &'static str,
    settings: Vec<SettingObject>,
}

/// A setting with its value in force.
#[derive(JsonSchema, Serialize)]
struct SettingObject {
    key: &'static str,
    name: &'static str,
    value: Value,
    r#type: &'static str,
    /// Text, whatever the type.
    default_value: &'static str,
    description: &'static str,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_value: Option<i64>,
    /// What a number counts: `seconds`, `minutes`, `days` or `percent`; absent if that needs no word.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    required: bool,
    /// Whether a group may override it.
    per_group: bool,
}

/// Settings with their new values.
#[derive(JsonSchema, Deserialize)]
#[serde(transparent)]
pub struct Changes(#[schemars(with = "SystemSettings")] Map<String, Value>);

/// All settings, in the order of their table.
pub async fn list(State(context): Parts) -> Data<Vec<Category>> {
    Data(categories(&context.publisher.current().settings, spoken()))
}

/// Changes some settings, all or none. They are in force when the answer leaves.
pub async fn update(State(context): Parts, Body(Changes(values)): Body<Changes>) -> Acknowledged {
    let rows = values.iter().map(|(key, value)| row(key, value)).collect::<Result<Vec<_>, _>>()?;
    context.db.put_settings(&rows).await?;
    context.publisher.refresh().await?;
    Ok(Done(Message::SettingsUpdated))
}

fn categories(settings: &Settings, language: Language) -> Vec<Category> {
    let headings = TABLE.chunk_by(|one, next| one.category == next.category);
    let category = |rows: &[Setting]| {
        let category_name = rows.first()?.category.within(language);
        let settings = rows.iter().map(|row| SettingObject::new(row, settings, language)).collect();
        Some(Category { category_name, settings })
    };
    headings.filter_map(category).collect()
}

impl SettingObject {
    fn new(setting: &Setting, settings: &Settings, language: Language) -> Self {
        let (min_value, max_value, unit) = setting.kind.limits();
        let required = matches!(setting.kind, Kind::Int { .. } | Kind::RequiredText | Kind::HttpUrl);
        Self {
            key: setting.key,
            name: setting.name.within(language),
            value: settings.get(setting.key),
            r#type: setting.kind.api_type(),
            default_value: setting.default,
            description: setting.description.within(language),
            category: setting.category.within(language),
            min_value,
            max_value,
            unit,
            required,
            per_group: setting.per_group,
        }
    }
}

/// The row to store. A setting that is set to its default needs none, but for those that every database holds.
fn row(key: &str, value: &Value) -> Result<(String, Option<String>), ApiError> {
    let setting = Setting::find(key).ok_or_else(|| SettingError::unknown(key))?;
    let text = setting.to_stored(value)?;
    let is_always_stored = matches!(setting.kind, Kind::RequiredText | Kind::HttpUrl);
    Ok((key.to_owned(), Some(text).filter(|text| is_always_stored || text != setting.default)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_setting_is_listed_once_under_its_heading() {
        let categories = categories(&Settings::default(), Language::English);
        let keys: Vec<_> = categories.iter().flat_map(|category| &category.settings).map(|row| row.key).collect();
        assert_eq!(keys, TABLE.iter().map(|row| row.key).collect::<Vec<_>>());
        for category in &categories {
            assert!(category.settings.iter().all(|row| row.category == category.category_name));
        }
    }

    #[test]
    fn a_setting_looks_as_clients_know_it() {
        let settings = Settings { max_retries: 5, ..Settings::default() };
        let shown = |key| {
            serde_json::to_value(SettingObject::new(Setting::find(key).unwrap(), &settings, Language::English)).unwrap()
        };
        let retries = shown("max_retries");
        assert_eq!(retries["value"], 5);
        assert_eq!(retries["default_value"], "3");
        assert_eq!((&retries["type"], &retries["min_value"]), (&json!("int"), &json!(0)));
        assert_eq!(
            (&retries["max_value"], retries.get("unit"), &retries["per_group"]),
            (&json!(100), None, &json!(true))
        );
        let retention = shown("request_log_retention_days");
        assert_eq!((&retention["unit"], &retention["per_group"]), (&json!("days"), &json!(false)));
        assert_eq!(shown("enable_request_body_logging")["value"], false);
        assert_eq!((&shown("proxy_keys")["required"], &shown("proxy_url")["required"]), (&json!(true), &json!(false)));
        assert!(shown("proxy_url").get("min_value").is_none());
    }

    #[test]
    fn only_what_differs_from_the_default_has_a_row() {
        assert_eq!(row("max_retries", &json!(3)), Ok(("max_retries".to_owned(), None)));
        assert_eq!(row("max_retries", &json!(4)), Ok(("max_retries".to_owned(), Some("4".to_owned()))));
        assert_eq!(
            row("app_url", &json!("http://localhost:3001")).unwrap().1.as_deref(),
            Some("http://localhost:3001")
        );
    }

    #[test]
    fn wrong_values_are_named() {
        let cases = [
            ("max_retries", json!("3"), "max_retries: \"3\""),
            ("max_retries", json!(-1), "max_retries: -1"),
            ("max_retries", json!(null), "max_retries: null"),
            ("proxy_keys", json!(" "), "proxy_keys"),
            ("no_such", json!(1), "no_such"),
        ];
        for (key, value, part) in cases {
            let error = row(key, &value).unwrap_err();
            assert!(error.message().contains(part), "{}", error.message());
        }
    }
}
