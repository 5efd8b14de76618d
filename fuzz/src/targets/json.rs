//! JSON bodies: scan, hints, overrides, model redirect.
//!
//! Input: a line with the overrides, then the body. `serde_json` is the judge wherever it takes the body for an object.

use std::fmt;
use std::ops::Range;

use domain::raw_object::RawObject;
use domain::rewrite::hints::{Hints, Progress, hints};
use domain::rewrite::json::{End, Member, members};
use domain::rewrite::{models, params};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::input::line;

/// Every byte outside of an edit stays; the members found are those of `serde_json`; what is known early stays true.
pub fn json(data: &[u8]) {
    let (overrides, body) = line(data);
    let overrides: RawObject = serde_json::from_slice(overrides).unwrap_or_default();
    let found = scan(body);
    let judged = serde_json::from_slice::<Written>(body).ok();
    if let Some(Written(judged)) = &judged {
        agree(body, &found, judged);
    }
    for cut in [body.len() / 3, body.len() / 2, body.len().saturating_sub(1)] {
        let early = body.get(..cut).unwrap_or_default();
        assert!(found.starts_with(&scan(early)), "a prefix has other members");
        hints_stay_true(hints(None, early, false), &hints(None, body, true).0);
    }
    hinted(&found, &hints(None, body, true));
    overridden(body, &found, &overrides, judged.is_some());
    redirected(body, &found);
}

fn scan(body: &[u8]) -> Vec<Member<'_>> {
    let mut scan = members(body);
    let mut found = Vec::new();
    let mut behind = 0;
    for member in scan.by_ref() {
        assert!(behind <= member.span.start && member.span.start < member.span.end, "members overlap");
        assert_eq!(body.get(member.span.clone()), Some(member.value), "a value is not where it is said to be");
        behind = member.span.end;
        found.push(member);
    }
    if let End::Closed { brace } = scan.end() {
        assert!(brace >= behind && body.get(brace) == Some(&b'}'), "closed by no brace");
    }
    found
}

/// The members of an object as `serde_json` finds them, repeated names included.
struct Written<'b>(Vec<(String, &'b RawValue)>);

impl<'b> Deserialize<'b> for Written<'b> {
    fn deserialize<D: Deserializer<'b>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'b> Visitor<'b> for Members {
            type Value = Written<'b>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<Written<'b>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Written(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn agree(body: &[u8], found: &[Member<'_>], judged: &[(String, &RawValue)]) {
    assert_eq!(found.len(), judged.len(), "members are missed or made up");
    for (member, (name, value)) in found.iter().zip(judged) {
        assert!(member.is_named(name), "{name:?} has another name");
        let start = value.get().as_ptr().addr() - body.as_ptr().addr();
        assert_eq!(member.span, start..start + value.get().len(), "the value of {name:?}");
        let text = serde_json::from_str::<String>(value.get()).ok();
        assert!(text.is_none() || member.text() == text, "the text of {name:?}");
    }
}

fn hints_stay_true((early, progress): (Hints, Progress), whole: &Hints) {
    match progress {
        Progress::Done => assert_eq!(&early, whole, "done too early"),
        Progress::ModelKnown => assert!(early.model.is_some() && whole.model.is_some()),
        Progress::NeedMore => assert!(early.model.is_none()),
        Progress::NotAnObject => assert_eq!(whole, &Hints::default()),
    }
}

fn hinted(found: &[Member<'_>], (hints, progress): &(Hints, Progress)) {
    assert!(matches!(progress, Progress::Done | Progress::NotAnObject), "{progress:?} at the end");
    let last = |name: &str| found.iter().rev().find(|member| member.is_named(name) && is_hint(member));
    assert_eq!(hints.model, last("model").and_then(Member::text), "model");
    assert_eq!(hints.stream, last("stream").map(|member| member.value == b"true"), "stream");
}

fn is_hint(member: &Member<'_>) -> bool {
    if member.is_named("model") { member.text().is_some() } else { matches!(member.value, b"true" | b"false") }
}

fn overridden(body: &[u8], found: &[Member<'_>], overrides: &RawObject, is_json: bool) {
    let Some(edited) = params::apply(body, overrides) else {
        let unchanged = found.iter().all(|member| by(overrides, member).is_none_or(|value| value == member.value));
        let complete = overrides.iter().all(|(name, _)| found.iter().any(|member| member.is_named(name)));
        assert!(!is_json || unchanged && complete, "an override is not applied");
        return;
    };
    let added = added(&edited, body, found, |member| by(overrides, member));
    let missing = overrides.iter().filter(|(name, _)| !found.iter().any(|member| member.is_named(name)));
    let missing: Vec<String> = missing.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    let comma = if found.is_empty() || missing.is_empty() { "" } else { "," };
    assert_eq!(String::from_utf8_lossy(&added), format!("{comma}{}", missing.join(",")), "what is added");
    assert!(!is_json || serde_json::from_slice::<Written>(&edited).is_ok(), "no JSON any more");
    assert_eq!(params::apply(&edited, overrides), None, "applied once is not applied for good");
}

fn redirected(body: &[u8], found: &[Member<'_>]) {
    let to = "a\"new\"é";
    let value = Value::from(to).to_string();
    let new = |member: &Member<'_>| member.is_named("model").then_some(value.as_bytes());
    match models::replace_in_body(None, body, to) {
        Some(edited) => assert_eq!(added(&edited, body, found, new), b"", "a redirect adds nothing"),
        None => assert!(found.iter().all(|member| new(member).is_none_or(|new| new == member.value))),
    }
}

fn by<'o>(overrides: &'o RawObject, member: &Member<'_>) -> Option<&'o [u8]> {
    overrides.iter().find(|(name, _)| member.is_named(name)).map(|(_, value)| value.as_bytes())
}

/// What `edited` has more than `body` with the `new` values, before its last brace. All other bytes must be the same.
fn added<'v>(
    edited: &[u8],
    body: &[u8],
    found: &[Member<'_>],
    new: impl Fn(&Member<'_>) -> Option<&'v [u8]>,
) -> Vec<u8> {
    let mut rest = edited;
    let mut take = |expected: &[u8]| {
        rest = rest.strip_prefix(expected).expect("a byte outside of the edit has changed");
    };
    let mut kept_from = 0;
    for member in found {
        take(slice(body, kept_from..member.span.start));
        take(new(member).unwrap_or(member.value));
        kept_from = member.span.end;
    }
    let tail = slice(body, kept_from..body.len());
    let brace = brace(body).map_or(tail.len(), |brace| brace - kept_from);
    take(slice(tail, 0..brace));
    rest.strip_suffix(slice(tail, brace..tail.len())).expect("the end has changed").to_vec()
}

fn brace(body: &[u8]) -> Option<usize> {
    let mut scan = members(body);
    scan.by_ref().for_each(drop);
    if let End::Closed { brace } = scan.end() { Some(brace) } else { None }
}

fn slice(bytes: &[u8], span: Range<usize>) -> &[u8] {
    bytes.get(span).unwrap_or_default()
}
