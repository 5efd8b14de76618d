//! A group's columns: read as leniently as 1.4.x wrote them, written so that it can read them back.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::group::{Group, GroupSpec};
use domain::ids::GroupId;
use domain::rewrite::headers::HeaderRule;
use sea_query::{Expr, Iden};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::StorageError;
use crate::engine::{Dialect, Row};
use crate::schema::Groups;

/// All that [`read`] needs.
pub(super) const ALL: [Groups; 20] = [
    Groups::Id,
    Groups::Name,
    Groups::DisplayName,
    Groups::ProxyKeys,
    Groups::Description,
    Groups::GroupType,
    Groups::Upstreams,
    Groups::ValidationEndpoint,
    Groups::ChannelType,
    Groups::Sort,
    Groups::TestModel,
    Groups::ParamOverrides,
    Groups::Config,
    Groups::HeaderRules,
    Groups::ModelRedirectRules,
    Groups::ModelRedirectStrict,
    Groups::LastValidatedAt,
    Groups::Enabled,
    Groups::CreatedAt,
    Groups::UpdatedAt,
];

pub(super) fn read(row: &Row) -> Result<Group, StorageError> {
    Ok(Group {
        id: GroupId(row.int(Groups::Id)?),
        spec: GroupSpec {
            name: row.text(Groups::Name)?,
            display_name: row.text(Groups::DisplayName)?,
            description: row.text(Groups::Description)?,
            kind: word(row, Groups::GroupType)?,
            channel: word(row, Groups::ChannelType)?,
            upstreams: json(row, Groups::Upstreams)?,
            validation_endpoint: row.text(Groups::ValidationEndpoint)?,
            sort: row.int(Groups::Sort)?,
            test_model: row.text(Groups::TestModel)?,
            param_overrides: json(row, Groups::ParamOverrides)?,
            config: json(row, Groups::Config)?,
            header_rules: header_rules(row)?,
            model_redirect_rules: redirect_rules(row)?,
            model_redirect_strict: row.flag(Groups::ModelRedirectStrict)?,
            proxy_keys: row.text(Groups::ProxyKeys)?,
        },
        enabled: row.flag(Groups::Enabled)?,
        last_validated_at: row.opt_time(Groups::LastValidatedAt)?,
        created_at: row.time(Groups::CreatedAt)?,
        updated_at: row.time(Groups::UpdatedAt)?,
    })
}

/// What an operator set, as 1.4.x stores it: `null` for no parameters and no settings.
pub(super) fn of(dialect: Dialect, spec: &GroupSpec) -> Vec<(Groups, Expr)> {
    let or_null = |is_empty: bool, json: String| dialect.json(if is_empty { "null".to_owned() } else { json });
    vec![
        (Groups::Name, spec.name.as_str().into()),
        (Groups::DisplayName, spec.display_name.as_str().into()),
        (Groups::ProxyKeys, spec.proxy_keys.as_str().into()),
        (Groups::Description, spec.description.as_str().into()),
        (Groups::GroupType, spec.kind.as_str().into()),
        (Groups::Upstreams, dialect.json(to_json(&spec.upstreams))),
        (Groups::ValidationEndpoint, spec.validation_endpoint.as_str().into()),
        (Groups::ChannelType, spec.channel.as_str().into()),
        (Groups::Sort, spec.sort.into()),
        (Groups::TestModel, spec.test_model.as_str().into()),
        (Groups::ParamOverrides, or_null(spec.param_overrides.is_empty(), spec.param_overrides.to_json())),
        (Groups::Config, or_null(spec.config.is_empty(), to_json(&spec.config))),
        (Groups::HeaderRules, dialect.json(to_json(&spec.header_rules))),
        (Groups::ModelRedirectRules, dialect.json(to_json(&spec.model_redirect_rules))),
        (Groups::ModelRedirectStrict, spec.model_redirect_strict.into()),
    ]
}

fn word<W: FromStr>(row: &Row, column: Groups) -> Result<W, StorageError> {
    row.text(column)?.parse().map_err(|_| corrupt(column, "it is a word we do not know"))
}

/// JSON of a column; SQL's null, JSON's null and an empty text are all "nothing set".
fn json<T: DeserializeOwned + Default>(row: &Row, column: Groups) -> Result<T, StorageError> {
    let text = row.text(column)?;
    match text.trim() {
        "" | "null" => Ok(T::default()),
        text => serde_json::from_str(text).map_err(|_| corrupt(column, "it is not the JSON expected")),
    }
}

/// Rules that are none are left out: the group must serve with the others.
fn header_rules(row: &Row) -> Result<Vec<HeaderRule>, StorageError> {
    let rules: Vec<Value> = json(row, Groups::HeaderRules)?;
    Ok(rules.into_iter().filter_map(|rule| serde_json::from_value(rule).ok()).collect())
}

fn redirect_rules(row: &Row) -> Result<BTreeMap<String, String>, StorageError> {
    let rules: BTreeMap<String, Value> = json(row, Groups::ModelRedirectRules)?;
    let text = |(from, to): (String, Value)| Some((from, to.as_str()?.to_owned()));
    Ok(rules.into_iter().filter_map(text).collect())
}

/// Not with the parser's words: they quote the value, which may hold a secret.
fn corrupt(column: Groups, reason: &'static str) -> StorageError {
    StorageError::corrupt(format!("groups.{}", column.unquoted()), reason)
}

fn to_json(value: &impl Serialize) -> String {
    // Texts, numbers and maps with text keys always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::group::{ChannelType, GroupKind};

    use super::*;

    #[test]
    fn empty_fields_are_written_as_1_4_writes_them() {
        let spec = GroupSpec {
            name: "g".to_owned(),
            test_model: "-".to_owned(),
            ..GroupSpec::blank(GroupKind::Aggregate, ChannelType::OpenAi)
        };
        let written = |wanted: Groups| {
            let columns = of(Dialect::Sqlite, &spec);
            let value = columns.into_iter().find(|(column, _)| column.unquoted() == wanted.unquoted());
            value.map(|(_, value)| value)
        };
        for (column, text) in [
            (Groups::Upstreams, "[]"),
            (Groups::ParamOverrides, "null"),
            (Groups::Config, "null"),
            (Groups::HeaderRules, "[]"),
            (Groups::ModelRedirectRules, "{}"),
        ] {
            assert_eq!(written(column), Some(text.into()), "{}", column.unquoted());
        }
    }
}
