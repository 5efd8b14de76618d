//! Entries that wait for the spool to be written, within bounds of memory, and what had to be left out.

use std::io;
use std::ops::Add;

use crate::clock::Seldom;
use crate::journal::{Entry, SentPath};

/// Memory for entries while the spool can't be written. Beyond it the oldest lose their request bodies, then they are given up but for
/// what they count for.
pub const HELD_BYTES: usize = 64 << 20;

/// Entries that wait, oldest first.
#[derive(Default)]
pub struct Held {
    entries: Vec<Entry>,
    /// Whether the spool could not be written when it was last tried.
    stuck: bool,
    /// Since it was last told.
    left_out: LeftOut,
    /// Since the start.
    left_out_in_all: LeftOut,
}

/// What the log will lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Rows that only count for statistics.
    pub rows: usize,
    /// Request bodies of rows that are there.
    pub bodies: usize,
}

impl Add for LeftOut {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { rows: self.rows + more.rows, bodies: self.bodies + more.bodies }
    }
}

impl Held {
    /// Adds entries.
    pub fn extend(&mut self, entries: Vec<Entry>) {
        if self.entries.is_empty() {
            self.entries = entries;
        } else {
            self.entries.extend(entries);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// What the log lacks since the start.
    pub fn left_out(&self) -> LeftOut {
        self.left_out_in_all + self.left_out
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The oldest, so many at most.
    pub fn oldest(&self, at_most: usize) -> &[Entry] {
        self.entries.get(..at_most).unwrap_or(&self.entries)
    }

    /// So many of the oldest have been written, but for what was left out.
    pub fn written(&mut self, count: usize, left_out: LeftOut) {
        if count >= self.entries.len() {
            self.entries = Vec::new();
        } else {
            self.entries.drain(..count);
        }
        self.left_out = self.left_out + left_out;
    }

    /// Gets back within [`HELD_BYTES`], and by a quarter below, so that it isn't done for each entry. Returns the entries given up.
    pub fn make_room(&mut self) -> Vec<Entry> {
        const ENOUGH: usize = HELD_BYTES / 4 * 3;
        let mut bytes: usize = self.entries.iter().map(size_bytes).sum();
        if bytes <= HELD_BYTES {
            return Vec::new();
        }
        for entry in &mut self.entries {
            if bytes > ENOUGH
                && let Some(body) = entry.body.take()
            {
                bytes -= body.len();
                self.left_out.bodies += 1;
            }
        }
        let is_too_much = |entry: &&Entry| {
            let too_much = bytes > ENOUGH;
            bytes = bytes.saturating_sub(size_bytes(entry));
            too_much
        };
        let rows = self.entries.iter().take_while(is_too_much).count();
        self.left_out.rows += rows;
        self.entries.drain(..rows).collect()
    }

    /// Says once what is wrong and once that it is over, and now and then what is left out.
    pub fn tell(&mut self, trouble: Option<io::Error>) {
        static SAID: Seldom = Seldom::new();
        let was_stuck = std::mem::replace(&mut self.stuck, trouble.is_some());
        match trouble {
            Some(error) if !was_stuck => {
                tracing::error!(%error, "the log's spool can't be written: entries wait in memory, requests go on");
            }
            None if was_stuck => tracing::info!("the log's spool can be written again"),
            _ => {}
        }
        let is_over = was_stuck && !self.stuck;
        if self.left_out != LeftOut::default() && (SAID.is_time() || is_over) {
            let told = std::mem::take(&mut self.left_out);
            self.left_out_in_all = self.left_out_in_all + told;
            let LeftOut { rows, bodies } = told;
            tracing::error!(rows, bodies, "no room for the log: rows are only counted, or lose their bodies");
        }
    }
}

/// Memory an entry takes, about: what its texts share with others is counted for each.
fn size_bytes(entry: &Entry) -> usize {
    let upstream = entry.upstream.as_ref().map_or(0, |upstream| match &upstream.path {
        SentPath::From(_) => upstream.base_url.len(),
        SentPath::Replaced(path) => upstream.base_url.len() + path.len(),
    });
    let own = [entry.error.as_ref(), entry.user_agent.as_ref()];
    let own = own.into_iter().flatten().map(|text| text.len()).sum::<usize>();
    let body = entry.body.as_ref().map_or(0, bytes::Bytes::len);
    size_of::<Entry>() + entry.path.len() + entry.model.as_ref().map_or(0, |model| model.len()) + upstream + own + body
}

#[cfg(test)]
mod tests;
