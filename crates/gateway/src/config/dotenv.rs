//! The `.env` file, read by the rules of Go's godotenv 1.5.1 (`parser.go`), which GPT-Load 1.4.x uses.
//!
//! Odd corners are kept on purpose: an `ENCRYPTION_KEY` that comes out one character different makes every stored key
//! unreadable. Three of them surprise: when an unquoted line holds several ` #`, only the last one starts a comment;
//! a backslash before `$` keeps the `$` even without quotes; a quote escaped at the very end of a quoted value is lost.

use std::collections::BTreeMap;

/// What a file sets: the last line wins for a name that is set twice.
pub(super) type Variables = BTreeMap<String, String>;

/// Where and why a file can't be read. Never shows what the line holds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(super) struct Unreadable {
    /// Counted from 1; for a value of several lines, the one it starts on.
    line: usize,
    problem: Problem,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("a name of letters, digits, `_` and `.`, then `=`, is expected")]
    Name,
    #[error("the closing {0} is missing")]
    OpenQuote(char),
}

/// Reads the text of a `.env` file. `$NAME` is replaced from earlier lines of this text alone.
pub(super) fn parse(text: &str) -> Result<Variables, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut variables = Variables::new();
    let mut rest = next_statement(&text);
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let (name, value, after) =
            statement(rest, &variables).map_err(|problem| Unreadable { line: line_at(&text, start), problem })?;
        variables.insert(name.to_owned(), value);
        rest = next_statement(after);
    }
    Ok(variables)
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// The rest of the text after white space, empty lines and comment lines.
fn next_statement(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.find('\n').map_or("", |end| rest.split_at(end).1.trim_start());
    }
    rest
}

fn statement<'t>(text: &'t str, earlier: &Variables) -> Result<(&'t str, String, &'t str), Problem> {
    let (name, text) = take_name(text)?;
    let (value, rest) = if let Some(inner) = text.strip_prefix('\'') {
        let (value, rest) = take_quoted(inner, '\'')?;
        (value.to_owned(), rest)
    } else if let Some(inner) = text.strip_prefix('"') {
        let (value, rest) = take_quoted(inner, '"')?;
        (expand(&unescape(value), earlier), rest)
    } else {
        let (value, rest) = take_unquoted(text);
        (expand(value, earlier), rest)
    };
    Ok((name, value, rest))
}

/// Splits `export NAME = value` or `NAME: value` into name and what follows the separator. A bare word
/// that ends the file is the value of no name.
fn take_name(text: &str) -> Result<(&str, &str), Problem> {
    let text = without_export(text);
    let (name, value) = text.split_once(['=', ':']).unwrap_or((text, ""));
    if text.is_empty() || !name.bytes().all(is_name_byte) {
        return Err(Problem::Name);
    }
    if name.len() == text.len() {
        return Ok(("", text));
    }
    Ok((name.trim_end(), value.trim_start_matches(is_blank)))
}

fn without_export(text: &str) -> &str {
    match text.strip_prefix("export") {
        Some(rest) if rest.starts_with(is_blank) => rest.trim_start_matches(is_blank),
        _ => text,
    }
}

/// godotenv judges single bytes as if they were Latin-1, and allows blanks inside a name.
fn is_name_byte(byte: u8) -> bool {
    let char = char::from(byte);
    char == '_' || char == '.' || char.is_alphanumeric() || is_blank(char)
}

/// White space that does not end a line.
fn is_blank(char: char) -> bool {
    matches!(char, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// A value up to the end of its line or the last `#` that follows a blank.
fn take_unquoted(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_at(text.find(['\n', '\r']).unwrap_or(text.len()));
    let comment = line.rmatch_indices('#').find(|&(at, _)| line.split_at(at).0.ends_with(is_blank));
    let value = comment.map_or(line, |(at, _)| line.split_at(at).0);
    (value.trim_matches(is_blank), rest)
}

/// A value up to the first `quote` without a backslash before it; `text` starts after the opening one.
fn take_quoted(text: &str, quote: char) -> Result<(&str, &str), Problem> {
    let mut quotes = text.match_indices(quote);
    let (end, _) = quotes.find(|&(at, _)| !text.split_at(at).0.ends_with('\\')).ok_or(Problem::OpenQuote(quote))?;
    let (value, rest) = text.split_at(end);
    Ok((value.trim_end_matches(quote), rest.strip_prefix(quote).unwrap_or(rest)))
}

/// `\n` and `\r` become line ends, `\$` is left for [`expand`], any other backslash goes and leaves what it escapes.
fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('$') => plain.push_str("\\$"),
            Some(escaped) => plain.push(escaped),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Puts the values of `earlier` for `$NAME` and `${NAME}`; a name is of `[A-Z0-9_]`, an unknown one is empty.
fn expand(value: &str, earlier: &Variables) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        let (reference, name, tail) = split_reference(after);
        if let Some(literal) = before.strip_suffix('\\') {
            expanded.extend([literal, "$", reference]);
        } else if name.is_empty() {
            expanded.extend([before, "$", reference]);
        } else {
            expanded.extend([before, earlier.get(name).map_or("", String::as_str)]);
        }
        rest = tail;
    }
    expanded + rest
}

/// What a `$` refers to: the whole reference, the name in it, and the text behind it. Brackets need no partner.
fn split_reference(after_dollar: &str) -> (&str, &str, &str) {
    let inner = skip(skip(after_dollar, '('), '{');
    let name_end = inner.find(|c: char| !matches!(c, 'A'..='Z' | '0'..='9' | '_')).unwrap_or(inner.len());
    let (name, tail) = inner.split_at(name_end);
    let tail = skip(tail, '}');
    (after_dollar.split_at(after_dollar.len() - tail.len()).0, name, tail)
}

fn skip(text: &str, optional: char) -> &str {
    text.strip_prefix(optional).unwrap_or(text)
}

#[cfg(test)]
mod tests;
