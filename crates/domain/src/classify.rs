//! What an answer says about the key, the upstream and the client.
//!
//! | file | what it holds |
//! |---|---|
//! | [`table`] | the outcome table: which answer is judged how |
//! | `signs` | the providers' error codes and phrases the table looks for |
//! | [`provider_error`] | error bodies in all their shapes, read into one |
//! | [`rest`] | how long a rate-limited key rests |
//! | [`first_event`], [`pseudo_status`] | error events at the head of an event stream, judged by the same table |
//! | [`decode`] | copies of compressed bodies, decoded within bounds |
//!
//! [`Outcome::CutShort`] and [`Outcome::ClientGone`] can't be read off an answer, nor can the transport errors that are
//! [`Outcome::SickUpstream`]: whoever moves the bytes reports them.

use http::{HeaderMap, StatusCode};

pub mod decode;
pub mod first_event;
pub mod provider_error;
pub mod pseudo_status;
pub mod rest;
mod signs;
pub mod table;
mod truncated;

use crate::status_codes::StatusSet;
use provider_error::ProviderError;
use rest::Quota;
use table::{Evidence, Retry};

/// How much of an error body is looked at.
pub const EXCERPT_LIMIT_BYTES: usize = 64 * 1024;
/// The longest [`Judgement::message`], in characters.
pub const MESSAGE_LIMIT_CHARS: usize = 500;

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// An answer below 400.
    Ok,
    /// The upstream, or an edge in front of it, is in trouble. The key is not blamed.
    SickUpstream,
    /// The key rests for a while. It never becomes invalid for this.
    RateLimited,
    /// The key itself is refused: a failure of the key.
    BadKey,
    /// The key may be at fault or the request: a failure of the key only if the same request then succeeds with
    /// another one.
    Doubtful,
    /// The request is at fault.
    ClientMistake,
    /// The response ended before its end.
    CutShort,
    /// The client's connection closed.
    ClientGone,
}

/// The head of an answer and the decoded beginning of its body.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The HTTP status, or the [pseudo status](pseudo_status::pseudo_status) of an error event.
    pub status: u16,
    /// The answer's headers.
    pub headers: &'a HeaderMap,
    /// At most [`EXCERPT_LIMIT_BYTES`] of the body, [decoded](decode::decode). Empty for a success.
    pub body: &'a [u8],
}

/// What the operator decided about statuses.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The setting `failover_status_codes`.
    pub failover: &'a StatusSet,
    /// The setting `blacklist_status_codes`.
    pub blacklist: &'a StatusSet,
}

/// What the table says about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether another attempt may help.
    pub retry: bool,
    /// The name of the [row](table::TABLE) that matched, for logs.
    pub row: &'static str,
    /// The provider's message, or the best there is in its place; one line, at most [`MESSAGE_LIMIT_CHARS`]
    /// characters. It may hold the key's secret: mask it before it is shown.
    pub message: String,
    /// Which quota the answer names.
    pub quota: Quota,
    /// The error body.
    pub error: ProviderError,
}

/// Judges an answer by the [outcome table](table::TABLE).
#[must_use]
pub fn judge(answer: &Answer<'_>, policy: &Policy<'_>) -> Judgement {
    let error = if answer.status < 400 { ProviderError::default() } else { ProviderError::parse(answer.body) };
    let html = signs::is_html(answer.headers, answer.body);
    let row = table::find(&Evidence { status: answer.status, error: &error, html, policy: *policy });
    let retry = match row.retry {
        Retry::Never => false,
        Retry::IfListed => policy.failover.contains(answer.status),
        Retry::Always => true,
    };
    let message = message(answer, &error, html);
    Judgement { outcome: row.outcome, retry, row: row.name, message, quota: Quota::of(&error), error }
}

impl Outcome {
    /// The name in logs and metrics. It never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::SickUpstream => "sick_upstream",
            Self::RateLimited => "rate_limited",
            Self::BadKey => "bad_key",
            Self::Doubtful => "doubtful",
            Self::ClientMistake => "client_mistake",
            Self::CutShort => "cut_short",
            Self::ClientGone => "client_gone",
        }
    }
}

fn message(answer: &Answer<'_>, error: &ProviderError, html: bool) -> String {
    if answer.status < 400 {
        return String::new();
    }
    let text = match &error.message {
        Some(message) => message.clone(),
        None if html => signs::html_title(answer.body).unwrap_or_default(),
        None => String::from_utf8_lossy(answer.body).into_owned(),
    };
    match one_line(&text) {
        line if line.is_empty() => reason_phrase(answer.status),
        line => line,
    }
}

fn one_line(text: &str) -> String {
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.len() > 4 * MESSAGE_LIMIT_CHARS {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    if let Some((cut, _)) = line.char_indices().nth(MESSAGE_LIMIT_CHARS) {
        let last_kept = line.get(..cut).and_then(|kept| kept.char_indices().next_back()).map_or(0, |(start, _)| start);
        line.truncate(before_cut_token(&line, last_kept));
        line.push('…');
    }
    line
}

/// Half a key would not be found by whoever masks keys: what could be one is kept whole or not at all.
fn before_cut_token(line: &str, cut: usize) -> usize {
    let (kept, rest) = line.split_at(cut);
    if rest.starts_with(is_of_token) { kept.trim_end_matches(is_of_token).trim_end().len() } else { cut }
}

/// Whether keys are made of such characters (RFC 6750, 2.1, and a little more).
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/=:|".contains(c)
}

fn reason_phrase(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.map_or_else(|| format!("status {status}"), str::to_owned)
}

#[cfg(test)]
mod tests;
