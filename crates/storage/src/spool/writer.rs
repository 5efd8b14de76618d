//! Appending records.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::segment::{self, EntryRef};
use super::{HEADER_BYTES, Limits, Shared, SpoolRecord, Tally};

/// Room beyond the cap for what dropped rows count for.
const TALLIES_BYTES: u64 = 64 << 20;

/// Appends records to the spool. Clones append to the same one.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<Shared>,
}

/// What was left out because the spool is at its cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Records whose request body was dropped.
    pub bodies_dropped: usize,
    /// Records that are kept only in what they count for.
    pub rows_dropped: usize,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Appends records in one `write`, made fit for their columns by [`SpoolRecord::sanitize`].
    ///
    /// They survive the death of the process once this returns. After an error none of them is in the spool: call again
    /// with the same.
    pub fn append<'r>(&self, records: impl IntoIterator<Item = SpoolRecord<'r>>) -> io::Result<Appended> {
        let (mut active, limits) = (self.shared.active(), self.shared.limits);
        if active.bytes >= limits.segment_bytes {
            self.shared.roll(&mut active)?;
        }
        let used = active.disk_bytes();
        let mut tally = active.owed.clone();
        let (mut frames, appended) = frames(records, &mut tally, used, limits)?;
        // What rows count for is small, but goes on for as long as the database is away.
        if used < limits.cap_bytes + TALLIES_BYTES && !tally.is_empty() {
            segment::push(&mut frames, &EntryRef::Tally(&tally))?;
            tally = Tally::default();
        }
        active.append(&frames)?;
        active.owed = tally;
        Ok(appended)
    }

    /// Keeps of records that are given up what they count for, in memory until the next [`append`](Self::append) that finds room.
    pub fn count<'r>(&self, records: impl IntoIterator<Item = SpoolRecord<'r>>) {
        let mut active = self.shared.active();
        records.into_iter().for_each(|record| active.owed.add(&record));
    }

    /// Bytes on disk, stored ones included until their segment is deleted.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        self.shared.active().disk_bytes()
    }

    /// Whether something is counted that is not in the spool yet.
    #[must_use]
    pub fn owes(&self) -> bool {
        !self.shared.active().owed.is_empty()
    }
}

/// The frames for `records` in a spool of `used` bytes; those for which there is no room are added to `tally`.
fn frames<'r>(
    records: impl IntoIterator<Item = SpoolRecord<'r>>,
    tally: &mut Tally,
    used: u64,
    limits: Limits,
) -> io::Result<(Vec<u8>, Appended)> {
    let (mut bytes, mut appended) = (Vec::new(), Appended::default());
    for mut record in records {
        record.sanitize();
        let used = used + bytes.len() as u64;
        if used >= limits.cap_bytes {
            tally.add(&record);
            appended.rows_dropped += 1;
            continue;
        }
        if used >= limits.cap_bytes / 4 * 3 && !record.request_body.is_empty() {
            record.request_body = Cow::default();
            appended.bodies_dropped += 1;
        }
        segment::push(&mut bytes, &EntryRef::Row(&record))?;
    }
    Ok((bytes, appended))
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Active {
    file: File,
    pub(super) number: u64,
    /// Its good length: what is beyond was never acknowledged.
    pub(super) bytes: u64,
    /// Of the other segments.
    other_bytes: u64,
    /// What records count for that are in no segment.
    owed: Tally,
}

impl Active {
    pub(super) fn create(dir: &Path, spool_id: Uuid, number: u64, other_bytes: u64) -> io::Result<Self> {
        let path = segment::path(dir, number);
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        if let Err(error) = file.write_all(&segment::header_bytes(spool_id)) {
            // The next try makes it anew; a header that is cut off holds nothing.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { file, number, bytes: HEADER_BYTES, other_bytes, owed: Tally::default() })
    }

    /// Makes `next` the segment that is written to.
    pub(super) fn go_on_in(&mut self, next: Self) {
        *self = Self { owed: std::mem::take(&mut self.owed), ..next };
    }

    pub(super) fn disk_bytes(&self) -> u64 {
        self.other_bytes + self.bytes
    }

    pub(super) fn forget(&mut self, bytes: u64) {
        self.other_bytes = self.other_bytes.saturating_sub(bytes);
    }

    fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        if let Err(error) = self.file.write_all(frames) {
            // Should this fail too, the next append writes over the rest.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += frames.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
