//! The top-level members of a JSON object, found in one pass without a document tree.
//!
//! The scan works on a prefix of a body that is still arriving: every member whose value is complete in it is found.
//! It tells strings, brackets and commas apart and no more. Whether nested brackets match or a number is well-formed is
//! for the provider to judge. Nesting is counted, never recursed into, so depth costs nothing.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

/// Starts a scan of `body`, a JSON text or a prefix of one.
#[must_use]
pub fn members(body: &[u8]) -> Members<'_> {
    Members { body, at: 0, end: None }
}

/// A member of the outermost object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'b> {
    /// The name as written, without its quotes.
    pub raw_name: &'b [u8],
    /// The value as written.
    pub value: &'b [u8],
    /// Where the value stands in the body.
    pub span: Range<usize>,
}

impl Member<'_> {
    /// Whether the name, with its escapes decoded, is `name`.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.raw_name == name.as_bytes()
            || memchr(b'\\', self.raw_name).is_some() && decode(self.raw_name).is_some_and(|decoded| decoded == name)
    }

    /// The decoded value if it is a string. One with broken escapes or bytes that aren't UTF-8 is given as it stands,
    /// so that it is still known to be there.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let inner = self.value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Some(decode(inner).unwrap_or_else(|| String::from_utf8_lossy(inner).into_owned()))
    }
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the object's closing brace, which stands at `brace`. What follows it was not looked at.
    Closed {
        /// Byte position in the body.
        brace: usize,
    },
    /// The bytes ended before the object did.
    Truncated,
    /// It is not JSON from some point on. The members before that point were found.
    Malformed,
    /// The text does not start with an object (a byte order mark counts as such a start).
    NotAnObject,
}

/// The members in the order written, repeated names included.
#[derive(Clone, Debug)]
pub struct Members<'b> {
    body: &'b [u8],
    at: usize,
    end: Option<End>,
}

impl<'b> Members<'b> {
    /// How the scan ended; [`End::Truncated`] as long as the iterator has not returned `None`.
    #[must_use]
    pub fn end(&self) -> End {
        self.end.unwrap_or(End::Truncated)
    }

    fn member(&mut self) -> Result<Member<'b>, End> {
        self.name_start()?;
        let name = self.at..self.after_string()? - 1;
        if self.token()? != b':' {
            return Err(End::Malformed);
        }
        let span = self.value()?;
        let (raw_name, value) = (self.slice(name), self.slice(span.clone()));
        Ok(Member { raw_name, value, span })
    }

    /// Moves behind the opening quote of the next name.
    fn name_start(&mut self) -> Result<(), End> {
        let first = self.at == 0;
        if first && self.token()? != b'{' {
            return Err(End::NotAnObject);
        }
        let mut byte = self.token()?;
        if byte == b'}' {
            return Err(End::Closed { brace: self.at - 1 });
        }
        if !first {
            byte = if byte == b',' { self.token()? } else { return Err(End::Malformed) };
        }
        if byte == b'"' { Ok(()) } else { Err(End::Malformed) }
    }

    fn value(&mut self) -> Result<Range<usize>, End> {
        let first = self.token()?;
        let start = self.at - 1;
        match first {
            b'"' => {
                self.after_string()?;
            }
            b'{' | b'[' => self.skip_container()?,
            byte if is_scalar(byte) => self.skip_scalar()?,
            _ => return Err(End::Malformed),
        }
        Ok(start..self.at)
    }

    fn skip_container(&mut self) -> Result<(), End> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.byte()? {
                b'"' => {
                    self.after_string()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// A number or literal ends where another character follows: at the end of a prefix it may go on.
    fn skip_scalar(&mut self) -> Result<(), End> {
        let rest = self.slice(self.at..self.body.len());
        self.at += rest.iter().position(|byte| !is_scalar(*byte)).ok_or(End::Truncated)?;
        Ok(())
    }

    /// Moves behind the closing quote of the string whose first character is next, and gives that position.
    /// Each quote is judged by the backslashes right before it, so no byte is looked at more than twice.
    fn after_string(&mut self) -> Result<usize, End> {
        let text = self.slice(self.at..self.body.len());
        let quote = memchr_iter(b'"', text).find(|quote| !is_escaped(text, *quote)).ok_or(End::Truncated)?;
        self.at += quote + 1;
        Ok(self.at)
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Result<u8, End> {
        loop {
            let byte = self.byte()?;
            if !is_space(byte) {
                return Ok(byte);
            }
        }
    }

    fn byte(&mut self) -> Result<u8, End> {
        let byte = *self.body.get(self.at).ok_or(End::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn slice(&self, span: Range<usize>) -> &'b [u8] {
        self.body.get(span).unwrap_or_default()
    }
}

impl<'b> Iterator for Members<'b> {
    type Item = Member<'b>;

    fn next(&mut self) -> Option<Member<'b>> {
        if self.end.is_some() {
            return None;
        }
        self.member().map_err(|end| self.end = Some(end)).ok()
    }
}

/// Whether `byte` is JSON's white space (RFC 8259, 2).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Wider than JSON: some clients send `NaN` and `Infinity`, and some providers take them.
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

fn is_escaped(text: &[u8], quote: usize) -> bool {
    let before = text.get(..quote).unwrap_or_default();
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn decode(inner: &[u8]) -> Option<String> {
    if memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(str::to_owned);
    }
    let mut quoted = Vec::with_capacity(inner.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inner);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}

#[cfg(test)]
pub(super) mod tests;
