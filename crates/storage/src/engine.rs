//! The one place where databases differ.
//!
//! [`Engine`] holds the connections, [`Tx`] a transaction, [`Row`] a row that came back, [`Dialect`] the expressions
//! that each database spells its own way. A further database is a further variant of these four; statements elsewhere
//! are built once, for all.

use jiff::Timestamp;
use sea_query::{Iden, SqliteQueryBuilder};
use sea_query_sqlx::SqlxBinder;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use crate::lock::DirLock;
use crate::{Dsn, StorageError};

mod dialect;
mod migrations;
mod sqlite;

pub(crate) use dialect::Dialect;
pub use migrations::Migrated;

/// The connections to a database.
pub(crate) enum Engine {
    Sqlite(sqlite::Connections),
}

impl Engine {
    pub(crate) async fn open(dsn: &Dsn) -> Result<(Self, Option<DirLock>), StorageError> {
        match dsn {
            Dsn::Sqlite(file) => {
                let lock = dsn.data_dir().map(DirLock::acquire).transpose()?;
                Ok((Self::Sqlite(sqlite::Connections::open(file).await?), lock))
            }
            Dsn::Memory => Ok((Self::Sqlite(sqlite::Connections::in_memory().await?), None)),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    pub(crate) async fn migrate(&self) -> Result<Migrated, StorageError> {
        match self {
            Self::Sqlite(connections) => sqlite::migrate::run(connections).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(connections) => connections.close().await,
        }
    }

    /// Gives the space of deleted rows back to the system, a few pages at a time, where much of the file is unused.
    pub(crate) async fn reclaim(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connections) => connections.reclaim().await,
        }
    }

    /// Gives all unused space back.
    pub(crate) async fn vacuum(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connections) => connections.vacuum().await,
        }
    }

    /// About how many rows a table has, without counting them.
    pub(crate) async fn estimate_rows(&self, table: &'static str) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(connections) => connections.estimate_rows(table).await,
        }
    }

    /// Runs a query outside of transactions.
    pub(crate) async fn fetch(&self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StorageError> {
        match self {
            Self::Sqlite(connections) => {
                let (sql, values) = query.build_sqlx(SqliteQueryBuilder);
                let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(connections.readers()).await;
                Ok(rows.map_err(sqlite::fault)?.into_iter().map(Row::Sqlite).collect())
            }
        }
    }

    /// Starts a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>, StorageError> {
        match self {
            Self::Sqlite(connections) => Ok(Tx::Sqlite(connections.begin().await?)),
        }
    }

    /// Runs one statement in a transaction of its own. Returns how many rows it touched.
    pub(crate) async fn execute(&self, statement: &(impl SqlxBinder + Sync)) -> Result<u64, StorageError> {
        let mut tx = self.begin().await?;
        let touched = tx.execute(statement).await?;
        tx.commit().await?;
        Ok(touched)
    }
}

/// A transaction, or a savepoint within one. Rolled back unless committed.
pub(crate) enum Tx<'c> {
    Sqlite(Transaction<'c, Sqlite>),
}

impl Tx<'_> {
    pub(crate) async fn fetch(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StorageError> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = query.build_sqlx(SqliteQueryBuilder);
                let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(&mut **tx).await;
                Ok(rows.map_err(sqlite::fault)?.into_iter().map(Row::Sqlite).collect())
            }
        }
    }

    /// Returns how many rows were touched.
    pub(crate) async fn execute(&mut self, statement: &(impl SqlxBinder + Sync)) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = statement.build_sqlx(SqliteQueryBuilder);
                let done = sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut **tx).await;
                Ok(done.map_err(sqlite::fault)?.rows_affected())
            }
        }
    }

    pub(crate) async fn savepoint(&mut self) -> Result<Tx<'_>, StorageError> {
        match self {
            Self::Sqlite(tx) => Ok(Tx::Sqlite(sqlx::Connection::begin(&mut **tx).await.map_err(sqlite::fault)?)),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(sqlite::fault),
        }
    }

    pub(crate) async fn rollback(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await.map_err(sqlite::fault),
        }
    }
}

/// A row that came back. Columns are read as what they mean, whatever the database made of them.
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
}

impl Row {
    /// A text; null is empty.
    pub(crate) fn text(&self, column: impl Iden + Copy) -> Result<String, StorageError> {
        Ok(self.opt_text(column)?.unwrap_or_default())
    }

    /// A text or null. Bytes that are not UTF-8 are replaced.
    pub(crate) fn opt_text(&self, column: impl Iden + Copy) -> Result<Option<String>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::text(row, column.unquoted()),
        }
    }

    /// A whole number; null is 0.
    pub(crate) fn int(&self, column: impl Iden + Copy) -> Result<i64, StorageError> {
        Ok(self.opt_int(column)?.unwrap_or_default())
    }

    pub(crate) fn opt_int(&self, column: impl Iden + Copy) -> Result<Option<i64>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::int(row, column.unquoted()),
        }
    }

    /// A truth value; null is false.
    pub(crate) fn flag(&self, column: impl Iden + Copy) -> Result<bool, StorageError> {
        match self {
            Self::Sqlite(row) => Ok(sqlite::int(row, column.unquoted())?.is_some_and(|value| value != 0)),
        }
    }

    pub(crate) fn opt_time(&self, column: impl Iden + Copy) -> Result<Option<Timestamp>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::time(row, column.unquoted()),
        }
    }

    /// An instant; the start of 1970 for null, as in rows that a person put in by hand.
    pub(crate) fn time(&self, column: impl Iden + Copy) -> Result<Timestamp, StorageError> {
        Ok(self.opt_time(column)?.unwrap_or_default())
    }
}

/// The rows of a [`json_page`](Dialect::json_page).
pub(crate) fn json_rows<T: DeserializeOwned>(page: &[Row]) -> Result<Vec<T>, StorageError> {
    let Some(page) = page.first() else { return Ok(Vec::new()) };
    serde_json::from_str(&page.text("page")?)
        .map_err(|_| StorageError::corrupt("page", "rows are not of the types expected"))
}
