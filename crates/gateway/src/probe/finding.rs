//! What a call found out about a key, and what becomes of the key.

use domain::key::KeyStatus;
use jiff::Timestamp;

use super::Verdict;
use crate::keyring::PoolKey;
use crate::keyring::changes::KeyFault;
use crate::snapshot::Service;

/// What was found out, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The key works.
    Works,
    /// The provider refuses it: `[status 401] message`.
    Refused(String),
    /// Nothing is known of it, and nothing has changed.
    Unclear(String),
}

impl Finding {
    /// What is wrong, if anything is.
    #[must_use]
    pub fn fault(self) -> Option<String> {
        match self {
            Self::Works => None,
            Self::Refused(fault) | Self::Unclear(fault) => Some(fault),
        }
    }
}

/// Tells the pool what a call with `key` found out. An invalid key that works serves again; one that a person has disabled stays out.
pub fn settle(service: &Service, key: &PoolKey, verdict: Verdict) -> Finding {
    let (pool, model) = (&service.pool, Some(service.test_model.as_str()));
    let works = || match key.status() {
        KeyStatus::Invalid => pool.set_status(&[key.id], KeyStatus::Active),
        _ => pool.served(key, model),
    };
    match verdict {
        Verdict::Valid => {
            works();
            Finding::Works
        }
        Verdict::Limited(limit) => {
            works();
            pool.limited(key, model, limit);
            Finding::Works
        }
        Verdict::Invalid { status, message } => {
            let shown = with_status(status, &message);
            let threshold = u32::try_from(service.settings.blacklist_threshold).unwrap_or(0);
            pool.refused(key, KeyFault { status, message, at: Timestamp::now() }, threshold);
            Finding::Refused(shown)
        }
        Verdict::Unknown { status: Some(status), message } => Finding::Unclear(with_status(status, &message)),
        Verdict::Unknown { status: None, message } => Finding::Unclear(message),
    }
}

fn with_status(status: u16, message: &str) -> String {
    format!("[status {status}] {message}")
}
