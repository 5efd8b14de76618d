//! Reading records back, oldest first.

use std::io;
use std::sync::Arc;

use super::segment::{self, Entry, Frames};
use super::{HEADER_BYTES, Position, Shared, SpoolRecord, Tally};

/// Records to be stored together.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) rows: Vec<SpoolRecord<'static>>,
    pub(crate) tally: Tally,
    pub(crate) end: Position,
}

impl Batch {
    /// How many rows it has for the log.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no row for the log. It may still count for statistics.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Reads the spool in batches. The same batch is given until it is [confirmed](Self::confirm).
#[derive(Debug)]
pub struct Drain {
    shared: Arc<Shared>,
    segment: u64,
    offset: u64,
    pending: Option<Batch>,
}

impl Drain {
    pub(super) fn new(shared: Arc<Shared>, stored: Option<Position>) -> io::Result<Self> {
        let active = shared.active().number;
        let stored = stored.filter(|position| position.spool_id == shared.id && position.segment <= active);
        let (segment, offset) = stored.map_or((0, 0), |position| (position.segment, position.offset));
        for number in segment::numbers(&shared.dir)?.into_iter().filter(|number| *number < segment) {
            shared.remove(number)?;
        }
        Ok(Self { shared, segment, offset: offset.max(HEADER_BYTES), pending: None })
    }

    /// The next records, or `None` if all are stored. After an error, call again later.
    pub fn next_batch(&mut self) -> io::Result<Option<&Batch>> {
        if self.pending.is_none() {
            self.pending = self.read()?;
        }
        Ok(self.pending.as_ref())
    }

    /// The batch is in the database: goes on behind it.
    pub fn confirm(&mut self) {
        if let Some(batch) = self.pending.take() {
            (self.segment, self.offset) = (batch.end.segment, batch.end.offset);
        }
    }

    fn read(&mut self) -> io::Result<Option<Batch>> {
        loop {
            let (active, active_bytes) = {
                let active = self.shared.active();
                (active.number, active.bytes)
            };
            let frames = self.frames((self.segment == active).then_some(active_bytes))?;
            if frames.end > self.offset {
                return Ok(Some(self.batch(frames)));
            }
            if self.segment == active {
                if frames.torn_bytes == 0 {
                    return Ok(None);
                }
                // What was written well reads badly: leave the damage behind.
                self.shared.roll(&mut self.shared.active())?;
            }
            self.leave(frames.torn_bytes)?;
        }
    }

    fn frames(&self, end: Option<u64>) -> io::Result<Frames> {
        let (path, limits) = (segment::path(&self.shared.dir, self.segment), self.shared.limits);
        match segment::read(&path, self.offset, end, limits.batch_rows, limits.batch_bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Frames { entries: Vec::new(), end: self.offset, unreadable: 0, torn_bytes: 0 })
            }
            read => read,
        }
    }

    fn batch(&self, frames: Frames) -> Batch {
        if frames.unreadable > 0 {
            tracing::error!(
                records = frames.unreadable,
                segment = self.segment,
                "log records in the spool can't be read and are left out"
            );
        }
        let end = Position { spool_id: self.shared.id, segment: self.segment, offset: frames.end };
        let mut batch = Batch { rows: Vec::with_capacity(frames.entries.len()), tally: Tally::default(), end };
        for entry in frames.entries {
            match entry {
                Entry::Row(record) => {
                    batch.tally.add(&record);
                    batch.rows.push(*record);
                }
                Entry::Tally(tally) => batch.tally.merge(&tally),
            }
        }
        batch
    }

    /// Deletes a segment that is stored as far as it can be read, and goes to the next.
    fn leave(&mut self, torn_bytes: u64) -> io::Result<()> {
        if torn_bytes > 0 {
            tracing::warn!(
                segment = self.segment,
                bytes = torn_bytes,
                "the spool ends in an unfinished record, as after a crash"
            );
        }
        let numbers = segment::numbers(&self.shared.dir)?;
        if numbers.contains(&self.segment) {
            self.shared.remove(self.segment)?;
        }
        let next = numbers.into_iter().find(|number| *number > self.segment);
        self.segment = next.unwrap_or_else(|| self.shared.active().number);
        self.offset = HEADER_BYTES;
        Ok(())
    }
}
