//! Transactions.

use jiff::tz::TimeZone;
use sea_query_sqlx::SqlxBinder;
use sqlx::{AssertSqlSafe, MySql, Postgres, Sqlite, Transaction};

use super::{CACHED_STATEMENT_BYTES, Row, answered, mysql, postgres, sqlite};
use crate::StorageError;

/// A transaction, or a savepoint within one. Rolled back unless committed.
pub(crate) enum Tx<'c> {
    Sqlite(Transaction<'c, Sqlite>),
    Postgres(Transaction<'c, Postgres>),
    MySql(Transaction<'c, MySql>, &'static TimeZone),
}

impl Tx<'_> {
    pub(crate) async fn fetch(&mut self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StorageError> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = sqlite::build(query);
                let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(&mut **tx).await;
                Ok(rows.map_err(sqlite::fault)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(tx) => {
                let (sql, values) = postgres::build(query);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let rows = answered(query.fetch_all(&mut **tx)).await.map_err(postgres::fault)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
            Self::MySql(tx, zone) => {
                let (sql, values) = mysql::build(query);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let rows = answered(query.fetch_all(&mut **tx)).await.map_err(mysql::fault)?;
                Ok(rows.into_iter().map(|row| Row::MySql(row, zone)).collect())
            }
        }
    }

    /// Returns how many rows were touched.
    pub(crate) async fn execute(&mut self, statement: &(impl SqlxBinder + Sync)) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(tx) => {
                let (sql, values) = sqlite::build(statement);
                let done = sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut **tx).await;
                Ok(done.map_err(sqlite::fault)?.rows_affected())
            }
            Self::Postgres(tx) => {
                let (sql, values) = postgres::build(statement);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let done = answered(query.execute(&mut **tx)).await;
                Ok(done.map_err(postgres::fault)?.rows_affected())
            }
            Self::MySql(tx, _) => {
                let (sql, values) = mysql::build(statement);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let done = answered(query.execute(&mut **tx)).await;
                Ok(done.map_err(mysql::fault)?.rows_affected())
            }
        }
    }

    pub(crate) async fn savepoint(&mut self) -> Result<Tx<'_>, StorageError> {
        match self {
            Self::Sqlite(tx) => Ok(Tx::Sqlite(sqlx::Connection::begin(&mut **tx).await.map_err(sqlite::fault)?)),
            Self::Postgres(tx) => {
                Ok(Tx::Postgres(answered(sqlx::Connection::begin(&mut **tx)).await.map_err(postgres::fault)?))
            }
            Self::MySql(tx, zone) => {
                Ok(Tx::MySql(answered(sqlx::Connection::begin(&mut **tx)).await.map_err(mysql::fault)?, zone))
            }
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(sqlite::fault),
            Self::Postgres(tx) => answered(tx.commit()).await.map_err(postgres::fault),
            Self::MySql(tx, _) => answered(tx.commit()).await.map_err(mysql::fault),
        }
    }

    pub(crate) async fn rollback(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await.map_err(sqlite::fault),
            Self::Postgres(tx) => answered(tx.rollback()).await.map_err(postgres::fault),
            Self::MySql(tx, _) => answered(tx.rollback()).await.map_err(mysql::fault),
        }
    }
}
