//! The outcome table, from status, headers and body.
//!
//! Input: a line with the status, header lines, an empty line, then the body, where `@KEY@` stands for the key that was used.

use domain::classify::table::TABLE;
use domain::classify::{Answer, EXCERPT_LIMIT_BYTES, Judgement, MESSAGE_LIMIT_CHARS, Outcome, Policy, decode, judge};
use domain::secret::mask_in;
use domain::status_codes::StatusSet;

use crate::input::{KEY, headers, replaced, text_line, with_key};

/// An answer is judged by a row of the table, told in one short line, and no part of the key is left in a masked one.
pub fn classify(data: &[u8]) {
    let (status, rest) = text_line(data);
    let status = status.trim().parse().ok().filter(|status| (100..1000).contains(status)).unwrap_or(400);
    let (headers, body) = headers(rest);
    let encoding = headers.get("content-encoding").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = decode::decode(encoding, &with_key(body), EXCERPT_LIMIT_BYTES).unwrap_or_default();
    let policy = Policy { failover: &set("400,404,429,500-599"), blacklist: &set("410,418") };
    for cut in [body.len(), body.len() * 2 / 3, body.len() / 3] {
        let body = &body[..cut];
        let judgement = judge(&Answer { status, headers: &headers, body }, &policy);
        told(status, &judgement);
        masked(body, &judgement.message);
    }
}

fn set(list: &str) -> StatusSet {
    list.parse().expect("a list of statuses")
}

fn told(status: u16, judgement: &Judgement) {
    assert!(TABLE.iter().any(|row| row.name == judgement.row && row.outcome == judgement.outcome), "no such row");
    assert_eq!(status < 400, judgement.outcome == Outcome::Ok);
    assert!(judgement.outcome != Outcome::Ok || !judgement.retry && judgement.message.is_empty());
    assert!(judgement.message.chars().count() <= MESSAGE_LIMIT_CHARS + 1, "the message is too long");
    assert!(!judgement.message.contains(char::is_control), "the message has more than one line");
}

/// Neither the key nor the beginning of it shows, unless the body says it apart from the key. A body may end within the key.
fn masked(body: &[u8], message: &str) {
    let beginning = &KEY[..10];
    let says = |text: &[u8]| memchr::memmem::find(text, beginning.as_bytes()).is_some();
    let shown = mask_in(message, KEY);
    assert!(!shown.contains(KEY), "the key shows in {shown:?}");
    let cut = (beginning.len()..KEY.len()).rev().find_map(|len| body.strip_suffix(&KEY.as_bytes()[..len]));
    let said_apart = says(&replaced(cut.unwrap_or(body), KEY.as_bytes(), ""));
    // Escapes may hide parts of a key from this search, and the end of a body that was cut off is not always the end of the message.
    let is_hidden = body.contains(&b'\\') || cut.is_some() && message.starts_with(['{', '[']);
    assert!(is_hidden || said_apart || !shown.contains(beginning), "part of the key shows in {shown:?}");
}
