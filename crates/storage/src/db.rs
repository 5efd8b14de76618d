//! The handle to a database.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sea_query::{Expr, Query};

use crate::engine::{Dialect, Engine};
use crate::lock::DirLock;
use crate::{Dsn, KeyCipher, StorageError};

pub use crate::engine::{Connections, Migrated};

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    cipher: Arc<KeyCipher>,
    lock: OnceLock<DirLock>,
}

impl Db {
    /// Opens the database, and makes it and its folder (mode 0700) if they aren't there. Call
    /// [`migrate`](Self::migrate) next.
    ///
    /// For a SQLite file the data directory is locked: a second server on it gets [`StorageError::InUse`].
    pub async fn open(dsn: &Dsn, cipher: Arc<KeyCipher>) -> Result<Self, StorageError> {
        let lock = dsn.data_dir().map(DirLock::acquire).transpose()?;
        let lock = lock.map_or_else(OnceLock::new, OnceLock::from);
        Ok(Self { inner: Arc::new(Inner { engine: Engine::open(dsn).await?, cipher, lock }) })
    }

    /// Locks the data directory that a server keeps beside a database elsewhere, as long as the database is open: its spool is one
    /// server's. Does nothing for a SQLite file, whose directory is locked already.
    pub fn hold_data_dir(&self, dir: &Path) -> Result<(), StorageError> {
        if self.inner.lock.get().is_none() {
            let lock = DirLock::acquire(dir)?;
            // Nobody else has taken it meanwhile: there is one lock file.
            let _ = self.inner.lock.set(lock);
        }
        Ok(())
    }

    /// Brings the schema to the present version; only ever adds to it.
    ///
    /// Of a SQLite file that GPT-Load 1.4.x wrote a copy is kept first, as `NAME.before-migration`.
    pub async fn migrate(&self) -> Result<Migrated, StorageError> {
        self.engine().migrate().await
    }

    /// Whether the schema is the present one, so that [`migrate`](Self::migrate) would do nothing.
    pub async fn is_migrated(&self) -> Result<bool, StorageError> {
        self.engine().is_migrated().await
    }

    /// Gives all unused space back to the system, and lets a database that 1.4.x made do so by itself from then on.
    ///
    /// Rewrites the whole database, which needs up to twice its space meanwhile, and keeps everyone else from writing.
    pub async fn vacuum(&self) -> Result<(), StorageError> {
        self.engine().vacuum().await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        self.engine().fetch(&Query::select().expr(Expr::val(1)).take()).await.map(drop)
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.engine().connections()
    }

    /// Writes everything back into the database, closes it and lets go of the data directory. Later calls fail.
    pub async fn close(&self) {
        self.engine().close().await;
        if let Some(lock) = self.inner.lock.get() {
            lock.release();
        }
    }

    /// The cipher for keys at rest.
    #[must_use]
    pub fn cipher(&self) -> &Arc<KeyCipher> {
        &self.inner.cipher
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.inner.engine.dialect()
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}
