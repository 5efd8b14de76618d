//! One server a data directory.
//!
//! A server that replaces itself by a newer one shares its lock with that one: there is no moment at which nobody has it. The lock is
//! gone when all who share it have let go of it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

const NAME: &str = "gpt-load.lock";

use crate::StorageError;

/// A held data directory. Released when it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DirLock {
    file: File,
}

impl DirLock {
    /// Makes `dir` (mode 0700) if it isn't there and takes its lock file, `gpt-load.lock`.
    ///
    /// Errors with [`StorageError::InUse`] if another server holds it.
    pub fn acquire(dir: &Path) -> Result<Self, StorageError> {
        create_private(dir).map_err(StorageError::file("make the data directory", dir))?;
        let path = dir.join(NAME);
        let mut file = open(&path).map_err(StorageError::file("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir.to_owned(), &mut file)),
            Err(TryLockError::Error(source)) => return Err(StorageError::file("lock", &path)(source)),
        }
        sign(&mut &file).map_err(StorageError::file("write the lock file", &path))?;
        Ok(Self { file })
    }

    /// A descriptor by which another process comes to share the lock.
    pub fn share(&self) -> io::Result<OwnedFd> {
        self.file.try_clone().map(OwnedFd::from)
    }

    /// The lock that another process shares with us by this descriptor.
    #[must_use]
    pub fn shared(descriptor: OwnedFd) -> Self {
        Self { file: descriptor.into() }
    }

    /// Writes down that it is this process that serves.
    pub fn sign(&self) -> io::Result<()> {
        sign(&mut &self.file)
    }

    /// Process id of the server that holds `dir`; `None` if nobody does.
    pub fn holder(dir: &Path) -> io::Result<Option<u32>> {
        let mut file = match File::open(dir.join(NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                Ok(holder.parse().ok())
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Lets the next server in, whoever shares the lock.
    pub(crate) fn release(&self) {
        // It fails only if the lock is gone already, which is what is wanted.
        let _ = self.file.unlock();
    }
}

/// Makes a folder that only its owner can enter, and the folders above it.
pub(crate) fn create_private(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Opens a lock file, or makes it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sign(file: &mut &File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn in_use(dir: PathBuf, file: &mut File) -> StorageError {
    let mut holder = String::new();
    // Only the message is poorer without it.
    let _ = file.read_to_string(&mut holder);
    let known = holder.parse::<u32>().is_ok();
    StorageError::InUse { dir, holder: if known { holder } else { "unknown".to_owned() } }
}
