//! How long a rate-limited key rests.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;

mod span;

use super::provider_error::ProviderError;

/// No rest is longer.
pub const LONGEST: Duration = Duration::from_hours(24);
/// Guessed rests double up to this, unless the setting itself is longer.
pub const LONGEST_DOUBLED: Duration = Duration::from_hours(1);
/// Day quotas begin anew at midnight there; written as a rule so that no time zone database is needed.
const US_PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";

/// How long a key rests. At most [`LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// From the answer's arrival on.
    pub time: Duration,
    /// Whether the provider did not name this time. Guessed rests end early when a probe succeeds.
    pub guessed: bool,
}

/// What an answer says about the quota that was exceeded. A hint only: it is read from free text too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// It is counted by the day.
    pub per_day: bool,
    /// It is named as the key's, the project's or the organisation's, so it is not the address's.
    pub names_owner: bool,
}

/// The rest an answer names, the first of: `retry-after-ms`, `Retry-After` (RFC 9110, 10.2.3, and decimals), Google's
/// `RetryInfo`. Else, as a guess, the time until an exhausted window (`x-ratelimit-remaining-…: 0` and the like) is
/// whole again.
#[must_use]
pub fn named(headers: &HeaderMap, error: &ProviderError, now: Timestamp) -> Option<Rest> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let time = header("retry-after-ms")
        .and_then(span::milliseconds)
        .or_else(|| span::retry_after(header("retry-after")?, now))
        .or_else(|| span::span(error.retry_delay.as_deref()?));
    match time {
        Some(time) => Some(Rest { time: time.min(LONGEST), guessed: false }),
        None => spent_window(headers, error, now).map(|time| Rest { time: time.min(LONGEST), guessed: true }),
    }
}

/// The rest a key takes.
///
/// `named` is what the answer [names](named) and `base` the setting `rate_limit_cooldown_seconds`, which doubles with
/// `streak`: how many rests in a row before this one were of that kind. `day_quota_before` says that the key's last
/// rest, too, was for a quota per day: the time named then was not enough, so the day has to end.
#[must_use]
pub fn next_rest(
    named: Option<Rest>,
    quota: Quota,
    base: Duration,
    streak: u32,
    day_quota_before: bool,
    now: Timestamp,
) -> Rest {
    if quota.per_day && day_quota_before {
        let midnight = until_pacific_midnight(now);
        let longer = named.filter(|named| !named.guessed && named.time > midnight);
        return longer.unwrap_or(Rest { time: midnight, guessed: true });
    }
    named.unwrap_or_else(|| Rest { time: doubled(base, streak), guessed: true })
}

/// The time until the next midnight US Pacific, at most [`LONGEST`].
#[must_use]
pub fn until_pacific_midnight(now: Timestamp) -> Duration {
    let midnight = TimeZone::posix(US_PACIFIC)
        .and_then(|zone| now.to_zoned_datetime(zone).tomorrow()?.start_of_day())
        .map(|midnight| midnight.timestamp());
    midnight.map_or(LONGEST, |midnight| span::until(midnight, now)).min(LONGEST)
}

impl Quota {
    /// Reads it from an error body: Google's quota ids, and what the providers' messages say.
    #[must_use]
    pub fn of(error: &ProviderError) -> Self {
        let message = error.message.as_deref().unwrap_or_default().to_lowercase().replace('’', "'");
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
        Self {
            per_day: error.quota_ids.iter().any(|id| id.contains("PerDay")) || says(PER_DAY_PHRASES),
            names_owner: !error.quota_ids.is_empty() || says(OWNER_PHRASES),
        }
    }
}

/// OpenAI and Groq "on tokens per day (TPD)"; OpenRouter "free-models-per-day"; Google "requests per day per user".
const PER_DAY_PHRASES: &[&str] =
    &["(rpd)", "(tpd)", "on requests per day", "on tokens per day", "-per-day", "per day per"];

/// OpenAI and Groq "in organization org-…"; Anthropic "for your organization", "your account's rate limit"; Moonshot
/// "Your account … reached organization max RPM"; Google "your current quota"; Azure "your current … tier"; Zhipu "您的账户".
const OWNER_PHRASES: &[&str] = &[
    "in organization",
    "in project",
    "your organization",
    "your project",
    "your account",
    "your team",
    "your api key",
    "your current ",
    "free-models-per-",
    "for consumer 'project",
    "您的账户",
];

fn doubled(base: Duration, streak: u32) -> Duration {
    let doubled = base.saturating_mul(1_u32.checked_shl(streak).unwrap_or(u32::MAX));
    doubled.min(base.max(LONGEST_DOUBLED)).min(LONGEST)
}

/// The longest time until an exhausted window begins anew.
fn spent_window(headers: &HeaderMap, error: &ProviderError, now: Timestamp) -> Option<Duration> {
    let sent = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let quoted = error.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let pairs: Vec<_> = sent.chain(quoted).collect();
    let exhausted = pairs.iter().filter(|(_, value)| value.trim().parse() == Ok(0.0));
    let resets = exhausted.filter_map(|(name, _)| {
        let reset = reset_name(name)?;
        let (_, value) = pairs.iter().find(|(name, _)| *name == reset)?;
        span::reset(value.trim(), now)
    });
    resets.max()
}

/// The header that says when the window of this `…-remaining` header begins anew.
fn reset_name(remaining: &str) -> Option<String> {
    if let Some(window) = remaining.strip_prefix("x-ratelimit-remaining") {
        return Some(format!("x-ratelimit-reset{window}"));
    }
    let window = remaining.strip_prefix("anthropic-ratelimit-")?.strip_suffix("-remaining")?;
    Some(format!("anthropic-ratelimit-{window}-reset"))
}

#[cfg(test)]
mod tests;
