//! A group as an operator configures it.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::allowed::Allowed;
use crate::ids::GroupId;
use crate::raw_object::RawObject;
use crate::rewrite::headers::HeaderRule;

mod check;

pub use check::{GroupError, check_length};

/// The provider's dialect a group speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelType {
    /// OpenAI's chat completions and everything compatible with them.
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenAI's responses API.
    #[serde(rename = "openai-response")]
    OpenAiResponse,
    /// Anthropic's messages API.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
}

impl ChannelType {
    /// All of them, in the order the API lists them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::OpenAiResponse, Self::Gemini, Self::Anthropic];

    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::OpenAiResponse => "openai-response",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

impl FromStr for ChannelType {
    type Err = GroupError;

    fn from_str(word: &str) -> Result<Self, GroupError> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word).ok_or_else(|| {
            GroupError::new("channel_type", word, Allowed::OneOf(&["openai", "openai-response", "anthropic", "gemini"]))
        })
    }
}

/// Whether a group has keys of its own or spreads over other groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Has keys and upstreams.
    #[default]
    Standard,
    /// Has weighted sub-groups.
    Aggregate,
}

impl GroupKind {
    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Aggregate => "aggregate",
        }
    }
}

impl FromStr for GroupKind {
    type Err = GroupError;

    fn from_str(word: &str) -> Result<Self, GroupError> {
        match word {
            "standard" | "" => Ok(Self::Standard),
            "aggregate" => Ok(Self::Aggregate),
            _ => Err(GroupError::new("group_type", word, Allowed::OneOf(&["standard", "aggregate"]))),
        }
    }
}

/// One base URL of a group and its share of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpstreamSpec {
    /// Absolute `http` or `https` URL, perhaps with a path.
    #[schemars(regex(pattern = "^https?://."))]
    pub url: String,
    /// Share relative to the other upstreams, 0 to 1000; 0 takes none.
    #[schemars(range(max = 1000))]
    pub weight: u32,
}

/// Everything an operator sets about a group, named as in the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupSpec {
    /// Name in the URL: `^[a-z0-9_-]{1,100}$`.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// Remark, at most 512 characters.
    pub description: String,
    /// Standard or aggregate; never changes.
    #[serde(rename = "group_type")]
    pub kind: GroupKind,
    /// The provider's dialect.
    #[serde(rename = "channel_type")]
    pub channel: ChannelType,
    /// Where requests go; empty for aggregates.
    pub upstreams: Vec<UpstreamSpec>,
    /// Path, perhaps with a query, that replaces the channel's own validation path; empty for none.
    pub validation_endpoint: String,
    /// Place in lists, ascending.
    pub sort: i64,
    /// Model that validation asks for.
    pub test_model: String,
    /// Members put into every JSON request body.
    pub param_overrides: RawObject,
    /// Settings that differ from the system's.
    pub config: Map<String, Value>,
    /// Header rules, applied in order.
    pub header_rules: Vec<HeaderRule>,
    /// Model asked for → model sent.
    pub model_redirect_rules: BTreeMap<String, String>,
    /// Whether models without a rule are refused.
    pub model_redirect_strict: bool,
    /// Keys with which clients may use this group, comma separated.
    pub proxy_keys: String,
}

impl GroupSpec {
    /// A group in which nothing is set but what never changes and what every group must have.
    #[must_use]
    pub fn blank(kind: GroupKind, channel: ChannelType) -> Self {
        Self {
            name: String::new(),
            display_name: String::new(),
            description: String::new(),
            kind,
            channel,
            upstreams: Vec::new(),
            validation_endpoint: String::new(),
            sort: 0,
            test_model: String::new(),
            param_overrides: RawObject::default(),
            config: Map::new(),
            header_rules: Vec::new(),
            model_redirect_rules: BTreeMap::new(),
            model_redirect_strict: false,
            proxy_keys: String::new(),
        }
    }
}

/// A stored group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Row id.
    pub id: GroupId,
    /// What an operator set.
    pub spec: GroupSpec,
    /// Whether it serves; a disabled group answers 503.
    pub enabled: bool,
    /// When its keys were last validated.
    pub last_validated_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One sub-group of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubGroup {
    /// The aggregate.
    pub group_id: GroupId,
    /// The member.
    pub sub_group_id: GroupId,
    /// Share relative to the other members, 0 to 1000; 0 takes none.
    pub weight: u32,
}

/// Splits a comma separated list of proxy keys.
pub fn proxy_keys(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests;
