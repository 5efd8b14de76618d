use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A JSON object in the pieces it is written with, so that an expected edit can be written down beside it.
#[derive(Clone, Debug)]
pub(in crate::rewrite) struct Doc {
    lead: String,
    members: Vec<Written>,
    tail: String,
}

#[derive(Clone, Debug)]
pub(in crate::rewrite) struct Written {
    before_name: String,
    raw_name: String,
    colon: String,
    pub(in crate::rewrite) value: String,
    after_value: String,
}

impl Written {
    pub(in crate::rewrite) fn name(&self) -> String {
        serde_json::from_str(&format!("\"{}\"", self.raw_name)).unwrap()
    }
}

impl Doc {
    pub(in crate::rewrite) fn members(&self) -> &[Written] {
        &self.members
    }

    pub(in crate::rewrite) fn text(&self) -> String {
        self.text_with(|member| member.value.clone(), "")
    }

    pub(in crate::rewrite) fn text_with(&self, value: impl Fn(&Written) -> String, added: &str) -> String {
        let write = |member: &Written| {
            let Written { before_name, raw_name, colon, after_value, .. } = member;
            format!("{before_name}\"{raw_name}\"{colon}{}{after_value}", value(member))
        };
        let members: Vec<String> = self.members.iter().map(write).collect();
        let Doc { lead, tail, .. } = self;
        format!("{lead}{{{}{added}}}{tail}", members.join(","))
    }
}

fn space() -> impl Strategy<Value = String> {
    select(vec!["", "", " ", "\n", "\t\r\n  "]).prop_map(str::to_owned)
}

fn string_content() -> impl Strategy<Value = String> {
    let pieces =
        ["a", "é", "模", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "{", "}", "[", "]", ",", ":", "\u{1f600}"];
    vec(select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    let known = ["model", "mod\\u0065l", "\\u006dodel", "Model", "stream", "str\\u0065am", "temperature", "top_p"];
    prop_oneof![3 => select(known.to_vec()).prop_map(str::to_owned), 1 => string_content()]
}

fn value() -> impl Strategy<Value = String> {
    let plain =
        ["0", "-1.5E+10", "123456789012345678901234567890", "1e400", "1.10", "true", "false", "null", "{}", "[ ]"];
    let string = string_content().prop_map(|content| format!("\"{content}\""));
    let leaf = prop_oneof![select(plain.to_vec()).prop_map(str::to_owned), string];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let array = (vec(inner.clone(), 1..4), space())
            .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(",")));
        let member = (name(), inner).prop_map(|(name, value)| format!("\"{name}\" :{value}"));
        let object = vec(member, 1..4).prop_map(|members| format!("{{{}}}", members.join(" ,")));
        prop_oneof![array, object]
    })
}

fn written() -> impl Strategy<Value = Written> {
    (space(), name(), (space(), space()), value(), space()).prop_map(
        |(before_name, raw_name, around_colon, value, after_value)| {
            let colon = format!("{}:{}", around_colon.0, around_colon.1);
            Written { before_name, raw_name, colon, value, after_value }
        },
    )
}

pub(in crate::rewrite) fn doc() -> impl Strategy<Value = Doc> {
    (space(), vec(written(), 0..6), space()).prop_map(|(lead, members, tail)| Doc { lead, members, tail })
}

/// Bytes that look like JSON often enough to get far into the scanner.
pub(in crate::rewrite) fn noise() -> impl Strategy<Value = Vec<u8>> {
    let jsonish = select(b"{}[]\",:\\ \n0eu-tmodel".to_vec());
    vec(prop_oneof![8 => jsonish, 1 => any::<u8>()], 0..80)
}

fn scan(body: &str) -> (Vec<(String, String)>, End) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut scan = members(body.as_bytes());
    let found = scan.by_ref().map(|member| (text(member.raw_name), text(member.value))).collect();
    (found, scan.end())
}

#[test]
fn finds_top_level_members_only() {
    let body = r#" {"a" : {"model":"x","b":["]"]} ,"model":"m","n":-1e5 }"#;
    let want = [("a", r#"{"model":"x","b":["]"]}"#), ("model", r#""m""#), ("n", "-1e5")];
    let want = want.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(scan(body), (want, End::Closed { brace: body.len() - 1 }));
}

#[test]
fn tells_how_the_text_ends() {
    for (body, members, end) in [
        ("{}", 0, End::Closed { brace: 1 }),
        ("{ } garbage", 0, End::Closed { brace: 2 }),
        ("", 0, End::Truncated),
        ("  ", 0, End::Truncated),
        ("{", 0, End::Truncated),
        (r#"{"a"#, 0, End::Truncated),
        (r#"{"a":1"#, 0, End::Truncated),
        (r#"{"a":1 "#, 1, End::Truncated),
        (r#"{"a":"x\""#, 0, End::Truncated),
        (r#"{"a":"x\\""#, 1, End::Truncated),
        (r#"{"a":[1,{"b":2}"#, 0, End::Truncated),
        (r#"{"a":1,}"#, 1, End::Malformed),
        (r#"{,"a":1}"#, 0, End::Malformed),
        (r#"{"a":1 "b":2}"#, 1, End::Malformed),
        (r#"{"a" 1}"#, 0, End::Malformed),
        (r#"{"a":}"#, 0, End::Malformed),
        ("{a:1}", 0, End::Malformed),
        ("[1]", 0, End::NotAnObject),
        ("\u{feff}{}", 0, End::NotAnObject),
        ("\"{}\"", 0, End::NotAnObject),
    ] {
        let (found, got) = scan(body);
        assert_eq!((found.len(), got), (members, end), "{body}");
    }
}

#[test]
fn names_and_texts_are_compared_decoded() {
    let named = |body: &str, name: &str| members(body.as_bytes()).next().unwrap().is_named(name);
    assert!(named(r#"{"mod\u0065l":1}"#, "model"));
    assert!(named(r#"{"a\/\"b":1}"#, "a/\"b"));
    assert!(!named(r#"{"mod\\u0065l":1}"#, "model"));
    assert!(!named(r#"{"Model":1}"#, "model"));
    assert!(!named(r#"{"mod\ud800l":1}"#, "model"), "a lone surrogate decodes to nothing");
}

#[test]
fn texts_are_decoded_and_broken_ones_kept_visible() {
    for (value, want) in [
        (r#""gpt\u002d4""#, Some("gpt-4")),
        (r#""""#, Some("")),
        (r#""\ud800""#, Some("\\ud800")),
        ("4", None),
        ("null", None),
        (r#"["a"]"#, None),
    ] {
        let body = format!("{{\"model\":{value}}}");
        assert_eq!(members(body.as_bytes()).next().unwrap().text().as_deref(), want, "{value}");
    }
    assert_eq!(members(b"{\"model\":\"a\xff\"}").next().unwrap().text().unwrap(), "a\u{fffd}");
}

#[test]
fn depth_and_escapes_cost_one_pass() {
    let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert_eq!(members(deep.as_bytes()).count(), 2);
    let quotes = format!("{{\"a\":\"{}\"}}", "\\\"".repeat(1 << 20));
    assert_eq!(members(quotes.as_bytes()).count(), 1);
}

proptest! {
    #[test]
    fn finds_every_member_where_it_is(doc in doc()) {
        let text = doc.text();
        let mut scan = members(text.as_bytes());
        for written in doc.members() {
            let member = scan.next().unwrap();
            prop_assert!(member.is_named(&written.name()));
            prop_assert_eq!(member.value, written.value.as_bytes());
            prop_assert_eq!(&text.as_bytes()[member.span], written.value.as_bytes());
        }
        prop_assert_eq!(scan.next(), None);
        prop_assert_eq!(scan.end(), End::Closed { brace: text.rfind('}').unwrap() });
    }

    #[test]
    fn a_prefix_gives_the_first_members_of_the_whole(doc in doc()) {
        let text = doc.text();
        let whole: Vec<_> = members(text.as_bytes()).collect();
        for cut in 0..text.len() {
            let some: Vec<_> = members(&text.as_bytes()[..cut]).collect();
            prop_assert!(whole.starts_with(&some), "cut at {}", cut);
        }
    }

    #[test]
    fn survives_any_bytes(body in noise()) {
        let mut scan = members(&body);
        for member in scan.by_ref() {
            prop_assert_eq!(&body[member.span.clone()], member.value);
            let _ = (member.text(), member.is_named("model"));
        }
        prop_assert!(scan.next().is_none());
    }
}
