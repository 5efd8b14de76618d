//! One server a data directory.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

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
        let path = dir.join("gpt-load.lock");
        let mut file = open(&path).map_err(StorageError::file("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir.to_owned(), &mut file)),
            Err(TryLockError::Error(source)) => return Err(StorageError::file("lock", &path)(source)),
        }
        sign(&mut file).map_err(StorageError::file("write the lock file", &path))?;
        Ok(Self { file })
    }

    /// Lets the next server in.
    pub(crate) fn release(&self) {
        // It fails only if the lock is gone already, which is what is wanted.
        let _ = self.file.unlock();
    }
}

/// Makes a folder that only its owner can enter, and the folders above it.
pub(crate) fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sign(file: &mut File) -> std::io::Result<()> {
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
