//! Keys as people paste them.

use std::collections::HashSet;

use domain::key::text::read;
use domain::secret::{Secret, mask};

use crate::input::text;

/// Keys are distinct parts of the text, in its order, and can be pasted again in either form; none shows when printed.
pub fn keys(data: &[u8]) {
    let text = text(data);
    let found = read(&text);
    let keys: Vec<&str> = found.keys.iter().map(Secret::expose).collect();
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "a key twice");
    assert!(keys.iter().all(|key| !key.is_empty() && key.trim() == *key), "{keys:?}");
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(list) => {
            assert_eq!(list.len(), keys.len() + found.ignored, "items");
            assert!(list.iter().all(|item| item.trim().is_empty() || keys.contains(&item.trim())), "an item is lost");
        }
        Err(_) => plain(&text, &keys),
    }
    let list = serde_json::to_string(&keys).expect("texts are JSON");
    assert_eq!(read(&list).keys, found.keys, "as a list");
    for key in &keys {
        shows_little(key);
    }
}

fn plain(text: &str, keys: &[&str]) {
    let is_separator = |c: char| c.is_whitespace() || c == ',' || c == ';';
    assert!(keys.iter().all(|key| !key.contains(is_separator)), "not split");
    let mut rest = text;
    for key in keys {
        rest = rest.split_once(key).expect("a key that is not in the text, or out of order").1;
    }
    let again = keys.join("\n");
    if serde_json::from_str::<Vec<String>>(&again).is_err() {
        assert!(read(&again).keys.iter().map(Secret::expose).eq(keys.iter().copied()), "pasted again");
    }
}

/// At most the first and last four characters.
fn shows_little(key: &str) {
    let (secret, shown) = (Secret::from(key), mask(key));
    assert_eq!([format!("{secret}"), format!("{secret:?}")], [shown.clone(), shown.clone()]);
    let chars: Vec<char> = key.chars().collect();
    let ends = chars.first_chunk::<4>().zip(chars.last_chunk::<4>()).filter(|_| chars.len() > 12);
    let expected = ends.map_or_else(
        || "****".to_owned(),
        |(head, tail)| format!("{}****{}", String::from_iter(head), String::from_iter(tail)),
    );
    assert_eq!(shown, expected);
}
