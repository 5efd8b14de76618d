//! A group as clients see it.

use std::collections::BTreeMap;

use domain::group::{ChannelType, Group, GroupKind, GroupSpec, UpstreamSpec};
use domain::ids::GroupId;
use domain::raw_object::RawObject;
use domain::rewrite::headers::{HeaderRule, HeaderRules};
use domain::settings::Settings;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::admin::openapi::schema::Rfc3339;
use crate::clock;
use crate::snapshot::Snapshot;

/// The group object.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GroupObject {
    id: GroupId,
    name: String,
    /// Where clients send their requests.
    endpoint: String,
    display_name: String,
    description: String,
    group_type: GroupKind,
    upstreams: Vec<UpstreamSpec>,
    channel_type: ChannelType,
    sort: i64,
    test_model: String,
    validation_endpoint: String,
    param_overrides: RawObject,
    model_redirect_rules: BTreeMap<String, String>,
    model_redirect_strict: bool,
    config: Map<String, Value>,
    header_rules: Vec<HeaderRule>,
    proxy_keys: String,
    enabled: bool,
    /// What is stored and can't be used as it is, which guards are at work, and what a validation could not tell.
    warnings: Vec<String>,
    #[schemars(with = "Option<Rfc3339>")]
    last_validated_at: Option<Timestamp>,
    #[schemars(with = "Rfc3339")]
    created_at: Timestamp,
    #[schemars(with = "Rfc3339")]
    updated_at: Timestamp,
}

impl GroupObject {
    /// Shows a group as `snapshot` has it.
    pub fn new(group: Group, snapshot: &Snapshot) -> Self {
        let (spec, system) = (group.spec, &snapshot.settings);
        let service = snapshot.service(group.id);
        let guards = service.map_or_else(Vec::new, |service| service.guards_at_work(clock::mono_ms()));
        let remark = service.and_then(|service| service.pool.last_remark());
        Self {
            id: group.id,
            endpoint: format!("{}/proxy/{}", system.app_url.trim_end_matches('/'), spec.name),
            warnings: warnings(&spec, system).chain(guards).chain(remark).collect(),
            name: spec.name,
            display_name: spec.display_name,
            description: spec.description,
            group_type: spec.kind,
            upstreams: spec.upstreams,
            channel_type: spec.channel,
            sort: spec.sort,
            test_model: spec.test_model,
            validation_endpoint: spec.validation_endpoint,
            param_overrides: spec.param_overrides,
            model_redirect_rules: spec.model_redirect_rules,
            model_redirect_strict: spec.model_redirect_strict,
            config: spec.config,
            header_rules: spec.header_rules,
            proxy_keys: spec.proxy_keys,
            enabled: group.enabled,
            last_validated_at: group.last_validated_at,
            created_at: group.created_at,
            updated_at: group.updated_at,
        }
    }
}

/// GPT-Load 1.4.x checked less than we do: its groups may hold what the data plane leaves out.
fn warnings(spec: &GroupSpec, system: &Settings) -> impl Iterator<Item = String> {
    let (_, rules) = HeaderRules::compile_lenient(&spec.header_rules);
    let (_, overrides) = system.with_overrides(&spec.config);
    let rules = rules.into_iter().map(|fault| fault.to_string());
    rules.chain(overrides.into_iter().map(|fault| format!("config.{fault}")))
}
