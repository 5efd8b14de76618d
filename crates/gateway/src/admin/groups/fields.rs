//! What a client may set about a group, and how it is laid over what there is.

use std::collections::BTreeMap;

use domain::allowed::Allowed;
use domain::group::{ChannelType, GroupKind, GroupSpec, UpstreamSpec};
use domain::raw_object::RawObject;
use domain::rewrite::headers::{HeaderRule, HeaderRules, canonical_name};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admin::error::ApiError;
use crate::admin::openapi::schema::Overrides;

/// What stands in an aggregate's row, which has no model of its own: the column must not be empty for GPT-Load 1.4.x.
const NO_TEST_MODEL: &str = "-";

/// The fields of a group. One that is absent or null stays as it is; `{}`, `[]` and `""` clear.
#[derive(Debug, Default, JsonSchema, Deserialize)]
#[serde(default)]
pub struct GroupFields {
    #[schemars(regex(pattern = "^[a-z0-9_-]{1,100}$"))]
    name: Option<String>,
    #[schemars(length(max = 255))]
    display_name: Option<String>,
    #[schemars(length(max = 512))]
    description: Option<String>,
    /// What a group is can't be changed; `standard` if absent.
    #[schemars(with = "Option<GroupKind>")]
    group_type: Option<String>,
    /// Required for a new group.
    #[schemars(with = "Option<ChannelType>")]
    channel_type: Option<String>,
    upstreams: Option<Vec<UpstreamSpec>>,
    #[schemars(length(max = 255))]
    validation_endpoint: Option<String>,
    sort: Option<i64>,
    /// Required for a new group that is no aggregate.
    #[schemars(length(max = 255))]
    test_model: Option<String>,
    param_overrides: Option<RawObject>,
    /// Settings that differ from the system's.
    #[schemars(with = "Option<Overrides>")]
    config: Option<Map<String, Value>>,
    header_rules: Option<Vec<HeaderRule>>,
    model_redirect_rules: Option<BTreeMap<String, String>>,
    model_redirect_strict: Option<bool>,
    proxy_keys: Option<String>,
}

impl GroupFields {
    /// A new group.
    pub fn create(self) -> Result<GroupSpec, ApiError> {
        let kind = self.kind()?.unwrap_or_default();
        let channel: ChannelType = self.channel_type.as_deref().unwrap_or_default().trim().parse()?;
        self.laid_over(GroupSpec::blank(kind, channel))
    }

    /// `old` with these fields changed. Whether it is an aggregate can't be.
    pub fn update(self, old: GroupSpec) -> Result<GroupSpec, ApiError> {
        match self.kind()? {
            Some(kind) if kind != old.kind => {
                Err(ApiError::field("group_type", kind.as_str(), Allowed::SameKind(old.kind)))
            }
            _ => self.laid_over(old),
        }
    }

    fn kind(&self) -> Result<Option<GroupKind>, ApiError> {
        Ok(self.group_type.as_deref().map(|word| word.trim().parse()).transpose()?)
    }

    fn laid_over(self, mut spec: GroupSpec) -> Result<GroupSpec, ApiError> {
        if let Some(channel) = self.channel_type {
            spec.channel = channel.trim().parse()?;
        }
        put_text(&mut spec.name, self.name);
        put_text(&mut spec.display_name, self.display_name);
        put_text(&mut spec.description, self.description);
        put_text(&mut spec.validation_endpoint, self.validation_endpoint);
        put_text(&mut spec.test_model, self.test_model.filter(|model| !model.trim().is_empty()));
        put_text(&mut spec.proxy_keys, self.proxy_keys);
        put(&mut spec.upstreams, self.upstreams);
        put(&mut spec.sort, self.sort);
        put(&mut spec.param_overrides, self.param_overrides);
        put(&mut spec.config, self.config);
        put(&mut spec.header_rules, self.header_rules);
        put(&mut spec.model_redirect_rules, self.model_redirect_rules);
        put(&mut spec.model_redirect_strict, self.model_redirect_strict);
        checked(spec)
    }
}

fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn put_text(place: &mut String, given: Option<String>) {
    put(place, given.map(|text| text.trim().to_owned()));
}

fn checked(mut spec: GroupSpec) -> Result<GroupSpec, ApiError> {
    if spec.kind == GroupKind::Aggregate {
        spec.upstreams.clear();
        spec.validation_endpoint.clear();
        NO_TEST_MODEL.clone_into(&mut spec.test_model);
    }
    for upstream in &mut spec.upstreams {
        upstream.url = upstream.url.trim().to_owned();
    }
    for rule in &mut spec.header_rules {
        rule.key = canonical_name(rule.key.trim());
    }
    // A null inherits, as absence does.
    spec.config.retain(|_, value| !value.is_null());
    spec.check()?;
    HeaderRules::compile(&spec.header_rules)?;
    Ok(spec)
}

#[cfg(test)]
mod tests;
