//! Which spool is whose: a process that is being replaced still writes the log of its last requests while the next one writes its own.
//!
//! The spools of a data directory are the folders `spool`, `spool-2` and so on, each with a lock file. One that nobody holds and that has
//! records in it was left by a process that died: whoever finds it stores it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::segment::{self, HEADER_BYTES};
use crate::StorageError;
use crate::lock::{create_private, open};

/// Processes of one data directory at a time: one that serves, the others waiting for their last streams to end.
const MOST: u32 = 16;

/// The folder of a spool, held by this process as long as this lives.
#[derive(Debug)]
pub struct Place {
    dir: PathBuf,
    _lock: File,
}

impl Place {
    /// The first folder in `data_dir` that nobody holds.
    pub fn take(data_dir: &Path) -> Result<Self, StorageError> {
        let mut taken = None;
        for number in 1..=MOST {
            let dir = data_dir.join(name(number));
            match Self::lock(&dir).map_err(StorageError::file("lock the spool", &dir))? {
                Some(place) => return Ok(place),
                None => taken = Some(dir),
            }
        }
        let dir = taken.unwrap_or_else(|| data_dir.to_owned());
        Err(StorageError::InUse { dir, holder: "unknown".to_owned() })
    }

    /// Folders in `data_dir` that nobody holds and that have records in them.
    pub fn left_behind(data_dir: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for dir in (1..=MOST).map(|number| data_dir.join(name(number))) {
            if has_records(&dir)? {
                found.extend(Self::lock(&dir)?);
            }
        }
        Ok(found)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn lock(dir: &Path) -> io::Result<Option<Self>> {
        create_private(dir)?;
        let lock = open(&dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { dir: dir.to_owned(), _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn name(number: u32) -> String {
    if number == 1 { "spool".to_owned() } else { format!("spool-{number}") }
}

fn has_records(dir: &Path) -> io::Result<bool> {
    let numbers = match segment::numbers(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        read => read?,
    };
    for number in numbers {
        match fs::metadata(segment::path(dir, number)) {
            Ok(file) if file.len() > HEADER_BYTES => return Ok(true),
            // Its process has just deleted it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::{Limits, Spool};

    #[test]
    fn each_process_has_a_spool_of_its_own() {
        let data = tempfile::tempdir().unwrap();
        let first = Place::take(data.path()).unwrap();
        let second = Place::take(data.path()).unwrap();
        assert_eq!((first.dir(), second.dir()), (&*data.path().join("spool"), &*data.path().join("spool-2")));
        drop(first);
        let mut held = vec![second, Place::take(data.path()).unwrap()];
        assert_eq!(held[1].dir(), data.path().join("spool"));
        held.extend((2..MOST).map(|_| Place::take(data.path()).unwrap()));
        assert!(matches!(Place::take(data.path()), Err(StorageError::InUse { .. })));
    }

    #[test]
    fn what_nobody_holds_is_found_if_there_is_something_in_it() {
        let data = tempfile::tempdir().unwrap();
        let (first, second) = (Place::take(data.path()).unwrap(), Place::take(data.path()).unwrap());
        let found =
            || Place::left_behind(data.path()).unwrap().iter().map(|place| place.dir().to_owned()).collect::<Vec<_>>();
        for place in [&first, &second] {
            Spool::open(place.dir(), Limits::default()).unwrap();
        }
        fs::write(segment::path(second.dir(), u64::MAX), [0; 33]).unwrap();
        assert_eq!(found(), Vec::<PathBuf>::new(), "both are held");
        let dir = second.dir().to_owned();
        drop((first, second));
        assert_eq!(found(), [dir]);
    }
}
