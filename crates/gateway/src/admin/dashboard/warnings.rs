//! What is unsafe: keys that people chose, how keys are stored, and a log with gaps.

use domain::group::{Group, proxy_keys};
use domain::weakness::Weakness;
use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::Context;
use crate::admin::error::ApiError;
use crate::admin::messages::{KeyRole, Message};

/// Something an operator should change.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SecurityWarning {
    /// Which key it is about, or the log.
    r#type: String,
    message: String,
    /// `high` or `medium`.
    severity: &'static str,
    suggestion: String,
}

/// Warnings about `AUTH_KEY`, `ENCRYPTION_KEY`, the proxy keys of the system and of `groups`, and the log.
pub async fn all(context: &Context, groups: &[Group]) -> Result<Vec<SecurityWarning>, ApiError> {
    let mut warnings = about(&KeyRole::Admin, context.auth_key.expose());
    warnings.extend(about_storage(context).await?);
    let settings = &context.publisher.current().settings;
    for (number, key) in (1..).zip(proxy_keys(&settings.proxy_keys)) {
        warnings.extend(about_proxy_key(context, &KeyRole::Proxy { number }, key));
    }
    for group in groups {
        for (number, key) in (1..).zip(proxy_keys(&group.spec.proxy_keys)) {
            let role = KeyRole::GroupProxy { group: group.spec.name.clone(), number };
            warnings.extend(about_proxy_key(context, &role, key));
        }
    }
    warnings.extend(about_log(context.sink.backlog().left_out.rows));
    Ok(warnings)
}

/// About the key under which provider keys are stored.
async fn about_storage(context: &Context) -> Result<Vec<SecurityWarning>, ApiError> {
    let warning = |message: Message, suggestion: Message| SecurityWarning {
        r#type: Message::Key(KeyRole::Encryption).to_string(),
        message: message.to_string(),
        severity: "high",
        suggestion: suggestion.to_string(),
    };
    let mut warnings = match &context.encryption_key {
        Some(key) => about(&KeyRole::Encryption, key.expose()),
        None => vec![warning(Message::NoEncryptionKey, Message::SetEncryptionKey)],
    };
    let mismatch = context.db.encryption_state().await?.scenario;
    warnings.extend(mismatch.map(|it| warning(Message::Mismatch(it), Message::AgainstMismatch(it))));
    Ok(warnings)
}

/// Whoever has the admin key can read all others.
fn about_proxy_key(context: &Context, role: &KeyRole, key: &str) -> Vec<SecurityWarning> {
    let is_admin_key = (key == context.auth_key.expose()).then(|| SecurityWarning {
        r#type: Message::Key(role.clone()).to_string(),
        message: Message::ProxyKeyIsAdminKey(role.clone()).to_string(),
        severity: "high",
        suggestion: Message::UseOtherProxyKey.to_string(),
    });
    is_admin_key.into_iter().chain(about(role, key)).collect()
}

fn about_log(dropped: usize) -> Option<SecurityWarning> {
    (dropped > 0).then(|| SecurityWarning {
        r#type: Message::RequestLog.to_string(),
        message: Message::RowsDropped(dropped).to_string(),
        severity: "high",
        suggestion: Message::AgainstDroppedRows.to_string(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_with_gaps_is_warned_of() {
        assert!(about_log(0).is_none());
        assert!(about_log(7).unwrap().message.starts_with("7 rows of the request log"));
    }
}
