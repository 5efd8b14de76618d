//! What is unsafe about the keys that people chose.

use domain::group::{Group, proxy_keys};
use domain::weakness::Weakness;
use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::Context;
use crate::admin::messages::{KeyRole, Message};

/// Something an operator should change.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SecurityWarning {
    /// Which key it is about.
    r#type: String,
    message: String,
    /// `high` or `medium`.
    severity: &'static str,
    suggestion: String,
}

/// Warnings about `AUTH_KEY`, `ENCRYPTION_KEY`, and the proxy keys of the system and of `groups`.
pub fn all(context: &Context, groups: &[Group]) -> Vec<SecurityWarning> {
    let mut warnings = about(&KeyRole::Admin, context.auth_key.expose());
    match &context.encryption_key {
        Some(key) => warnings.extend(about(&KeyRole::Encryption, key.expose())),
        None => warnings.push(SecurityWarning {
            r#type: Message::Key(KeyRole::Encryption).to_string(),
            message: Message::NoEncryptionKey.to_string(),
            severity: "high",
            suggestion: Message::SetEncryptionKey.to_string(),
        }),
    }
    let settings = &context.publisher.current().settings;
    for (number, key) in (1..).zip(proxy_keys(&settings.proxy_keys)) {
        warnings.extend(about(&KeyRole::Proxy { number }, key));
    }
    for group in groups {
        for (number, key) in (1..).zip(proxy_keys(&group.spec.proxy_keys)) {
            warnings.extend(about(&KeyRole::GroupProxy { group: group.spec.name.clone(), number }, key));
        }
    }
    warnings
}

fn about(role: &KeyRole, key: &str) -> Vec<SecurityWarning> {
    let warning = |weakness: Weakness| SecurityWarning {
        r#type: Message::Key(role.clone()).to_string(),
        message: Message::WeakKey(role.clone(), weakness).to_string(),
        severity: if weakness.is_severe() { "high" } else { "medium" },
        suggestion: Message::AgainstWeakness(weakness).to_string(),
    };
    Weakness::all_of(key).into_iter().map(warning).collect()
}
