//! What comes first in an event stream: data, or an error that makes the attempt a failed one.
//!
//! Parsed as the WHATWG HTML standard, "Server-sent events", says: lines end in CR, LF or CRLF; lines that start with
//! a colon are comments; the `data` lines of an event are joined. Other than there, an event that the end of the
//! stream completes counts.

use serde_json::Value;

use super::provider_error::ProviderError;
use super::pseudo_status::pseudo_status;

/// A stream is held until its first data event, but no longer than this many bytes.
pub const HOLD_LIMIT_BYTES: usize = 16 * 1024;
/// The status under which an [empty](Verdict::Empty) stream is judged.
pub const EMPTY_STATUS: u16 = 502;

/// What is known of a stream so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No data event has come yet.
    NeedMore,
    /// The stream carries data, or what has come fills [`HOLD_LIMIT_BYTES`]: let it flow.
    Data,
    /// An error event came first.
    Error {
        /// Its [pseudo status](pseudo_status).
        status: u16,
        /// Its data, in the place of an error body.
        body: Vec<u8>,
    },
    /// The stream ended without any data event.
    Empty,
}

/// Looks at the head of an event stream, chunk by chunk. It keeps at most [`HOLD_LIMIT_BYTES`].
#[derive(Clone, Debug, Default)]
pub struct FirstEvent {
    verdict: Option<Verdict>,
    seen_bytes: usize,
    line: Vec<u8>,
    after_cr: bool,
    lines: usize,
    event: Vec<u8>,
    data: Vec<u8>,
    /// Lines that are no part of an event stream: an error body under the wrong content type.
    stray: Vec<u8>,
}

impl FirstEvent {
    /// A scanner at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream. Once it is [`Verdict::Data`] or [`Verdict::Error`] the verdict stays.
    pub fn push(&mut self, chunk: &[u8]) -> Verdict {
        for &byte in chunk {
            if self.verdict.is_some() {
                break;
            }
            if self.seen_bytes == HOLD_LIMIT_BYTES {
                self.verdict = Some(Verdict::Data);
                break;
            }
            self.seen_bytes += 1;
            self.byte(byte);
        }
        self.verdict.clone().unwrap_or(Verdict::NeedMore)
    }

    /// The stream has ended. Never [`Verdict::NeedMore`].
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        if self.verdict.is_none() {
            if !self.line.is_empty() {
                self.end_line();
            }
            self.dispatch();
        }
        self.verdict.take().unwrap_or_else(|| stray_error(self.stray))
    }

    fn byte(&mut self, byte: u8) {
        let line_feed_of_crlf = self.after_cr && byte == b'\n';
        self.after_cr = byte == b'\r';
        match byte {
            b'\n' if line_feed_of_crlf => {}
            b'\r' | b'\n' => self.end_line(),
            _ => self.line.push(byte),
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = if self.lines == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        self.lines += 1;
        if line.is_empty() {
            return self.dispatch();
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.event = value.to_vec(),
            b"" | b"id" | b"retry" => {}
            _ => {
                self.stray.extend_from_slice(line);
                self.stray.push(b'\n');
            }
        }
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        self.verdict = judge_event(&event, data.trim_ascii());
    }
}

/// `None` for what is not yet data: nothing, OpenAI's end mark, Anthropic's ping.
fn judge_event(event: &[u8], data: &[u8]) -> Option<Verdict> {
    if data.is_empty() || data == b"[DONE]" || event == b"ping" {
        return None;
    }
    let value: Value = serde_json::from_slice(data).unwrap_or_default();
    let named = |name: &str| event == name.as_bytes() || value.get("type").is_some_and(|kind| kind == name);
    if named("ping") {
        return None;
    }
    if named("error") || named("response.failed") || has_error(&value) {
        return Some(error(&value, data.to_vec()));
    }
    Some(Verdict::Data)
}

fn has_error(value: &Value) -> bool {
    let value = value.as_array().and_then(|elements| elements.first()).unwrap_or(value);
    match value.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    }
}

fn stray_error(stray: Vec<u8>) -> Verdict {
    match serde_json::from_slice(&stray) {
        Ok(value) if has_error(&value) => error(&value, stray),
        _ => Verdict::Empty,
    }
}

fn error(value: &Value, body: Vec<u8>) -> Verdict {
    Verdict::Error { status: pseudo_status(&ProviderError::from_value(value)), body }
}

#[cfg(test)]
mod tests;
