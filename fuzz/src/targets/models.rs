//! Model names in paths, and model lists.
//!
//! Input: a line with a path, a line with redirect rules as JSON, then a model list.

use std::collections::BTreeMap;

use domain::rewrite::models::list::rewrite_list;
use domain::rewrite::models::{Redirects, model_in_path, replace_in_path};
use serde_json::Value;

use crate::input::{line, text_line};

/// A replaced path names the new model and nothing else in it changes; a list has the names the rules say.
pub fn models(data: &[u8]) {
    let (path, rest) = text_line(data);
    let (rules, list) = line(rest);
    let rules: BTreeMap<String, String> = serde_json::from_slice(rules).unwrap_or_default();
    in_path(&path);
    for strict in [false, true] {
        listed(list, &rules, strict);
    }
}

fn in_path(path: &str) {
    let Some(model) = model_in_path(path) else {
        assert_eq!(replace_in_path(path, "new"), None);
        return;
    };
    let (before, after) = (&path[..model.span.start], &path[model.span.end..]);
    let replaced = replace_in_path(path, "a/b:c%20é").expect("the path names a model");
    assert!(replaced.starts_with(before) && replaced.ends_with(after), "more than the model has changed");
    assert_eq!(model_in_path(&replaced).map(|model| model.name).as_deref(), Some("a/b:c%20é"));
}

fn listed(list: &[u8], rules: &BTreeMap<String, String>, strict: bool) {
    let redirects = Redirects::new(rules.clone(), strict);
    let strict = strict && !rules.is_empty();
    let Some(rewritten) = rewrite_list(list, &redirects, true) else { return };
    let before: Value = serde_json::from_slice(list).expect("what is no JSON stays");
    let after: Value = serde_json::from_slice(&rewritten).expect("a list that is no JSON");
    let (had, has) = (names(&before), names(&after));
    if strict {
        assert_eq!(has, rules.keys().map(String::as_str).collect::<Vec<_>>(), "strict lists have nothing else");
    } else {
        assert!(has.starts_with(&had), "an entry is gone");
        assert!(rules.keys().all(|name| has.contains(&name.as_str())), "a name is missing");
        assert_eq!(rewrite_list(&rewritten, &redirects, true), None, "rewritten once is not for good");
    }
}

/// The names as a client reads them; an entry without one has the empty name.
fn names(list: &Value) -> Vec<&str> {
    let (entries, member, prefix) = match (list.as_array(), list.get("data"), list.get("models")) {
        (Some(bare), ..) => (Some(bare), "id", ""),
        (None, Some(data), _) => (data.as_array(), "id", ""),
        (None, None, models) => (models.and_then(Value::as_array), "name", "models/"),
    };
    let entries = entries.into_iter().flatten();
    entries.map(|entry| name(entry, member).and_then(|name| name.strip_prefix(prefix)).unwrap_or_default()).collect()
}

fn name<'e>(entry: &'e Value, member: &str) -> Option<&'e str> {
    entry.get(member)?.as_str()
}
