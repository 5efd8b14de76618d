//! SQLite: one connection that writes, a few that read beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sea_query::SqliteQueryBuilder;
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, Sqlite, Transaction};

use super::time_text;
use crate::StorageError;

pub(super) mod migrate;

/// Enough for a page of the console beside an export and a job.
const READERS: u32 = 4;
/// Memory for pages in KiB, as the pragma takes it. It is little, for the system keeps the file's pages, too, and can take them back when
/// memory is short.
const WRITER_CACHE: &str = "-16384";
const READER_CACHE: &str = "-4096";
/// Pages one step of [`Connections::reclaim`] gives back: 2 MB, some ten milliseconds.
const RECLAIM_PAGES: u32 = 512;

pub(crate) struct Connections {
    file: Option<PathBuf>,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Connections {
    pub(super) async fn open(file: &Path) -> Result<Self, StorageError> {
        create_private(file)?;
        let options = SqliteConnectOptions::new().filename(file);
        let writer = pool(1, writing(options.clone())).await?;
        let readers = pool(READERS, options.read_only(true).pragma("cache_size", READER_CACHE)).await?;
        Ok(Self { file: Some(file.to_owned()), writer, readers })
    }

    /// Nothing but the one connection sees a database in memory.
    pub(super) async fn in_memory() -> Result<Self, StorageError> {
        let writer = pool(1, writing(SqliteConnectOptions::new().in_memory(true))).await?;
        Ok(Self { file: None, readers: writer.clone(), writer })
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(super) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Takes the write lock at once: a transaction that reads first and writes later could be refused half-way.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault)
    }

    /// Makes readers that are open already see new columns: SQLite would take the name of one it doesn't know for a
    /// text.
    async fn reload_schema(&self) -> Result<(), StorageError> {
        let mut readers = Vec::new();
        for _ in 0..self.readers.size() {
            let mut reader = self.readers.acquire().await.map_err(fault)?;
            sqlx::query("SELECT count(*) FROM sqlite_master").execute(&mut *reader).await.map_err(fault)?;
            readers.push(reader);
        }
        Ok(())
    }

    /// The last connection to go writes the log back into the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(super) async fn reclaim(&self) -> Result<(), StorageError> {
        let free = self.pragma("freelist_count").await?;
        // What is free now will be needed again soon; only a file that is mostly air is worth the moving of pages.
        if free * 4 > self.pragma("page_count").await? {
            let step = format!("PRAGMA incremental_vacuum({RECLAIM_PAGES})");
            sqlx::raw_sql(AssertSqlSafe(step)).fetch_all(&self.writer).await.map_err(fault)?;
        }
        Ok(())
    }

    /// Also turns on incremental auto-vacuum, which an adopted file doesn't have.
    pub(super) async fn vacuum(&self) -> Result<(), StorageError> {
        // The copy that is made on the way is as large as the database: not in memory.
        let vacuum = "PRAGMA temp_store = file; PRAGMA auto_vacuum = incremental; VACUUM; PRAGMA temp_store = memory";
        sqlx::raw_sql(vacuum).execute(&self.writer).await.map_err(fault).map(drop)
    }

    /// The span of row ids: near the truth where rows come at one end and go at the other.
    pub(super) async fn estimate_rows(&self, table: &'static str) -> Result<u64, StorageError> {
        let sql =
            format!("SELECT coalesce((SELECT max(rowid) FROM `{table}`) - (SELECT min(rowid) FROM `{table}`) + 1, 0)");
        let span: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.readers).await.map_err(fault)?;
        Ok(span.unsigned_abs())
    }

    async fn pragma(&self, name: &'static str) -> Result<i64, StorageError> {
        sqlx::query_scalar(AssertSqlSafe(format!("PRAGMA {name}"))).fetch_one(&self.writer).await.map_err(fault)
    }
}

async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, StorageError> {
    let options = options
        .busy_timeout(Duration::from_secs(10))
        .pragma("temp_store", "memory")
        .statement_cache_capacity(32)
        .disable_statement_logging();
    let pool = PoolOptions::<Sqlite>::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        // After an error of the disk SQLite may have rolled back by itself, which sqlx does not see: such a connection is replaced.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
    pool.connect_with(options).await.map_err(fault)
}

fn writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        // Keys can't be put into a group that is being deleted.
        .foreign_keys(true)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", "8000")
        .pragma("journal_size_limit", "67108864")
}

/// SQLite would make the file readable for everyone.
fn create_private(file: &Path) -> Result<(), StorageError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(StorageError::file("open the database", file))
}

pub(super) fn build(statement: &impl SqlxBinder) -> (String, SqlxValues) {
    statement.build_sqlx(SqliteQueryBuilder)
}

/// Tells a database that is away, locked or full from one that refuses.
pub(super) fn fault(error: sqlx::Error) -> StorageError {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const IO: i32 = 10;
    const FULL: i32 = 13;
    const CAN_NOT_OPEN: i32 = 14;
    let away = match &error {
        sqlx::Error::Database(fault) => {
            // The low byte is the primary code: https://sqlite.org/rescode.html
            let code = fault
                .try_downcast_ref::<SqliteError>()
                .and_then(|fault| sqlx::error::DatabaseError::code(fault)?.parse().ok());
            matches!(code.map(|code: i32| code & 0xff), Some(BUSY | LOCKED | IO | FULL | CAN_NOT_OPEN))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    if away { StorageError::Unavailable(error) } else { StorageError::Database(error) }
}

// Values are read whatever type the column was declared with: SQLite keeps what it was given.

pub(super) fn text(row: &SqliteRow, column: &str) -> Result<Option<String>, StorageError> {
    let bytes: Option<&[u8]> = row.try_get_unchecked(column).map_err(StorageError::Database)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

pub(super) fn int(row: &SqliteRow, column: &str) -> Result<Option<i64>, StorageError> {
    row.try_get_unchecked(column).map_err(StorageError::Database)
}

/// A text that is no time is none: one odd row must not hide the list it stands in.
pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, StorageError> {
    Ok(text(row, column)?.and_then(|text| time_text::parse(&text)))
}
