//! The outcome table. Rows are asked from top to bottom; the first whose sign is there decides.

use super::provider_error::ProviderError;
use super::{Outcome, Policy, signs};

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What the row is called in logs.
    pub name: &'static str,
    /// Whether the row's sign is there.
    pub when: fn(&Evidence<'_>) -> bool,
    /// What it means.
    pub outcome: Outcome,
    /// Whether the request is tried again.
    pub retry: Retry,
}

/// When a row's answer is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The answer goes to the client.
    Never,
    /// If the answer's status is in `failover_status_codes`, which has the last word on statuses.
    IfListed,
    /// Whatever the status: the body itself says that the key is bad.
    Always,
}

/// What the rows look at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The answer's status.
    pub status: u16,
    /// Its error body, empty for a success.
    pub error: &'a ProviderError,
    /// Whether the body is an HTML page.
    pub html: bool,
    /// The operator's lists of statuses.
    pub policy: Policy<'a>,
}

/// Decides by the first row that matches; the last one matches everything.
#[must_use]
pub fn find(evidence: &Evidence<'_>) -> &'static Row {
    TABLE.iter().find(|row| (row.when)(evidence)).unwrap_or(&CLIENT_MISTAKE)
}

/// The table.
///
/// An operator's lists enter it in three ways: `failover_status_codes` decides on the retry of every row that says
/// [`Retry::IfListed`], and makes a 4xx that no other row knows doubtful; `blacklist_status_codes` makes a bad key of
/// what is neither the upstream's fault nor a rate limit.
pub const TABLE: &[Row] = &[
    row("ok", |e| e.status < 400, Outcome::Ok, Retry::Never),
    // Google's word for a used up quota. Relays pass it on under statuses of their own.
    row("quota exhausted", |e| e.error.says("RESOURCE_EXHAUSTED"), Outcome::RateLimited, Retry::IfListed),
    // Where we connect from is refused, whatever the key.
    row("country refused", |e| signs::country_refused(e.error), Outcome::SickUpstream, Retry::IfListed),
    // A provider's API answers in JSON: a page comes from an edge in front of it, which knows no keys.
    row("edge page", |e| e.html && matches!(e.status, 401 | 403 | 429), Outcome::SickUpstream, Retry::IfListed),
    // 529, Anthropic's "overloaded", included. one-api and new-api send 503 for a model that this key may not use.
    row("server error", |e| e.status >= 500 && !model_not_found(e), Outcome::SickUpstream, Retry::IfListed),
    row("request timeout", |e| e.status == 408, Outcome::SickUpstream, Retry::IfListed),
    row("rate limit", |e| e.status == 429 && !billing_code(e), Outcome::RateLimited, Retry::IfListed),
    row("billing or account code", billing_code, Outcome::BadKey, Retry::Always),
    row("billing or account phrase", |e| signs::account_phrase(e.status, e.error), Outcome::BadKey, Retry::Always),
    row("dead key", |e| signs::dead_key(e.status, e.error), Outcome::BadKey, Retry::Always),
    row("unauthorized", |e| e.status == 401, Outcome::BadKey, Retry::IfListed),
    row("blacklisted status", |e| e.policy.blacklist.contains(e.status), Outcome::BadKey, Retry::IfListed),
    // OpenRouter's 402 depends on how many tokens the request asks for.
    row("payment required", |e| e.status == 402, Outcome::Doubtful, Retry::IfListed),
    // A dead key, or a model that this account may not use?
    row("forbidden", |e| e.status == 403, Outcome::Doubtful, Retry::IfListed),
    row("model not found", model_not_found, Outcome::Doubtful, Retry::IfListed),
    row("failover status", |e| e.policy.failover.contains(e.status), Outcome::Doubtful, Retry::IfListed),
    CLIENT_MISTAKE,
];

const CLIENT_MISTAKE: Row = row("client's mistake", |_| true, Outcome::ClientMistake, Retry::Never);

const fn row(name: &'static str, when: fn(&Evidence<'_>) -> bool, outcome: Outcome, retry: Retry) -> Row {
    Row { name, when, outcome, retry }
}

fn model_not_found(evidence: &Evidence<'_>) -> bool {
    signs::model_not_found(evidence.error)
}

fn billing_code(evidence: &Evidence<'_>) -> bool {
    signs::account_code(evidence.error) && !signs::throttle_under_billing_code(evidence.status, evidence.error)
}
