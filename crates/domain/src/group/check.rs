//! What makes a group acceptable.

use url::Url;

use super::{ChannelType, GroupKind, GroupSpec, UpstreamSpec};
use crate::allowed::Allowed;
use crate::settings::check_override;

/// A field of a group that can't be as given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {given:?} is not allowed; {allowed}")]
pub struct GroupError {
    /// The field, as the API names it.
    pub field: String,
    /// What was given.
    pub given: String,
    /// What would be right.
    pub allowed: Allowed,
}

impl GroupError {
    /// A fault of `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, given: impl Into<String>, allowed: Allowed) -> Self {
        Self { field: field.into(), given: given.into(), allowed }
    }
}

impl GroupSpec {
    /// Checks every field and reports the first that is wrong.
    pub fn check(&self) -> Result<(), GroupError> {
        check_name(&self.name)?;
        check_length("display_name", &self.display_name, 255)?;
        check_length("description", &self.description, 512)?;
        check_length("test_model", &self.test_model, 255)?;
        check_length("validation_endpoint", &self.validation_endpoint, 255)?;
        match self.kind {
            GroupKind::Standard => self.check_standard()?,
            GroupKind::Aggregate => self.check_aggregate()?,
        }
        for (key, value) in &self.config {
            check_override(key, value)
                .map_err(|fault| GroupError::new(format!("config.{}", fault.key), fault.given, fault.allowed))?;
        }
        Ok(())
    }

    fn check_standard(&self) -> Result<(), GroupError> {
        check_upstreams(&self.upstreams)?;
        if self.test_model.trim().is_empty() {
            return Err(GroupError::new("test_model", "", Allowed::Model));
        }
        if self.channel != ChannelType::Gemini && !is_endpoint(&self.validation_endpoint) {
            return Err(GroupError::new("validation_endpoint", &self.validation_endpoint, Allowed::Endpoint));
        }
        if let Some((asked, _)) =
            self.model_redirect_rules.iter().find(|(asked, sent)| asked.is_empty() || sent.is_empty())
        {
            return Err(GroupError::new("model_redirect_rules", asked, Allowed::ModelPair));
        }
        Ok(())
    }

    fn check_aggregate(&self) -> Result<(), GroupError> {
        if self.model_redirect_rules.is_empty() && !self.model_redirect_strict {
            return Ok(());
        }
        let given = self.model_redirect_rules.keys().next().map_or("model_redirect_strict", String::as_str);
        Err(GroupError::new("model_redirect_rules", given, Allowed::NoRedirects))
    }
}

fn check_name(name: &str) -> Result<(), GroupError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if (1..=100).contains(&name.len()) && name.chars().all(legal) {
        return Ok(());
    }
    Err(GroupError::new("name", name, Allowed::GroupName))
}

/// Whether a text has at most `max` characters.
pub fn check_length(field: &str, text: &str, max: usize) -> Result<(), GroupError> {
    if text.chars().count() <= max {
        return Ok(());
    }
    let shown: String = text.chars().take(40).collect();
    Err(GroupError::new(field, format!("{shown}…"), Allowed::AtMostChars(max)))
}

fn check_upstreams(upstreams: &[UpstreamSpec]) -> Result<(), GroupError> {
    let wrong = |given: &str, allowed| Err(GroupError::new("upstreams", given, allowed));
    if upstreams.is_empty() {
        return wrong("", Allowed::SomeUpstream);
    }
    for upstream in upstreams {
        match Url::parse(upstream.url.trim()) {
            Ok(url) if url.username() != "" || url.password().is_some() => {
                return wrong("****", Allowed::UrlWithoutLogin);
            }
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() => {}
            _ => return wrong(&upstream.url, Allowed::UpstreamUrl),
        }
        if upstream.weight > 1000 {
            return wrong(&upstream.weight.to_string(), Allowed::WholeNumber(0, 1000));
        }
    }
    if upstreams.iter().all(|upstream| upstream.weight == 0) {
        return wrong("0", Allowed::SomeWeight);
    }
    Ok(())
}

fn is_endpoint(endpoint: &str) -> bool {
    endpoint.is_empty() || endpoint.starts_with('/') && !endpoint.contains(char::is_whitespace)
}
