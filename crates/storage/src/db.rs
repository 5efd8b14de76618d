//! The handle to a database.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use domain::notice::Notice;
use sea_query::{Expr, Query};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::engine::{Dialect, Engine};
use crate::lock::DirLock;
use crate::{Dsn, KeyCipher, StorageError};

pub use crate::engine::{Connections, Migrated};

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    engine: Engine,
    cipher: Arc<KeyCipher>,
    lock: Mutex<Option<DirLock>>,
    node: Uuid,
    /// Where notices of what is stored go.
    pub(crate) committed: OnceLock<mpsc::Sender<Notice>>,
}

impl Db {
    /// Opens the database, and makes it and its folder (mode 0700) if they aren't there. Call
    /// [`migrate`](Self::migrate) next.
    ///
    /// For a SQLite file the data directory is locked: a second server on it gets [`StorageError::InUse`].
    pub async fn open(dsn: &Dsn, cipher: Arc<KeyCipher>) -> Result<Self, StorageError> {
        let lock = dsn.data_dir().map(DirLock::acquire).transpose()?;
        Self::open_under(dsn, cipher, lock).await
    }

    /// The same for one who has the lock of the data directory already.
    pub async fn open_under(dsn: &Dsn, cipher: Arc<KeyCipher>, lock: Option<DirLock>) -> Result<Self, StorageError> {
        let lock = Mutex::new(lock);
        let (engine, node) = (Engine::open(dsn).await?, Uuid::new_v4());
        Ok(Self { inner: Arc::new(Inner { engine, cipher, lock, node, committed: OnceLock::new() }) })
    }

    /// Locks the data directory that a server keeps beside a database elsewhere, as long as the database is open: its spool is one
    /// server's. Does nothing for a SQLite file, whose directory is locked already.
    pub fn hold_data_dir(&self, dir: &Path) -> Result<(), StorageError> {
        let mut lock = self.lock();
        if lock.is_none() {
            *lock = Some(DirLock::acquire(dir)?);
        }
        Ok(())
    }

    /// A descriptor by which another process comes to share the lock of the data directory, if it is held.
    pub fn share_data_dir(&self) -> io::Result<Option<OwnedFd>> {
        self.lock().as_ref().map(DirLock::share).transpose()
    }

    /// Writes down that it is this process that serves from the data directory.
    pub fn sign_data_dir(&self) -> io::Result<()> {
        self.lock().as_ref().map_or(Ok(()), DirLock::sign)
    }

    /// Leaves the lock of the data directory to those who share it. The database stays open.
    pub fn leave_data_dir(&self) {
        self.lock().take();
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

    /// Which database it is: `sqlite`, `postgres` or `mysql`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.engine().kind()
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
        if let Some(lock) = self.lock().take() {
            lock.release();
        }
    }

    /// The cipher for keys at rest.
    #[must_use]
    pub fn cipher(&self) -> &Arc<KeyCipher> {
        &self.inner.cipher
    }

    fn lock(&self) -> MutexGuard<'_, Option<DirLock>> {
        self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether other nodes may have the database open, too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.dialect().is_shared()
    }

    /// By what other nodes tell us from each other: another one each time the database is opened.
    #[must_use]
    pub fn node(&self) -> Uuid {
        self.inner.node
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
