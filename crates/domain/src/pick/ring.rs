//! A set of small numbers that answers "the next member from here on" in a few steps, however full or empty it is.
//!
//! A bitmap with summaries: a bit of level *n + 1* says whether a word of level *n* has any bit set, so a million members are four
//! levels and 160 KB, and finding the next one looks at a handful of words whether 1 % or 99 % are set. Any number of threads read
//! without a lock while one writes.

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const WORD: usize = 64;

/// A set of numbers below its capacity.
///
/// [`insert`](Self::insert) and [`remove`](Self::remove) must be called by one thread at a time; everything else may run beside them.
#[derive(Debug)]
pub struct Ring {
    /// `levels[0]` holds the members, the last level is a single word.
    levels: Box<[Box<[AtomicU64]>]>,
    count: AtomicUsize,
}

impl Ring {
    /// An empty set for numbers below `capacity`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = capacity.max(1).div_ceil(WORD);
        loop {
            levels.push((0..words).map(|_| AtomicU64::new(0)).collect());
            if words == 1 {
                break;
            }
            words = words.div_ceil(WORD);
        }
        Self { levels: levels.into(), count: AtomicUsize::new(0) }
    }

    /// A copy with room for numbers below `capacity`; members beyond it are dropped.
    #[must_use]
    pub fn resized(&self, capacity: usize) -> Self {
        let copy = Self::new(capacity);
        let mut from = 0;
        while let Some(member) = self.at_or_after(from).filter(|member| *member < capacity) {
            copy.insert(member);
            from = member + 1;
        }
        copy
    }

    /// How many numbers fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.levels.first().map_or(0, |words| words.len() * WORD)
    }

    /// How many numbers are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn contains(&self, member: usize) -> bool {
        self.word(0, member / WORD) & (1 << (member % WORD)) != 0
    }

    /// The members as a bitmap: bit *b* of word *w* stands for 64 *w* + *b*.
    pub fn words(&self) -> impl Iterator<Item = u64> {
        self.levels.first().into_iter().flat_map(|words| words.iter().map(|word| word.load(Ordering::Acquire)))
    }

    /// Adds `member`, which must be below the capacity. Returns whether it was missing.
    pub fn insert(&self, member: usize) -> bool {
        if member >= self.capacity() || self.contains(member) {
            return false;
        }
        let mut position = member;
        for level in &self.levels {
            let Some(word) = level.get(position / WORD) else { break };
            let before = word.fetch_or(1 << (position % WORD), Ordering::Release);
            if before != 0 {
                break;
            }
            position /= WORD;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes `member` out. Returns whether it was there.
    pub fn remove(&self, member: usize) -> bool {
        if !self.contains(member) {
            return false;
        }
        let mut position = member;
        for level in &self.levels {
            let Some(word) = level.get(position / WORD) else { break };
            let bit = 1 << (position % WORD);
            let before = word.fetch_and(!bit, Ordering::Release);
            if before != bit {
                break;
            }
            position /= WORD;
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// The first member at or after `from`, going on at 0 behind the last; `None` if the set is empty.
    #[must_use]
    pub fn next(&self, from: usize) -> Option<usize> {
        self.at_or_after(from).or_else(|| self.at_or_after(0))
    }

    fn at_or_after(&self, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let (level, position) = self.climb(from)?;
            match self.descend(level, position) {
                Ok(member) => return Some(member),
                // The word was emptied between the look at its summary and at itself.
                Err(empty_up_to) => from = empty_up_to,
            }
        }
    }

    /// The lowest level, and the place in it, of a set bit that covers members at or after `from`.
    fn climb(&self, from: usize) -> Option<(usize, usize)> {
        let mut position = from;
        for level in 0..self.levels.len() {
            let rest = self.word(level, position / WORD) & (u64::MAX << (position % WORD));
            if rest != 0 {
                return Some((level, position / WORD * WORD + rest.trailing_zeros() as usize));
            }
            position = position / WORD + 1;
        }
        None
    }

    /// The first member under a set bit, or, if its words have become empty, the first number behind them.
    fn descend(&self, level: usize, position: usize) -> Result<usize, usize> {
        let mut position = position;
        for below in (0..level).rev() {
            let word = self.word(below, position);
            if word == 0 {
                return Err((position + 1) * WORD.pow(u32::try_from(below).unwrap_or(0) + 1));
            }
            position = position * WORD + word.trailing_zeros() as usize;
        }
        Ok(position)
    }

    fn word(&self, level: usize, index: usize) -> u64 {
        self.levels.get(level).and_then(|words| words.get(index)).map_or(0, |word| word.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests;
