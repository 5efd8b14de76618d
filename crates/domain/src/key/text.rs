//! Reading keys from what people paste: a JSON array of strings, or any text split at white space, commas and semicolons.

use std::collections::HashSet;

use crate::secret::Secret;

/// Keys read from a text, in order, each once.
#[derive(Debug, Default)]
pub struct KeyText {
    /// The distinct keys.
    pub keys: Vec<Secret>,
    /// How many more stood there: blanks and repeats.
    pub ignored: usize,
}

/// Splits `text` into keys.
#[must_use]
pub fn read(text: &str) -> KeyText {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => collect(list.iter().map(|item| item.trim())),
        Err(_) => collect(text.split(is_separator).filter(|part| !part.is_empty())),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || c == ',' || c == ';'
}

fn collect<'t>(parts: impl Iterator<Item = &'t str>) -> KeyText {
    let mut seen = HashSet::new();
    let mut read = KeyText::default();
    for part in parts {
        if part.is_empty() || !seen.insert(part) {
            read.ignored += 1;
        } else {
            read.keys.push(Secret::from(part));
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::read;

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
}
