//! What would be right in the place of a value that was refused, for whoever tells it in a language of their own.

use std::fmt;

use crate::group::{ChannelType, GroupKind};
use crate::settings::TABLE;

/// What is allowed. Shown in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A whole number from the first to the second, both included.
    WholeNumber(i64, i64),
    /// `true` or `false`.
    TrueOrFalse,
    /// A JSON string.
    String,
    /// Anything but nothing.
    NotEmpty,
    /// At most so many characters.
    AtMostChars(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these two members, not both.
    EitherOf(&'static str, &'static str),
    /// The id of a group.
    GroupId,
    /// A text file with keys.
    KeyFile,
    /// The key of a setting.
    Setting,
    /// The key of a setting that a group may override.
    GroupSetting,
    /// An absolute URL with a host and one of these schemes.
    Url(&'static [&'static str]),
    /// A list of statuses and ranges of them; this part of it is none.
    Statuses(String),
    /// A group's name.
    GroupName,
    /// The name of a model.
    Model,
    /// The path of an endpoint.
    Endpoint,
    /// Two names of models.
    ModelPair,
    /// No redirect rules: the group is an aggregate.
    NoRedirects,
    /// At least one upstream.
    SomeUpstream,
    /// A URL without a login.
    UrlWithoutLogin,
    /// An absolute URL without a query.
    UpstreamUrl,
    /// An upstream that takes a share.
    SomeWeight,
    /// At least one sub-group.
    SomeSubGroup,
    /// Groups with keys of their own.
    StandardGroups,
    /// Groups of the aggregate's channel type, which is this.
    SameChannel(ChannelType),
    /// Groups with the other members' validation endpoint, which is this.
    SameEndpoint(String),
    /// Nothing but what it is, which is this.
    SameKind(GroupKind),
    /// Nothing but what it is, as long as the group is linked to others.
    NoChangeWhileLinked,
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeNumber(min, max) => write!(f, "a whole number from {min} to {max}"),
            Self::TrueOrFalse => f.write_str("true or false"),
            Self::String => f.write_str("a string"),
            Self::NotEmpty => f.write_str("it must not be empty"),
            Self::AtMostChars(max) => write!(f, "at most {max} characters"),
            Self::OneOf(words) => write!(f, "one of: {}", words.join(", ")),
            Self::EitherOf(one, other) => write!(f, "either {one} or {other}"),
            Self::GroupId => f.write_str("the id of a group"),
            Self::KeyFile => f.write_str("a text file with keys, in UTF-8"),
            Self::Setting => write!(f, "settings are: {}", setting_keys(false)),
            Self::GroupSetting => write!(f, "a group may override: {}", setting_keys(true)),
            Self::Url(schemes) => {
                write!(f, "an absolute URL with a host, starting with one of: {}", schemes.join(", "))
            }
            Self::Statuses(part) => write!(
                f,
                "{part:?} is neither a status nor a range of statuses; allowed are 100 to 999, separated by commas, like 404,429,500-599"
            ),
            Self::GroupName => f.write_str("1 to 100 characters out of a-z, 0-9, - and _"),
            Self::Model => f.write_str("the name of a model that every key may use"),
            Self::Endpoint => f.write_str("a path that starts with a slash, such as /v1/chat/completions, or nothing"),
            Self::ModelPair => f.write_str("two model names, neither empty"),
            Self::NoRedirects => f.write_str("none on an aggregate group; set them on its sub-groups"),
            Self::SomeUpstream => f.write_str("at least one upstream"),
            Self::UrlWithoutLogin => {
                f.write_str("a URL without user or password: credentials belong into header rules")
            }
            Self::UpstreamUrl => f.write_str("an absolute http or https URL without a query"),
            Self::SomeWeight => f.write_str("a weight above 0 for at least one upstream"),
            Self::SomeSubGroup => f.write_str("at least one group_id with its weight"),
            Self::StandardGroups => f.write_str("standard groups only: an aggregate can't be a sub-group"),
            Self::SameChannel(channel) => write!(f, "groups of the aggregate's channel type, {}", channel.as_str()),
            Self::SameEndpoint(path) => {
                write!(f, "groups with the validation endpoint of the other sub-groups, {path}")
            }
            Self::SameKind(kind) => write!(f, "it can't be changed and stays {}", kind.as_str()),
            Self::NoChangeWhileLinked => {
                f.write_str("it can't change while the group is linked to other groups as aggregate or sub-group")
            }
        }
    }
}

/// The keys of all settings, or of those that a group may override, in a row.
#[must_use]
pub fn setting_keys(per_group: bool) -> String {
    let keys = TABLE.iter().filter(|setting| setting.per_group || !per_group).map(|setting| setting.key);
    keys.collect::<Vec<_>>().join(", ")
}
