//! The request log on local disk, before it is in the database.
//!
//! [`Writer`] appends [`SpoolRecord`]s to segments, files `NNNNNNNNNNNNNNN.spool` of some 16 MiB, numbered by the time
//! they were begun; one `write` a call, so that what was appended survives the death of the process. [`Drain`] reads
//! them back in batches, oldest first, for [`Db::store_batch`](crate::Db::store_batch), which stores rows, statistics,
//! counters and the drain's position in one transaction: a crash at any point neither loses nor doubles a record. A
//! segment is deleted once the position is behind it.
//!
//! At the cap, bodies are dropped first and then rows, but never what the rows count for; when that has taken 64 MiB
//! more, it is added up in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::StorageError;
use crate::lock::create_private;

mod drain;
mod place;
mod record;
mod segment;
pub(crate) mod tally;
mod writer;

pub use drain::{Batch, Drain};
pub use place::Place;
pub use record::SpoolRecord;
pub(crate) use tally::Tally;
pub use writer::{Appended, Writer};

use segment::HEADER_BYTES;
use writer::Active;

/// How large things may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment is closed once it is as long as this, or as a quarter of the cap.
    pub segment_bytes: u64,
    /// From here on only what rows count for is kept. Bodies are dropped from three quarters of it on.
    pub cap_bytes: u64,
    /// Rows a batch holds at most.
    pub batch_rows: usize,
    /// Bytes a batch is read from, about.
    pub batch_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, cap_bytes: 1 << 30, batch_rows: 1000, batch_bytes: 4 << 20 }
    }
}

/// Up to where a spool is stored in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The spool; each data directory has its own.
    pub spool_id: Uuid,
    /// Number of the segment.
    pub segment: u64,
    /// Bytes of it that are stored.
    pub offset: u64,
}

/// An open spool: hand out its [`Writer`] and its [`Drain`].
#[derive(Clone, Debug)]
pub struct Spool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    id: Uuid,
    limits: Limits,
    active: Mutex<Active>,
}

impl Spool {
    /// Opens the spool in `dir`, which is made (mode 0700) if it isn't there. The caller holds its [`Place`].
    ///
    /// What an earlier process left is kept for the drain; new records go into a new segment. Errors with
    /// [`StorageError::SpoolTooNew`] if a later version of this program wrote it.
    pub fn open(dir: &Path, mut limits: Limits) -> Result<Self, StorageError> {
        // A segment gives its space back only when it is closed.
        limits.segment_bytes = limits.segment_bytes.min(limits.cap_bytes / 4);
        create_private(dir).map_err(StorageError::file("make the spool", dir))?;
        let numbers = segment::numbers(dir).map_err(StorageError::file("read the spool", dir))?;
        let (mut id, mut bytes) = (None, 0);
        for path in numbers.iter().map(|number| segment::path(dir, *number)) {
            bytes += fs::metadata(&path).map_err(StorageError::file("read", &path))?.len();
            match segment::header(&path).map_err(StorageError::file("read", &path))? {
                Some(header) if header.version > segment::VERSION => return Err(StorageError::SpoolTooNew { path }),
                Some(header) => id = id.or(Some(header.spool_id)),
                None => {}
            }
        }
        let id = id.unwrap_or_else(Uuid::now_v7);
        let number = segment::next_number(numbers.last().copied().unwrap_or_default());
        let active = Active::create(dir, id, number, bytes).map_err(StorageError::file("write to the spool", dir))?;
        Ok(Self { shared: Arc::new(Shared { dir: dir.to_owned(), id, limits, active: Mutex::new(active) }) })
    }

    /// Under which its position is stored.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.shared.id
    }

    /// Bytes on disk, stored ones included until their segment is deleted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.active().disk_bytes()
    }

    /// A writer; any number may be used at once.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.shared))
    }

    /// The one drain, from `stored` on: what [`Db::spool_position`](crate::Db::spool_position) says for this spool.
    pub fn drain(&self, stored: Option<Position>) -> io::Result<Drain> {
        Drain::new(Arc::clone(&self.shared), stored)
    }
}

impl Shared {
    fn active(&self) -> MutexGuard<'_, Active> {
        // An append that panicked has not moved the good end of the segment.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the next segment.
    fn roll(&self, active: &mut Active) -> io::Result<()> {
        let number = segment::next_number(active.number);
        let next = Active::create(&self.dir, self.id, number, active.disk_bytes())?;
        active.go_on_in(next);
        Ok(())
    }

    fn remove(&self, number: u64) -> io::Result<()> {
        let path = segment::path(&self.dir, number);
        let bytes = fs::metadata(&path)?.len();
        fs::remove_file(&path)?;
        self.active().forget(bytes);
        Ok(())
    }
}
