//! Sets of HTTP statuses, as the settings `failover_status_codes` and `blacklist_status_codes` list them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The statuses a set may hold.
const ALLOWED: RangeInclusive<u16> = 100..=999;
const WORD_BITS: u16 = 64;

/// A set of statuses from 100 to 999. Read from, and shown as, a list like `401-403,408,500-599`; the empty text is the
/// empty set.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusSet {
    /// Bit `status % 64` of word `status / 64`.
    words: [u64; 16],
}

/// A list of statuses that can't be read. Says which part of it, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{part:?} is neither a status nor a range of statuses; allowed are 100 to 999, separated by commas, like 404,429,500-599"
)]
pub struct StatusSetError {
    /// The part that is neither a status nor a range.
    pub part: String,
}

impl StatusSet {
    /// Whether `status` is in the set.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.words.get(usize::from(status / WORD_BITS)).is_some_and(|word| word >> (status % WORD_BITS) & 1 == 1)
    }

    fn insert(&mut self, status: u16) {
        if let Some(word) = self.words.get_mut(usize::from(status / WORD_BITS)) {
            *word |= 1 << (status % WORD_BITS);
        }
    }
}

impl FromStr for StatusSet {
    type Err = StatusSetError;

    /// Spaces are allowed anywhere but inside a number. As in GPT-Load 1.4.x a line break separates like a comma and an
    /// empty part is ignored, so every list stored by it can be read.
    fn from_str(text: &str) -> Result<Self, StatusSetError> {
        let mut set = Self::default();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let statuses = range(part).ok_or_else(|| StatusSetError { part: part.to_owned() })?;
            statuses.for_each(|status| set.insert(status));
        }
        Ok(set)
    }
}

impl fmt::Display for StatusSet {
    /// The shortest list that reads as this set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut statuses = ALLOWED.filter(|&status| self.contains(status)).peekable();
        while let Some(first) = statuses.next() {
            let mut last = first;
            while let Some(next) = statuses.next_if_eq(&(last + 1)) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusSet({self})")
    }
}

fn range(part: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last) = (status(first.trim())?, status(last.trim())?);
    (first <= last).then_some(first..=last)
}

fn status(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|status| plain && ALLOWED.contains(status))
}

#[cfg(test)]
mod tests;
