//! Heads and chunk lines that can be read in one way only.
//!
//! The parser behind us takes more than is safe beside other servers: lines that end in a bare LF, and `Transfer-Encoding` together with
//! `Content-Length`. A proxy in front that reads either in another way would see other messages than we do (RFC 9112, 11.2). So the
//! lines are looked at as they come in: where each ends, and the two fields that tell a body's length. Everything else about a head is
//! the parser's affair, and the bytes of bodies are passed over.
//!
//! What is refused is refused by the parser: instead of the line's end it gets what no line can hold, and nothing more after it. So
//! requests sent ahead are answered in turn, and this one with 400 and the end of the connection.

use memchr::memchr;

/// The first bytes of a line that are kept while its end has not come; longer than any line that is looked into.
const LINE_BYTES: usize = 64;
/// Digits of a chunk's size; more could not be counted.
const MAX_SIZE_DIGITS: usize = 15;
/// What follows a refused line, whose own end is a CR then: a fault in any line, and, for the parser to look, the end of a head.
const REFUSED: &[u8] = b"\0\r\n\r\n";
/// How a connection begins that speaks HTTP/2 with prior knowledge (RFC 9113 3.4). No other request has this first line.
const HTTP2: &[u8] = b"PRI * HTTP/2.0";

/// Where in its messages a connection is.
#[derive(Debug, Default)]
pub struct Framing {
    next: Next,
    head: Head,
    line: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Head,
    /// So many bytes of a body that has a length.
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk and of the line end that closes it.
    Chunk(u64),
    Trailers,
    /// Not HTTP/1: HTTP/2, or a tunnel.
    Anything,
    /// A refused line has been passed on, all but its end. These bytes are to follow.
    Refused(&'static [u8]),
}

/// What the head says so far about the body.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    length: Option<u64>,
    chunked: bool,
}

/// The beginning of a line whose end has not come.
#[derive(Debug)]
struct Line {
    start: [u8; LINE_BYTES],
    len: usize,
    last: u8,
}

impl Default for Line {
    fn default() -> Self {
        Self { start: [0; LINE_BYTES], len: 0, last: 0 }
    }
}

impl Framing {
    /// Looks at what has come, and tells how many bytes of it are to be passed on. Of a line that is refused the last byte is changed.
    pub fn pass(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
            at += match self.next {
                Next::Anything => rest.len(),
                Next::Refused(_) => break,
                Next::Body(left) => {
                    let (taken, left) = take(left, rest.len());
                    self.next = if left == 0 { Next::Head } else { Next::Body(left) };
                    taken
                }
                Next::Chunk(left) => {
                    let (taken, left) = take(left, rest.len());
                    self.next = if left == 0 { Next::ChunkSize } else { Next::Chunk(left) };
                    taken
                }
                Next::Head | Next::ChunkSize | Next::Trailers => self.pass_line(rest),
            };
        }
        at
    }

    /// What is to be passed on instead of what comes, at most `room` bytes of it. When all of it has been, nothing: the end of the
    /// connection.
    pub fn instead(&mut self, room: usize) -> Option<&'static [u8]> {
        let Next::Refused(rest) = &mut self.next else { return None };
        let (now, later) = rest.split_at(room.min(rest.len()));
        *rest = later;
        Some(now)
    }

    /// Whether some of a body is still to come.
    pub fn is_in_body(&self) -> bool {
        matches!(self.next, Next::Body(_) | Next::ChunkSize | Next::Chunk(_) | Next::Trailers)
    }

    /// Whether all that has come is whole requests.
    pub fn is_between_requests(&self) -> bool {
        self.next == Next::Head && !self.head.begun && self.line.len == 0
    }

    /// From here on the connection is a tunnel, unless what came ahead has been refused.
    pub fn becomes_tunnel(&mut self) -> bool {
        if !matches!(self.next, Next::Refused(_)) {
            self.next = Next::Anything;
        }
        self.next == Next::Anything
    }

    fn pass_line(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = memchr(b'\n', bytes) else {
            self.line.begin(bytes);
            return bytes.len();
        };
        let rest = bytes.get_mut(..=end).unwrap_or_default();
        if !self.takes(rest) {
            self.next = Next::Refused(REFUSED);
            if let Some(last) = rest.last_mut() {
                *last = b'\r';
            }
        }
        end + 1
    }

    /// `rest` is a line, or what was missing of one, with its end.
    fn takes(&mut self, rest: &[u8]) -> bool {
        if self.line.len == 0 {
            return rest.strip_suffix(b"\r\n").is_some_and(|line| self.takes_line(line));
        }
        self.line.begin(rest.strip_suffix(b"\n").unwrap_or_default());
        let Line { mut start, len, last } = std::mem::take(&mut self.line);
        if len > start.len() {
            // None of the lines that are looked into is so long: what is cut off must not make one of them good.
            start[LINE_BYTES - 1] = 0;
        }
        last == b'\r' && start.get(..(len - 1).min(LINE_BYTES)).is_some_and(|line| self.takes_line(line))
    }

    fn takes_line(&mut self, line: &[u8]) -> bool {
        match self.next {
            Next::Head if line.is_empty() => {
                // An empty line before the first one of a head says nothing (RFC 9112 2.2).
                self.next = self.head.body();
                self.head = Head::default();
                true
            }
            Next::Head if !std::mem::replace(&mut self.head.begun, true) => {
                if line == HTTP2 {
                    self.next = Next::Anything;
                }
                true
            }
            Next::Head => self.head.takes_field(line),
            Next::ChunkSize => match chunk_size(line) {
                Some(0) => self.goes_on(Next::Trailers),
                Some(size) => self.goes_on(Next::Chunk(size + 2)),
                None => false,
            },
            Next::Trailers if line.is_empty() => self.goes_on(Next::Head),
            _ => true,
        }
    }

    fn goes_on(&mut self, next: Next) -> bool {
        self.next = next;
        true
    }
}

impl Head {
    fn body(&self) -> Next {
        match self.length {
            _ if self.chunked => Next::ChunkSize,
            Some(length) if length > 0 => Next::Body(length),
            _ => Next::Head,
        }
    }

    /// RFC 9112 6.1 and 6.3. A coding other than chunked would have to be undone by us, for it is not passed on.
    fn takes_field(&mut self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'c' | b'C') => match value(line, b"content-length:") {
                Some(text) => {
                    let length = decimal(text);
                    let said = self.length.replace(length.unwrap_or_default());
                    length.is_some() && !self.chunked && said.is_none_or(|said| Some(said) == length)
                }
                None => true,
            },
            Some(b't' | b'T') => match value(line, b"transfer-encoding:") {
                Some(coding) => {
                    let twice = std::mem::replace(&mut self.chunked, true);
                    coding.eq_ignore_ascii_case(b"chunked") && !twice && self.length.is_none()
                }
                None => true,
            },
            _ => true,
        }
    }
}

impl Line {
    fn begin(&mut self, bytes: &[u8]) {
        if let Some(room) = self.start.get_mut(self.len..) {
            room.iter_mut().zip(bytes).for_each(|(kept, byte)| *kept = *byte);
        }
        self.len += bytes.len();
        self.last = bytes.last().copied().unwrap_or(self.last);
    }
}

/// How many of `there` bytes belong to a stretch of `left`, and what is left of it then.
fn take(left: u64, there: usize) -> (usize, u64) {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(there);
    (taken, left - taken as u64)
}

/// The value of a field line, if it is of this name.
fn value<'l>(line: &'l [u8], name_and_colon: &[u8]) -> Option<&'l [u8]> {
    let (name, value) = line.split_at_checked(name_and_colon.len())?;
    name.eq_ignore_ascii_case(name_and_colon).then(|| value.trim_ascii())
}

/// Digits only: `u64` itself would take a sign.
fn decimal(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// RFC 9112 7.1: hexadecimal digits, then the end or an extension.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at_checked(digits).filter(|_| digits <= MAX_SIZE_DIGITS)?;
    let ends = matches!(extension.trim_ascii_start().first(), None | Some(b';'));
    u64::from_str_radix(str::from_utf8(size).ok()?, 16).ok().filter(|_| ends)
}

#[cfg(test)]
mod tests;
