//! Reading keys from what people paste: a JSON array of strings, or any text split at white space, commas and semicolons.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;

use crate::secret::Secret;

/// Keys read from a text, in order, each once.
#[derive(Debug, Default)]
pub struct KeyText {
    /// The distinct keys.
    pub keys: Vec<Secret>,
    /// How many more stood there: blanks and repeats.
    pub ignored: usize,
}

/// What stands in one place of a text: a key, or nothing.
#[derive(Debug)]
pub struct Entry<'t> {
    /// The line, from 1; in a JSON array the place.
    pub line: usize,
    /// The key; empty for a blank in a JSON array.
    pub key: Cow<'t, str>,
}

/// Splits `text` into keys.
#[must_use]
pub fn read(text: &str) -> KeyText {
    let mut seen = HashSet::new();
    let mut read = KeyText::default();
    for Entry { key, .. } in entries(text) {
        if key.is_empty() || seen.contains(&key) {
            read.ignored += 1;
        } else {
            read.keys.push(Secret::from(&*key));
            seen.insert(key);
        }
    }
    read
}

/// What stands in `text`, repeats and all, one after another: the text may hold more keys than should be in memory twice.
#[must_use]
pub fn entries(text: &str) -> Box<dyn Iterator<Item = Entry<'_>> + Send + '_> {
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Vec<Item<'_>>>(text) {
        Ok(list) => Box::new(list.into_iter().zip(1..).map(|(Item(key), line)| Entry { line, key: trimmed(key) })),
        Err(_) => Box::new(text.lines().zip(1..).flat_map(|(text, line)| {
            let keys = text.split(is_separator).filter(|part| !part.is_empty());
            keys.map(move |key| Entry { line, key: key.into() })
        })),
    }
}

/// A string, copied only if it is written with escapes.
#[derive(Deserialize)]
struct Item<'t>(#[serde(borrow)] Cow<'t, str>);

fn trimmed(key: Cow<'_, str>) -> Cow<'_, str> {
    match key {
        Cow::Borrowed(key) => key.trim().into(),
        Cow::Owned(key) => key.trim().to_owned().into(),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == ',' || c == ';'
}

#[cfg(test)]
mod tests {
    use super::{entries, read};

    fn keys(text: &str) -> (Vec<String>, usize) {
        let read = read(text);
        (read.keys.iter().map(|key| key.expose().to_owned()).collect(), read.ignored)
    }

    #[test]
    fn splits_at_white_space_commas_and_semicolons() {
        let expected = (vec!["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()], 0);
        assert_eq!(keys(" a,b;c\r\n\td "), expected);
        assert_eq!(keys(r#"["a","b","c","d"]"#), expected);
    }

    #[test]
    fn repeats_and_blanks_are_counted_not_kept() {
        assert_eq!(keys("a a b"), (vec!["a".to_owned(), "b".to_owned()], 1));
        assert_eq!(keys(r#"["a", "", " a "]"#), (vec!["a".to_owned()], 2));
        assert_eq!(keys(""), (vec![], 0));
    }

    #[test]
    fn json_that_is_no_list_of_strings_is_plain_text() {
        assert_eq!(keys(r#"["a",1]"#).0, [r#"["a""#, "1]"]);
    }

    #[test]
    fn entries_are_told_by_line_or_by_place() {
        let places = |text: &str| entries(text).map(|entry| (entry.line, entry.key.into_owned())).collect::<Vec<_>>();
        let at = |list: &[(usize, &str)]| list.iter().map(|(line, key)| (*line, (*key).to_owned())).collect::<Vec<_>>();
        assert_eq!(places("\u{feff}a\r\n\r\nb, a\n"), at(&[(1, "a"), (3, "b"), (3, "a")]));
        assert_eq!(places(r#"["a", " ", "\u0062 "]"#), at(&[(1, "a"), (2, ""), (3, "b")]));
    }
}
