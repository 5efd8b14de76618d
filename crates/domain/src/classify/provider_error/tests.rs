use proptest::prelude::*;

use super::ProviderError;

/// Body; code, type, status, reason, message.
type Case = (&'static str, [Option<&'static str>; 5]);

#[test]
fn the_shapes_of_all_providers_are_read() {
    let cases: &[Case] = &[
        (
            r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#,
            [Some("c"), Some("t"), None, None, Some("m")],
        ),
        (
            r#"{"type":"error","error":{"type":"t","message":"m"},"request_id":"r"}"#,
            [None, Some("t"), None, None, Some("m")],
        ),
        (
            r#"{"error":{"code":429,"message":"m","status":"S","details":[{"@type":"x"},{"reason":"R"}]}}"#,
            [Some("429"), None, Some("S"), Some("R"), Some("m")],
        ),
        (r#"[{"error":{"code":400,"message":"m","status":"S"}}]"#, [Some("400"), None, Some("S"), None, Some("m")]),
        (r#"{"code":"c","error":"m"}"#, [Some("c"), None, None, None, Some("m")]),
        (r#"{"error":"c","message":"m"}"#, [Some("c"), None, None, None, Some("m")]),
        (r#"{"error":"m"}"#, [None, None, None, None, Some("m")]),
        (r#"{"code":30001,"message":"m","data":null}"#, [Some("30001"), None, None, None, Some("m")]),
        (
            r#"{"object":"error","message":"m","type":"t","code":"1300"}"#,
            [Some("1300"), Some("t"), None, None, Some("m")],
        ),
        (r#"{"type":"error","code":"c","message":"m","param":null}"#, [Some("c"), None, None, None, Some("m")]),
        (
            r#"{"type":"response.failed","response":{"error":{"code":"c","message":"m"}}}"#,
            [Some("c"), None, None, None, Some("m")],
        ),
        (r#"{"success":false,"errors":[{"code":10000,"message":"m"}]}"#, [Some("10000"), None, None, None, Some("m")]),
        (r#"{"error":{"message":"m","code":"inner"},"code":"OUTER"}"#, [Some("inner"), None, None, None, Some("m")]),
        (r#"{"error":{"message":"m"},"code":"OUTER"}"#, [Some("OUTER"), None, None, None, Some("m")]),
        (r#"{"detail":"m"}"#, [None, None, None, None, Some("m")]),
        (r#"{"detail":[{"msg":"m"}]}"#, [None, None, None, None, Some(r#"[{"msg":"m"}]"#)]),
        (r#"{"error_code":17,"error_msg":"m"}"#, [Some("17"), None, None, None, Some("m")]),
        ("\u{feff} {\"message\":\"m\"}\n", [None, None, None, None, Some("m")]),
        (r#""m""#, [None, None, None, None, Some("m")]),
        (r#"{"error":{"message":"m","code":"c","x":[1,{"#, [Some("c"), None, None, None, Some("m")]),
        (r#"{"error":{"code":"c","message":"half a mess"#, [Some("c"), None, None, None, Some("half a mess")]),
        (r#"{"error":{"code":"","message":null,"type":[]}}"#, [None; 5]),
        (r#"{"error":null}"#, [None; 5]),
        ("[]", [None; 5]),
        ("", [None; 5]),
        ("upstream connect error", [None; 5]),
    ];
    for (body, expected) in cases {
        let error = ProviderError::parse(body.as_bytes());
        let read = [&error.code, &error.kind, &error.status, &error.reason, &error.message];
        assert_eq!(read.map(Option::as_deref), *expected, "{body}");
        assert_eq!(error.is_empty(), expected.iter().all(Option::is_none), "{body}");
    }
}

#[test]
fn googles_details_are_read() {
    let error = ProviderError::parse(
        br#"{"error":{"code":429,"details":[
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
                {"quotaMetric":"m","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"},
                {"quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier"},{}]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"41s"}]}}"#,
    );
    assert_eq!(error.retry_delay.as_deref(), Some("41s"));
    let ids =
        ["GenerateRequestsPerDayPerProjectPerModel-FreeTier", "GenerateContentInputTokensPerModelPerMinute-FreeTier"];
    assert_eq!(error.quota_ids, ids);
}

#[test]
fn openrouters_quoted_headers_are_read() {
    let error = ProviderError::parse(
        br#"{"error":{"message":"m","code":429,"metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":1741305600000}}}}"#,
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(error.headers, [pair("x-ratelimit-remaining", "0"), pair("x-ratelimit-reset", "1741305600000")]);
}

#[test]
fn names_are_compared_exactly() {
    let error = ProviderError::parse(br#"{"error":{"code":"insufficient_quota","status":"S","type":"t"}}"#);
    assert!(["insufficient_quota", "S", "t"].iter().all(|name| error.says(name)));
    assert!(!["INSUFFICIENT_QUOTA", "insufficient", "", "s"].iter().any(|name| error.says(name)));
}

proptest! {
    #[test]
    fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ProviderError::parse(&body);
    }

    #[test]
    fn json_like_text_is_read(text in r#"([\[\]{}:,"\\u0d8/]|error|code|details|message| |1|null){0,60}"#) {
        let _ = ProviderError::parse(text.as_bytes());
    }
}
