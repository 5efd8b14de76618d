use proptest::prelude::*;
use serde_json::{Value, json};

use super::close;

#[test]
fn cut_json_is_closed() {
    let cases = [
        (r#"{"a":{"b":"c","d":"half"#, json!({"a": {"b": "c", "d": "half"}})),
        (r#"{"a":"x","b"#, json!({"a": "x"})),
        (r#"{"a":"x","b":"#, json!({"a": "x"})),
        (r#"{"a":"x","b":tru"#, json!({"a": "x"})),
        (r#"{"a":"x","b":12"#, json!({"a": "x"})),
        (r#"{"a":"x","#, json!({"a": "x"})),
        (r#"[{"a":1},{"b":2"#, json!([{"a": 1}, {}])),
        (r#"["a","b"#, json!(["a", "b"])),
        (r#"{"a":"]}\"","#, json!({"a": "]}\""})),
        (r#"{"a":"x\"#, json!({"a": "x"})),
        (r#"{"a":"x\u00"#, json!({"a": "x"})),
        (r#"{"a":"x\\"#, json!({"a": "x"})),
        (r#"{"a":"x\ud83d"#, json!({"a": "x"})),
        (r#"{"a":"x\ud83d\ude00y"#, json!({"a": "x😀y"})),
        ("{", json!({})),
    ];
    for (text, whole) in cases {
        let closed = close(text).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&closed).ok(), Some(whole), "{text} → {closed}");
    }
}

#[test]
fn what_has_no_open_bracket_is_left_alone() {
    assert!(["", "plain", "\"text", "{} junk", "1,2"].iter().all(|text| close(text).is_none()));
}

proptest! {
    /// Cut anywhere, a JSON text comes out as JSON again, and what it holds is a part of what it held.
    #[test]
    fn every_cut_is_closed(texts in prop::collection::vec(r#"[a-c"\\\n😀é]{0,6}"#, 1..5), escape: bool, cut in 1usize..200) {
        let value = json!({"list": texts, "object": {"n": -1.5e3, "t": true, "s": texts[0]}, "after": texts});
        let mut text = value.to_string();
        if escape {
            text = text.replace('😀', "\\ud83d\\ude00").replace('é', "\\u00e9");
        }
        let cut = text.floor_char_boundary(cut.min(text.len() - 1));
        let closed = close(&text[..cut]).unwrap();
        let read: Value = serde_json::from_str(&closed).map_err(|fault| TestCaseError::fail(format!("{fault}: {closed}")))?;
        if let Some(list) = read["list"].as_array() {
            prop_assert!(list.iter().zip(&texts).all(|(read, text)| text.starts_with(read.as_str().unwrap())));
        }
    }
}
