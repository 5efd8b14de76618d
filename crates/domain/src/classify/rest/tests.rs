use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;

use super::super::provider_error::ProviderError;
use super::{LONGEST, Quota, Rest, named, next_rest, until_pacific_midnight};

const NOW: &str = "2026-11-23T18:00:00Z";

type Lines = &'static [(&'static str, &'static str)];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let pair =
        |&(name, value): &(&'static str, &str)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    lines.iter().map(pair).collect()
}

fn rest(lines: &[(&'static str, &str)], body: &str) -> Option<(f64, bool)> {
    let error = ProviderError::parse(body.as_bytes());
    named(&headers(lines), &error, now()).map(|rest| (rest.time.as_secs_f64(), rest.guessed))
}

#[test]
fn named_times_are_read_in_order() {
    let retry_info = r#"{"error":{"details":[{"retryDelay":"1.5s"}]}}"#;
    let cases: &[(Lines, &str, Option<f64>)] = &[
        (&[("retry-after-ms", "1500"), ("retry-after", "9")], retry_info, Some(1.5)),
        (&[("retry-after-ms", "soon"), ("retry-after", "9")], "", Some(9.0)),
        (&[("retry-after", " 2.5 ")], retry_info, Some(2.5)),
        (&[("retry-after", "60s")], "", Some(60.0)),
        (&[("retry-after", "0")], "", Some(0.0)),
        (&[("retry-after", "Mon, 23 Nov 2026 18:00:30 GMT")], "", Some(30.0)),
        (&[("retry-after", "Mon, 23 Nov 2026 17:00:00 GMT")], "", Some(0.0)),
        (&[("retry-after", "1e9")], "", Some(86_400.0)),
        (&[("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")], "", Some(86_400.0)),
        (&[("retry-after", "99999999999999999999999999")], "", Some(86_400.0)),
        (&[("retry-after", "-5")], "", None),
        (&[("retry-after", "inf")], "", None),
        (&[("retry-after", "tomorrow")], "", None),
        (&[], retry_info, Some(1.5)),
        (&[], r#"[{"error":{"details":[{"retryDelay":"41s"}]}}]"#, Some(41.0)),
        (&[], r#"{"error":{"details":[{"retryDelay":"36000000s"}]}}"#, Some(86_400.0)),
        (&[], r#"{"error":{"message":"Please retry in 25.4s."}}"#, None),
    ];
    for (lines, body, expected) in cases {
        assert_eq!(rest(lines, body), expected.map(|time| (time, false)), "{lines:?} {body}");
    }
}

#[test]
fn a_spent_window_is_a_guess() {
    let cases: &[(Lines, Option<f64>)] = &[
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")], Some(360.0)),
        (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "20ms")], Some(0.02)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "2m59.56s")], Some(179.56)),
        (&[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "6m0s")], None),
        (&[("x-ratelimit-reset-requests", "6m0s")], None),
        (&[("x-ratelimit-remaining-requests", "0")], None),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-tokens", "1s")], None),
        (
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "1h"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "1s"),
            ],
            Some(3600.0),
        ),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "17")], Some(17.0)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795456860")], Some(60.0)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795456805500")], Some(5.5)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795456000")], None),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9e300")], Some(86_400.0)),
        (
            &[
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                ("anthropic-ratelimit-input-tokens-reset", "2026-11-23T18:00:12Z"),
            ],
            Some(12.0),
        ),
        (
            &[
                ("anthropic-ratelimit-requests-remaining", "4"),
                ("anthropic-ratelimit-requests-reset", "2026-11-23T18:00:12Z"),
            ],
            None,
        ),
        (
            &[
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-11-23T17:00:00Z"),
            ],
            None,
        ),
    ];
    for (lines, expected) in cases {
        let read = rest(lines, "").map(|(time, guessed)| ((time * 1e6).round() / 1e6, guessed));
        assert_eq!(read, expected.map(|time| (time, true)), "{lines:?}");
    }
    let openrouter = r#"{"error":{"code":429,"metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1795456830000"}}}}"#;
    assert_eq!(rest(&[], openrouter), Some((30.0, true)));
    let both = [("retry-after", "3"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "99")];
    assert_eq!(rest(&both, ""), Some((3.0, false)), "a named time goes before a guess");
}

#[test]
fn quotas_are_recognised() {
    let gemini = |id: &str| format!(r#"{{"error":{{"details":[{{"violations":[{{"quotaId":"{id}"}}]}}]}}}}"#);
    let says = |message: &str| format!(r#"{{"error":{{"message":"{message}"}}}}"#);
    let cases = [
        (gemini("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), true, true),
        (gemini("GenerateContentInputTokensPerModelPerMinute-FreeTier"), false, true),
        (says("Rate limit reached for gpt-4o in organization org-1 on requests per day (RPD): Limit 200"), true, true),
        (says("Rate limit reached in organization `org_1` on tokens per minute (TPM): Limit 6000"), false, true),
        (
            says("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"),
            true,
            true,
        ),
        (
            says("Rate limit exceeded: free-models-per-min. Add 10 credits to unlock 1000 free model requests per day"),
            false,
            true,
        ),
        (says("This request would exceed your organization’s rate limit"), false, true),
        (says("Your account org-1 <ak-1> request reached organization max RPM: 3"), false, true),
        (says("您的账户已达到速率限制，请您控制请求频率"), false, true),
        (says("exceeded token rate limit of your current OpenAI S0 pricing tier"), false, true),
        (says("Resource has been exhausted (e.g. check quota)."), false, false),
        (says("Too many requests"), false, false),
        (String::new(), false, false),
    ];
    for (body, per_day, names_owner) in cases {
        assert_eq!(Quota::of(&ProviderError::parse(body.as_bytes())), Quota { per_day, names_owner }, "{body}");
    }
}

#[test]
fn guesses_double_up_to_an_hour() {
    let guess =
        |base, streak| next_rest(None, Quota::default(), seconds(base), streak, false, now()).time.as_secs_f64();
    let cases = [
        (60.0, 0, 60.0),
        (60.0, 1, 120.0),
        (60.0, 5, 1920.0),
        (60.0, 6, 3600.0),
        (60.0, 40, 3600.0),
        (60.0, u32::MAX, 3600.0),
    ];
    for (base, streak, time) in cases {
        assert!((guess(base, streak) - time).abs() < 1e-9, "{base} {streak}");
    }
    assert!((guess(7200.0, 3) - 7200.0).abs() < 1e-9, "a longer setting is kept");
    assert!((guess(200_000.0, 0) - 86_400.0).abs() < 1e-9);
    assert!(guess(0.0, 9).abs() < 1e-9);
}

#[test]
fn what_is_named_is_kept() {
    for guessed in [false, true] {
        let named = Rest { time: seconds(41.0), guessed };
        let per_day = Quota { per_day: true, names_owner: true };
        assert_eq!(next_rest(Some(named), Quota::default(), seconds(60.0), 5, true, now()), named);
        assert_eq!(next_rest(Some(named), per_day, seconds(60.0), 5, false, now()), named, "the first time");
    }
}

#[test]
fn a_day_quota_that_fails_again_rests_until_midnight() {
    let per_day = Quota { per_day: true, names_owner: true };
    let midnight = Rest { time: seconds(14.0 * 3600.0), guessed: true };
    for named in [None, Some(Rest { time: seconds(41.0), guessed: false }), Some(Rest { time: LONGEST, guessed: true })]
    {
        assert_eq!(next_rest(named, per_day, seconds(60.0), 1, true, now()), midnight);
    }
    let longer = Rest { time: seconds(15.0 * 3600.0), guessed: false };
    assert_eq!(next_rest(Some(longer), per_day, seconds(60.0), 1, true, now()), longer);
}

#[test]
fn midnight_is_that_of_the_pacific_coast() {
    let cases = [
        ("2026-11-23T18:00:00Z", 14.0),
        ("2026-11-24T07:59:59Z", 1.0 / 3600.0),
        ("2026-11-24T08:00:00Z", 24.0),
        ("2026-07-01T06:00:00Z", 1.0),
        ("2026-03-08T08:00:00Z", 23.0),
        ("2026-11-01T07:00:00Z", 24.0),
        ("2026-11-01T09:30:00Z", 22.5),
    ];
    for (at, hours) in cases {
        assert_eq!(until_pacific_midnight(at.parse().unwrap()), seconds((hours * 3600.0_f64).round()), "{at}");
    }
}

proptest! {
    #[test]
    fn no_rest_is_longer_than_a_day(
        name in prop::sample::select(&["retry-after", "retry-after-ms", "x-ratelimit-reset"][..]),
        value in "[0-9.smhde+-]{0,30}|[ -~]{0,40}",
        base in any::<u32>(), streak in any::<u32>(), again: bool, per_day: bool, at in -62_135_596_800_i64..253_402_207_200,
    ) {
        let now = Timestamp::from_second(at).unwrap();
        let named = named(&headers(&[("x-ratelimit-remaining", "0"), (name, &value)]), &ProviderError::default(), now);
        prop_assert!(named.is_none_or(|rest| rest.time <= LONGEST));
        let quota = Quota { per_day, names_owner: false };
        let base = Duration::from_secs(base.into());
        prop_assert!(next_rest(named, quota, base, streak, again, now).time <= LONGEST);
        let midnight = until_pacific_midnight(now);
        prop_assert!(midnight > Duration::ZERO && midnight <= LONGEST);
    }

    #[test]
    fn whole_seconds_are_kept(count in 0u32..86_400) {
        prop_assert_eq!(rest(&[("retry-after", &count.to_string())], ""), Some((f64::from(count), false)));
    }
}
