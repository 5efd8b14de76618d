//! How long a key rests.
//!
//! Input: a line with the time in seconds since 1970, header lines, an empty line, then an error body.

use std::time::Duration;

use domain::classify::provider_error::ProviderError;
use domain::classify::rest::{LONGEST, Quota, Rest, named, next_rest, until_pacific_midnight};
use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;

use crate::input::{headers, text_line};

/// No rest is longer than a day, whatever a provider names; plain times mean what they say.
pub fn rest(data: &[u8]) {
    let (now, rest) = text_line(data);
    let now = now.trim().parse().ok().and_then(|now| Timestamp::from_second(now).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let (headers, body) = headers(rest);
    let error = ProviderError::parse(body);
    let named = named(&headers, &error, now);
    assert!(named.is_none_or(|named| named.time <= LONGEST), "{named:?}");
    assert!(until_pacific_midnight(now) <= LONGEST);
    let any = body.first().copied().unwrap_or_default();
    let base = Duration::from_millis(body.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    for per_day in [false, true] {
        let quota = Quota { per_day, ..Quota::of(&error) };
        for streak in [0, u32::from(any), u32::MAX] {
            let first = next_rest(named, quota, base, streak, false, now);
            let again = next_rest(named, quota, base, streak, true, now);
            assert!(first.time <= LONGEST && again.time <= LONGEST, "{first:?} {again:?}");
            assert!(named.is_none_or(|named| named == first), "what is named counts");
            let longer = next_rest(None, quota, base, streak.saturating_add(1), false, now);
            assert!(named.is_some() || first.time <= longer.time, "a guess is shorter the second time");
        }
    }
    plain_times(any, now);
}

fn plain_times(count: u8, now: Timestamp) {
    let count = u64::from(count) * 977;
    let time = Duration::from_secs(count).min(LONGEST);
    let later =
        now.checked_add(Duration::from_secs(count)).ok().and_then(|later| u64::try_from(later.as_second()).ok());
    let date = later.map(|later| httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(later)));
    let (hours, minutes, seconds) = (count / 3600, count / 60 % 60, count % 60);
    let texts = [Some(count.to_string()), Some(format!("{hours}h{minutes}m{seconds}s")), date];
    for text in texts.into_iter().flatten() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().expect("a header's value"));
        let named = named(&headers, &ProviderError::default(), now);
        assert_eq!(named, Some(Rest { time, guessed: false }), "{text}");
    }
}
