//! The ways in which providers write down a time to wait.

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;

/// Far beyond every limit, and far from every overflow.
const LONGEST_SECONDS: f64 = 1e9;
/// Numbers from here on are no seconds to wait but a point in time: seconds since 1970.
const EPOCH_SECONDS: f64 = 1e9;
/// From here on they are milliseconds since 1970.
const EPOCH_MILLISECONDS: f64 = 1e11;
const UNITS: &[(&str, f64)] =
    &[("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9)];

/// `retry-after-ms`: a number of milliseconds.
pub(super) fn milliseconds(text: &str) -> Option<Duration> {
    Some(seconds(number(text)? / 1000.0))
}

/// `Retry-After`: seconds or an HTTP date; a date in the past is no time at all.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    span(text).or_else(|| {
        let since_1970 = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let date = Timestamp::from_second(i64::try_from(since_1970.as_secs()).ok()?).ok()?;
        Some(until(date, now))
    })
}

/// Seconds (`41`, `1.5`), or numbers with units: `41s`, `1.5s`, `6m0s`, `2m59.56s`, `20ms`.
pub(super) fn span(text: &str) -> Option<Duration> {
    number(text).or_else(|| with_units(text)).map(seconds)
}

/// When a window begins anew: a [`span`], seconds or milliseconds since 1970, or an RFC 3339 time. `None` if that is
/// now or past.
pub(super) fn reset(text: &str, now: Timestamp) -> Option<Duration> {
    let time = match number(text) {
        Some(epoch) if epoch >= EPOCH_MILLISECONDS => since_epoch(epoch / 1000.0, now),
        Some(epoch) if epoch >= EPOCH_SECONDS => since_epoch(epoch, now),
        Some(count) => seconds(count),
        None => span(text).or_else(|| Some(until(text.parse().ok()?, now)))?,
    };
    (!time.is_zero()).then_some(time)
}

/// The time from `now` to `then`; none if that is past.
pub(super) fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(then)).unwrap_or_default()
}

fn since_epoch(epoch_seconds: f64, now: Timestamp) -> Duration {
    let now = Duration::try_from(now.as_duration()).unwrap_or_default();
    Duration::try_from_secs_f64(epoch_seconds).map_or(seconds(LONGEST_SECONDS), |then| then.saturating_sub(now))
}

fn with_units(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let unit_start = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (count, tail) = rest.split_at(unit_start);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number(count)? * factor;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn seconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count.min(LONGEST_SECONDS)).unwrap_or_default()
}
