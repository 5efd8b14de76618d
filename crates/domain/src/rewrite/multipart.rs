//! The fields of a `multipart/form-data` body (RFC 7578), found in one pass.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::splice;

/// The boundary named by a `multipart/form-data` content type, quoted or not. `None` for any other type.
#[must_use]
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, params) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    param(params, "boundary").filter(|boundary| !boundary.is_empty())
}

/// Starts a scan of `body`, a form or a prefix of one.
#[must_use]
pub fn fields<'b>(boundary: &str, body: &'b [u8]) -> Fields<'b> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut fields = Fields { body, finder: memmem::Finder::new(&delimiter).into_owned(), part: None, closed: false };
    fields.open();
    fields
}

/// `body` with the value of every field named `model` replaced. `None` if it has none, or all are `to` already.
#[must_use]
pub fn replace_model(boundary: &str, body: &[u8], to: &str) -> Option<Vec<u8>> {
    let models = fields(boundary, body).filter(|field| field.name == "model" && field.value != to.as_bytes());
    let edits: Vec<(Range<usize>, &[u8])> = models.map(|field| (field.span, to.as_bytes())).collect();
    (!edits.is_empty()).then(|| splice(body, &edits))
}

/// A field that is complete in the scanned bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'b> {
    /// The name, unquoted.
    pub name: String,
    /// The value as written.
    pub value: &'b [u8],
    /// Where the value stands in the body.
    pub span: Range<usize>,
}

/// The named fields in the order written.
#[derive(Clone, Debug)]
pub struct Fields<'b> {
    body: &'b [u8],
    finder: memmem::Finder<'static>,
    /// The line break before the current part's first header, `None` when there is no further part.
    part: Option<usize>,
    closed: bool,
}

impl<'b> Fields<'b> {
    /// Whether the form's end has been seen.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Finds the first part. The first delimiter may stand at the very beginning, without a line break before it.
    fn open(&mut self) {
        let delimiter = self.finder.needle();
        let bare = delimiter.get(2..).unwrap_or_default();
        if self.body.starts_with(bare) && self.enter(bare.len()) {
            return;
        }
        self.next_delimiter(0);
    }

    /// Looks for a delimiter from `from` on, moves behind it, and gives its position.
    fn next_delimiter(&mut self, mut from: usize) -> Option<usize> {
        self.part = None;
        loop {
            let at = from + self.finder.find(self.slice(from..self.body.len()))?;
            let after = at + self.finder.needle().len();
            if self.enter(after) {
                return Some(at);
            }
            from = after;
        }
    }

    /// Whether `after` is the end of a delimiter, not of text that only starts like one. Takes note of what follows it.
    fn enter(&mut self, after: usize) -> bool {
        let tail = self.slice(after..self.body.len());
        if tail.starts_with(b"--") {
            self.closed = true;
            return true;
        }
        let padding = tail.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let is_delimiter = tail.get(padding..).unwrap_or_default().starts_with(b"\r\n");
        if is_delimiter {
            self.part = Some(after + padding);
        }
        is_delimiter
    }

    fn field(&self, part: Range<usize>) -> Option<Field<'b>> {
        let text = self.slice(part.clone());
        let head = memmem::find(text, b"\r\n\r\n")?;
        let name = field_name(text.get(..head)?)?;
        let span = part.start + head + 4..part.end;
        Some(Field { name, value: self.slice(span.clone()), span })
    }

    fn slice(&self, span: Range<usize>) -> &'b [u8] {
        self.body.get(span).unwrap_or_default()
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Field<'b>;

    fn next(&mut self) -> Option<Field<'b>> {
        while let Some(start) = self.part {
            let end = self.next_delimiter(start)?;
            if let Some(field) = self.field(start..end) {
                return Some(field);
            }
        }
        None
    }
}

fn field_name(head: &[u8]) -> Option<String> {
    String::from_utf8_lossy(head).split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if !name.trim().eq_ignore_ascii_case("content-disposition") {
            return None;
        }
        let (_, params) = value.split_once(';')?;
        param(params, "name")
    })
}

/// The value of a parameter in `a=b; c="d"` (RFC 9110, 5.6.6).
fn param(params: &str, name: &str) -> Option<String> {
    let mut rest = params;
    while !rest.is_empty() {
        let (found, tail) = rest.split_once('=')?;
        let (value, tail) = param_value(tail.trim_start());
        // Parameters without a value stand before the name, each with its semicolon.
        if found.rsplit(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(name)) {
            return Some(value.into_owned());
        }
        rest = tail;
    }
    None
}

/// A token or quoted string, and what follows its semicolon.
fn param_value(text: &str) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, tail) = text.split_once(';').unwrap_or((text, ""));
        return (Cow::Borrowed(value.trim_end()), tail);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => value.extend(chars.next()),
            _ => value.push(char),
        }
    }
    (Cow::Owned(value), chars.as_str().split_once(';').map_or("", |(_, tail)| tail))
}

#[cfg(test)]
pub(super) mod tests;
