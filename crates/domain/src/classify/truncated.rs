//! JSON that was cut off, made whole again.

/// The text up to the cut, with an unfinished string closed, an unfinished name, number or word dropped, and every
/// open bracket closed. `None` if no bracket is open. Text that was no JSON before the cut is none afterwards.
pub(super) fn close(text: &str) -> Option<String> {
    let scan = Scan::of(text.as_bytes());
    if scan.open.is_empty() {
        return None;
    }
    let in_value = scan.in_string && (scan.after_colon || scan.open.last() == Some(&b']'));
    let kept = text.get(..if in_value { scan.string_end(text.len()) } else { scan.complete })?;
    let mut whole = kept.to_owned();
    if in_value {
        whole.push('"');
    }
    whole.extend(scan.open.iter().rev().map(|&bracket| char::from(bracket)));
    Some(whole)
}

/// Where a scan over the whole text has arrived.
#[derive(Default)]
struct Scan {
    /// The closing brackets still to come, the outermost first.
    open: Vec<u8>,
    /// Up to here the text is complete but for those brackets.
    complete: usize,
    in_string: bool,
    after_colon: bool,
    /// The last run of escapes without a plain character between them.
    escapes: std::ops::Range<usize>,
}

impl Scan {
    fn of(text: &[u8]) -> Self {
        let mut scan = Self::default();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at = if scan.in_string { scan.string_byte(byte, at, text) } else { scan.byte(byte, at) };
        }
        scan
    }

    /// Takes a byte inside a string, and the rest of its escape. Returns where to go on.
    fn string_byte(&mut self, byte: u8, at: usize, text: &[u8]) -> usize {
        match byte {
            b'\\' => {
                let length = if text.get(at + 1) == Some(&b'u') { 6 } else { 2 };
                let start = if self.escapes.end == at { self.escapes.start } else { at };
                self.escapes = start..at + length;
                return self.escapes.end;
            }
            b'"' => self.in_string = false,
            _ => {}
        }
        at + 1
    }

    /// Takes a byte outside of strings. Returns where to go on.
    fn byte(&mut self, byte: u8, at: usize) -> usize {
        match byte {
            b'"' => {
                self.in_string = true;
                self.escapes = at..at;
            }
            b'{' | b'[' => {
                self.open.push(if byte == b'{' { b'}' } else { b']' });
                self.complete = at + 1;
                self.after_colon = false;
            }
            b'}' | b']' => {
                self.open.pop();
                self.complete = at + 1;
            }
            b',' => {
                self.complete = at;
                self.after_colon = false;
            }
            b':' => self.after_colon = true,
            _ => {}
        }
        at + 1
    }

    /// Where to cut an unfinished string: an escape at its end may lack a part, or its other surrogate.
    fn string_end(&self, length: usize) -> usize {
        if self.escapes.end >= length && !self.escapes.is_empty() { self.escapes.start } else { length }
    }
}

#[cfg(test)]
mod tests;
