use proptest::prelude::*;

use super::*;
use crate::rewrite::json::tests::{Written, doc, noise};

fn overrides(text: &str) -> RawObject {
    serde_json::from_str(text).unwrap()
}

fn applied(body: &str, values: &str) -> Option<String> {
    apply(body.as_bytes(), &overrides(values)).map(|body| String::from_utf8(body).unwrap())
}

#[test]
fn replaces_and_adds_members() {
    for (body, values, want) in [
        (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":2}"#),
        (
            r#"{ "a" : 1.10 , "b":[1, 2] }"#,
            r#"{"b":{"x":1e400},"c":"\u00e9"}"#,
            r#"{ "a" : 1.10 , "b":{"x":1e400} ,"c":"\u00e9"}"#,
        ),
        ("{}", r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2}"#),
        ("{ }\n", r#"{"a":1}"#, "{ \"a\":1}\n"),
        (r#"{"a":1,"\u0061":2}"#, r#"{"a":3}"#, r#"{"a":3,"\u0061":3}"#),
        (r#"{"n":{"a":1}}"#, r#"{"a":null}"#, r#"{"n":{"a":1},"a":null}"#),
        (r#"{"x":0}"#, r#"{"a\"b":1}"#, r#"{"x":0,"a\"b":1}"#),
    ] {
        assert_eq!(applied(body, values).as_deref(), Some(want), "{body} {values}");
    }
}

#[test]
fn leaves_all_else_alone() {
    for body in ["", "[1]", "null", "{\"a\":1", "{\"a\":1,}", "{\"a\":1} x", "\u{feff}{}", "--form"] {
        assert_eq!(applied(body, r#"{"a":2}"#), None, "{body}");
    }
    assert_eq!(applied(r#"{"a":1}"#, "{}"), None);
    assert_eq!(applied(r#"{"a":1}"#, r#"{"a":1}"#), None);
}

proptest! {
    #[test]
    fn only_the_members_named_change(doc in doc()) {
        let values = overrides(r#"{"temperature":0.70,"model":"x","extra":[1 ,2]}"#);
        let missing = |name: &str| !doc.members().iter().any(|member| member.name() == name);
        let added = values.iter().filter(|(name, _)| missing(name)).map(|(name, value)| format!("\"{name}\":{value}"));
        let comma = if doc.members().is_empty() { "" } else { "," };
        let added = format!("{comma}{}", added.collect::<Vec<_>>().join(","));
        let overridden = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned());
        let value = |member: &Written| overridden(&member.name()).unwrap_or_else(|| member.value.clone());
        let want = doc.text_with(value, &added);
        let got = apply(doc.text().as_bytes(), &values).unwrap();
        prop_assert_eq!(String::from_utf8(got).unwrap(), want);
    }

    #[test]
    fn survives_any_bytes(body in noise()) {
        let _ = apply(&body, &overrides(r#"{"model":1}"#));
    }
}
