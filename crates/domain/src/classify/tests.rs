use std::collections::HashSet;

use http::{HeaderMap, HeaderValue, header};
use proptest::prelude::*;

use super::Outcome::{BadKey, ClientMistake, Doubtful, Ok as Fine, RateLimited, SickUpstream};
use super::table::TABLE;
use super::{Answer, Judgement, MESSAGE_LIMIT_CHARS, Outcome, Policy, judge};

const DEFAULT_FAILOVER: &str = "401-403,408,425,429,500-599";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";

fn judge_with(status: u16, content_type: &str, body: &[u8], failover: &str, blacklist: &str) -> Judgement {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    let policy = Policy { failover: &failover.parse().unwrap(), blacklist: &blacklist.parse().unwrap() };
    judge(&Answer { status, headers: &headers, body }, &policy)
}

/// A line of `answers.txt`.
struct Case {
    line: &'static str,
    status: u16,
    content_type: &'static str,
    body: &'static str,
    expected: (&'static str, bool, &'static str),
}

fn cases() -> Vec<Case> {
    let lines = include_str!("tests/answers.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(case).collect()
}

fn case(line: &'static str) -> Case {
    let fields: Vec<_> = line.splitn(6, '|').map(str::trim).collect();
    let [status, content_type, outcome, retry, row, body] = fields[..] else { panic!("{line}") };
    let content_type = match content_type {
        "json" => JSON,
        "html" => HTML,
        _ => "text/plain",
    };
    assert!(matches!(retry, "retry" | "final"), "{line}");
    Case { line, status: status.parse().unwrap(), content_type, body, expected: (outcome, retry == "retry", row) }
}

#[test]
fn answers_are_judged_as_the_table_says() {
    for case in cases() {
        let judged = judge_with(case.status, case.content_type, case.body.as_bytes(), DEFAULT_FAILOVER, "");
        assert_eq!((judged.outcome.as_str(), judged.retry, judged.row), case.expected, "{}", case.line);
    }
}

#[test]
fn every_row_has_an_answer() {
    let shown: HashSet<_> = cases().iter().map(|case| case.expected.2).collect();
    let rows: HashSet<_> = TABLE.iter().map(|row| row.name).filter(|row| *row != "blacklisted status").collect();
    assert_eq!(shown, rows);
    assert_eq!(TABLE.len(), rows.len() + 1, "every name is unique");
}

#[test]
fn a_bad_key_told_by_its_body_is_retried_whatever_is_listed() {
    let told = ["billing or account code", "billing or account phrase", "dead key"];
    for case in cases() {
        let judged = judge_with(case.status, case.content_type, case.body.as_bytes(), "", "");
        assert_eq!(judged.retry, told.contains(&judged.row), "{}", case.line);
    }
}

#[test]
fn a_page_is_known_by_its_beginning() {
    for page in ["\u{feff}\n <HTML><body>Sorry</body>", "\r\n<!DOCTYPE html>"] {
        assert_eq!(judge_with(403, "text/plain", page.as_bytes(), "", "").row, "edge page", "{page:?}");
    }
    for text in ["<?xml version='1.0'?><html>", "the <html> tag", "\u{feff}{}"] {
        assert_eq!(judge_with(403, "text/plain", text.as_bytes(), "", "").row, "forbidden", "{text:?}");
    }
}

#[test]
fn bad_keys_told_by_the_status_follow_the_list() {
    let body = br#"{"error":{"message":"Incorrect API key provided: sk-ma****eup.","type":"invalid_request_error","code":"invalid_api_key"}}"#;
    let cases = [
        (401, DEFAULT_FAILOVER, "", BadKey, true, "unauthorized"),
        (401, "500-599", "", BadKey, false, "unauthorized"),
        (404, "404", "404", BadKey, true, "blacklisted status"),
        (404, "500-599", "404", BadKey, false, "blacklisted status"),
        (402, DEFAULT_FAILOVER, "402", BadKey, true, "blacklisted status"),
        (429, DEFAULT_FAILOVER, "400-599", RateLimited, true, "rate limit"),
        (503, DEFAULT_FAILOVER, "400-599", SickUpstream, true, "server error"),
        (200, DEFAULT_FAILOVER, "100-999", Fine, false, "ok"),
    ];
    for (status, failover, blacklist, outcome, retry, row) in cases {
        let judged = judge_with(status, JSON, body, failover, blacklist);
        assert_eq!(
            (judged.outcome, judged.retry, judged.row),
            (outcome, retry, row),
            "{status} {failover} {blacklist}"
        );
    }
}

#[test]
fn the_failover_list_has_the_last_word() {
    let cases = [
        (503, "", SickUpstream, false),
        (408, "500-599", SickUpstream, false),
        (429, "500-599", RateLimited, false),
        (403, "500-599", Doubtful, false),
        (400, "400-499", Doubtful, true),
        (404, "404", Doubtful, true),
        (200, "200", Fine, false),
    ];
    for (status, failover, outcome, retry) in cases {
        let judged = judge_with(status, JSON, b"{}", failover, "");
        assert_eq!((judged.outcome, judged.retry), (outcome, retry), "{status} {failover:?}");
    }
}

#[test]
fn a_body_that_was_cut_off_is_read_as_far_as_it_goes() {
    let long = "x".repeat(70_000);
    let told = format!(r#"{{"error":{{"code":"insufficient_quota","type":"t","message":"{long}"#);
    assert_eq!(judge_with(429, JSON, &told.as_bytes()[..65_536], "", "").row, "billing or account code");
    let details = format!(r#"{{"error":{{"details":[{{"reason":"API_KEY_INVALID"}},{{"x":"{long}"#);
    assert_eq!(judge_with(400, JSON, &details.as_bytes()[..65_536], "", "").row, "dead key");
}

#[test]
fn messages_are_short_single_lines() {
    let cases: &[(u16, &str, &str, &str)] = &[
        (400, JSON, r#"{"error":{"message":" a\n\tb\u0000c "}}"#, "a b c"),
        (400, JSON, r#"{"message":{"detail":[{"msg":"Field required"}]}}"#, r#"{"detail":[{"msg":"Field required"}]}"#),
        (502, HTML, "<HTML><Title lang=en>502\nBad Gateway</Title>", "502 Bad Gateway"),
        (502, HTML, "<html>", "Bad Gateway"),
        (500, "text/plain", "upstream\r\nfell over", "upstream fell over"),
        (503, JSON, "", "Service Unavailable"),
        (799, JSON, "", "status 799"),
        (200, JSON, "fine", ""),
    ];
    for (status, content_type, body, message) in cases {
        let judged = judge_with(*status, content_type, body.as_bytes(), "", "");
        assert_eq!(judged.message, *message, "{status} {body}");
    }
    let long = judge_with(500, "text/plain", "é".repeat(2000).as_bytes(), "", "").message;
    assert_eq!(long, format!("{}…", "é".repeat(MESSAGE_LIMIT_CHARS - 1)));
}

#[test]
fn no_message_ends_in_half_a_key() {
    let key = "sk-0123456789abcdefghijklmnopqrstuvwxyz";
    for before in MESSAGE_LIMIT_CHARS - 60..MESSAGE_LIMIT_CHARS + 10 {
        for start in [format!("{} ", "é".repeat(before - 1)), "无".repeat(before), "a ".repeat(before / 2) + "'"] {
            let body = format!("{start}{key}' is unknown");
            let message = judge_with(500, "text/plain", body.as_bytes(), "", "").message;
            assert!(message.replace(key, "").find("sk-0").is_none(), "{before}: {message}");
        }
    }
}

#[test]
fn every_outcome_has_a_name_of_its_own() {
    let all =
        [Fine, SickUpstream, RateLimited, BadKey, Doubtful, ClientMistake, Outcome::CutShort, Outcome::ClientGone];
    let names: HashSet<_> = all.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(names.iter().all(|name| name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())));
}

proptest! {
    /// Neither a client's mistake nor a rate limit nor a sick upstream burns a key, whatever the body's words are.
    #[test]
    fn words_burn_no_key(status in 400u16..600, words in "(quota|billing|insufficient_quota|balance|credit|key|expired| ){1,20}") {
        let body = serde_json::json!({"error": {"message": format!("Note: {words}")}}).to_string();
        let judged = judge_with(status, JSON, body.as_bytes(), DEFAULT_FAILOVER, "");
        prop_assert_eq!(judged.outcome == BadKey, status == 401);
    }

    #[test]
    fn any_body_is_judged(status in 0u16..1000, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let judged = judge_with(status, HTML, &body, DEFAULT_FAILOVER, "");
        prop_assert!(judged.message.chars().count() <= MESSAGE_LIMIT_CHARS);
    }

    #[test]
    fn any_cut_is_judged(cut in 0usize..300) {
        let body = r#"[{"error":{"code":429,"message":"Größe \"\ud83d\ude00\" \u00e9","details":[{"violations":[{"quotaId":"PerDay"}]},{"retryDelay":"41s"}]}}]"#.as_bytes();
        let judged = judge_with(429, JSON, &body[..cut.min(body.len())], DEFAULT_FAILOVER, "");
        prop_assert_eq!(judged.outcome, RateLimited);
    }
}
