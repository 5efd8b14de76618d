//! Header rules: what an operator sets or removes on every request of a group.

use http::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::secret::Secret;

/// What a header rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeaderAction {
    /// Puts the value in the place of every occurrence, or adds it.
    #[default]
    Set,
    /// Removes every occurrence.
    Remove,
}

/// One header rule of a group, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeaderRule {
    /// The header's name, in any case.
    pub key: String,
    /// The value, with [variables](Variables); unused by `remove`.
    #[serde(default)]
    pub value: String,
    /// What to do.
    #[serde(default)]
    pub action: HeaderAction,
}

/// Why a header rule can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderRuleError {
    /// The name has characters that RFC 9110, 5.1 doesn't allow.
    #[error("header rule `{0}`: a header's name is one or more letters, digits or any of !#$%&'*+-.^_`|~")]
    Name(String),
    /// The header belongs to the connection or to the framing of the message.
    #[error("header rule `{0}`: the gateway sets this header itself; rules can't change {all}", all = RESERVED.join(", "))]
    Reserved(String),
    /// The value has line breaks or other control characters. It may be a secret and is not shown.
    #[error(
        "header rule `{0}`: its value has a line break or another control character; only printable text is allowed"
    )]
    Value(String),
}

/// What the variables in a rule's value stand for.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'v> {
    /// `${CLIENT_IP}`
    pub client_ip: &'v str,
    /// `${GROUP_NAME}`, of the group whose key is used.
    pub group_name: &'v str,
    /// `${API_KEY}`, the provider key.
    pub api_key: &'v Secret,
    /// `${TIMESTAMP_MS}` and, in whole seconds, `${TIMESTAMP_S}`: milliseconds since 1970.
    pub now_ms: u64,
}

/// A group's header rules, ready for use.
#[derive(Clone, Default)]
pub struct HeaderRules(Vec<Rule>);

impl HeaderRules {
    /// Checks and prepares rules. The first one that can't be used is the error.
    pub fn compile(rules: &[HeaderRule]) -> Result<Self, HeaderRuleError> {
        rules.iter().map(Rule::compile).collect::<Result<_, _>>().map(Self)
    }

    /// Prepares the rules that can be used and tells about the others: databases of 1.4.x may hold such.
    #[must_use]
    pub fn compile_lenient(rules: &[HeaderRule]) -> (Self, Vec<HeaderRuleError>) {
        let (mut good, mut ignored) = (Vec::new(), Vec::new());
        for rule in rules {
            match Rule::compile(rule) {
                Ok(rule) => good.push(rule),
                Err(error) => ignored.push(error),
            }
        }
        (Self(good), ignored)
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the rules in their order. Should variables make a value that no header can have (a line break in a key),
    /// that rule is skipped. A value with the provider key in it is marked sensitive.
    pub fn apply(&self, headers: &mut HeaderMap, variables: &Variables<'_>) {
        for rule in &self.0 {
            match &rule.edit {
                Edit::Remove => drop(headers.remove(&rule.name)),
                Edit::Set(template) => {
                    if let Some(value) = template.expand(variables) {
                        headers.insert(rule.name.clone(), value);
                    }
                }
            }
        }
    }
}

/// `name` as databases hold header names: the first letter and each after a hyphen upper case, the others lower case.
/// A text that is no header name stays as it is.
#[must_use]
pub fn canonical_name(name: &str) -> String {
    if HeaderName::try_from(name).is_err() {
        return name.to_owned();
    }
    let mut upper = true;
    let canonical = name.chars().map(|char| {
        let start = std::mem::replace(&mut upper, char == '-');
        if start { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() }
    });
    canonical.collect()
}

/// Headers that frame the message or steer the connection: what a rule made of them would break the request.
pub const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Clone)]
struct Rule {
    name: HeaderName,
    edit: Edit,
}

#[derive(Clone)]
enum Edit {
    Remove,
    Set(Template),
}

#[derive(Clone)]
enum Template {
    Fixed(HeaderValue),
    Pieces(Vec<Piece>),
}

#[derive(Clone)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Variable {
    ClientIp,
    GroupName,
    ApiKey,
    TimestampMs,
    TimestampS,
}

const VARIABLES: [(&str, Variable); 5] = [
    ("${CLIENT_IP}", Variable::ClientIp),
    ("${GROUP_NAME}", Variable::GroupName),
    ("${API_KEY}", Variable::ApiKey),
    ("${TIMESTAMP_MS}", Variable::TimestampMs),
    ("${TIMESTAMP_S}", Variable::TimestampS),
];

impl Rule {
    fn compile(rule: &HeaderRule) -> Result<Self, HeaderRuleError> {
        let name = HeaderName::try_from(&rule.key).map_err(|_| HeaderRuleError::Name(rule.key.clone()))?;
        if RESERVED.contains(&name.as_str()) {
            return Err(HeaderRuleError::Reserved(rule.key.clone()));
        }
        let edit = match rule.action {
            HeaderAction::Remove => Edit::Remove,
            HeaderAction::Set => {
                Edit::Set(Template::parse(&rule.value).ok_or_else(|| HeaderRuleError::Value(rule.key.clone()))?)
            }
        };
        Ok(Self { name, edit })
    }
}

impl Template {
    /// `None` if the fixed text is no header value.
    fn parse(value: &str) -> Option<Self> {
        let fixed = HeaderValue::try_from(value).ok()?;
        let mut pieces = Vec::new();
        let mut rest = value;
        while let Some((at, name, variable)) = first_variable(rest) {
            let (text, tail) = rest.split_at(at);
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Variable(variable));
            rest = tail.strip_prefix(name)?;
        }
        if pieces.is_empty() {
            return Some(Self::Fixed(fixed));
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Some(Self::Pieces(pieces))
    }

    fn expand(&self, variables: &Variables<'_>) -> Option<HeaderValue> {
        let pieces = match self {
            Self::Fixed(value) => return Some(value.clone()),
            Self::Pieces(pieces) => pieces,
        };
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(variable) => variable.write(&mut out, variables),
            }
        }
        let mut value = HeaderValue::try_from(out).ok()?;
        value.set_sensitive(pieces.iter().any(|piece| matches!(piece, Piece::Variable(Variable::ApiKey))));
        Some(value)
    }
}

impl Variable {
    fn write(self, out: &mut String, variables: &Variables<'_>) {
        match self {
            Self::ClientIp => out.push_str(variables.client_ip),
            Self::GroupName => out.push_str(variables.group_name),
            Self::ApiKey => out.push_str(variables.api_key.expose()),
            Self::TimestampMs => out.push_str(&variables.now_ms.to_string()),
            Self::TimestampS => out.push_str(&(variables.now_ms / 1000).to_string()),
        }
    }
}

/// The leftmost variable of `text`. Unknown names in `${…}` are plain text.
fn first_variable(text: &str) -> Option<(usize, &'static str, Variable)> {
    let found = VARIABLES.iter().filter_map(|(name, variable)| Some((text.find(name)?, *name, *variable)));
    found.min_by_key(|(at, ..)| *at)
}

#[cfg(test)]
mod tests;
