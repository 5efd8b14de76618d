//! The admin API as tools written for GPT-Load 1.4.x call it: paths, shapes, codes, and what is in force when a call returns.

use serde_json::Value;

mod access;
mod backup;
mod calls;
mod copies;
mod dashboard;
mod events;
mod group_faults;
mod groups;
mod key_lists;
mod key_states;
mod keys;
mod paths;
mod reload;
mod settings;
mod sub_groups;
mod switches;
mod tasks;

/// The names of an object's members, in order.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}

/// Several members of each object of a list.
fn columns<const N: usize>(list: &Value, names: [&str; N]) -> Vec<[Value; N]> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|object| names.map(|name| object[name].clone())).collect()
}

/// That a call was refused as it should be: status, code and a message that holds some words; no data.
#[track_caller]
fn assert_refused((status, body): &(u16, Value), expected: u16, code: &str, words: &[&str]) {
    assert_eq!((*status, body["code"].as_str()), (expected, Some(code)), "{body}");
    assert_eq!(names(body), ["code", "message"], "{body}");
    let message = body["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
}
