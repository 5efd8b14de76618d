//! The one place where databases differ.
//!
//! [`Engine`] holds the connections, [`Tx`] a transaction, [`Row`] a row that came back, [`Dialect`] the expressions
//! that each database spells its own way. A further database is a further variant of these four; statements elsewhere
//! are built once, for all.

use std::io;
use std::time::Duration;

use sea_query_sqlx::SqlxBinder;
use sqlx::AssertSqlSafe;
use tokio::time::timeout;

use crate::{Dsn, StorageError};

mod dialect;
mod migrations;
mod mysql;
mod pools;
mod postgres;
mod row;
mod sqlite;
mod time_text;
mod transaction;

pub(crate) use dialect::Dialect;
pub use migrations::Migrated;
pub use pools::Connections;
pub(crate) use row::{Row, json_rows};
pub(crate) use transaction::Tx;

/// Longer statements are prepared for one use: lists of any length would drive the others out of the connection's cache.
const CACHED_STATEMENT_BYTES: usize = 4096;

/// The connections to a database.
pub(crate) enum Engine {
    Sqlite(sqlite::Connections),
    Postgres(postgres::Connections),
    MySql(mysql::Connections),
}

/// A server answers within its own limit, which is set to 60 s for each connection; or the network has lost the connection, and neither end
/// knows it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(65);

/// Waits for a server's answer. Without one, what was asked for may have been done all the same.
async fn answered<T>(asking: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(ANSWERED_WITHIN, asking).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Whether there was no answer, from a server that may be there again later.
fn is_lost(error: &sqlx::Error) -> bool {
    use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
    matches!(error, Io(_) | PoolClosed | PoolTimedOut | Protocol(_) | Tls(_) | WorkerCrashed)
}

impl Engine {
    pub(crate) async fn open(dsn: &Dsn) -> Result<Self, StorageError> {
        Ok(match dsn {
            Dsn::Sqlite(file) => Self::Sqlite(sqlite::Connections::open(file).await?),
            Dsn::Memory => Self::Sqlite(sqlite::Connections::in_memory().await?),
            Dsn::Postgres(server) => Self::Postgres(postgres::Connections::open(server).await?),
            Dsn::MySql { server, zone } => Self::MySql(mysql::Connections::open(server, zone).await?),
        })
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::MySql(_) => "mysql",
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(connections) => Dialect::MySql(connections.zone()),
        }
    }

    pub(crate) async fn migrate(&self) -> Result<Migrated, StorageError> {
        match self {
            Self::Sqlite(connections) => sqlite::migrate::run(connections).await,
            Self::Postgres(connections) => postgres::migrate::run(connections).await,
            Self::MySql(connections) => mysql::migrate::run(connections).await,
        }
    }

    /// Whether the schema is the present one.
    pub(crate) async fn is_migrated(&self) -> Result<bool, StorageError> {
        match self {
            Self::Sqlite(connections) => sqlite::migrate::is_done(connections).await,
            Self::Postgres(connections) => postgres::migrate::is_done(connections).await,
            Self::MySql(connections) => mysql::migrate::is_done(connections).await,
        }
    }

    pub(crate) fn connections(&self) -> Connections {
        match self {
            Self::Sqlite(connections) => {
                Connections::of(connections.writer()).plus(Connections::of(connections.readers()))
            }
            Self::Postgres(connections) => connections.pools().connections(),
            Self::MySql(connections) => connections.pools().connections(),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(connections) => connections.close().await,
            Self::Postgres(connections) => connections.pools().close().await,
            Self::MySql(connections) => connections.pools().close().await,
        }
    }

    /// Gives the space of deleted rows back to the system, a few pages at a time, where much of the file is unused.
    pub(crate) async fn reclaim(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connections) => connections.reclaim().await,
            // Servers use it again by themselves.
            Self::Postgres(_) | Self::MySql(_) => Ok(()),
        }
    }

    /// Gives all unused space back.
    pub(crate) async fn vacuum(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connections) => connections.vacuum().await,
            Self::Postgres(connections) => connections.vacuum().await,
            Self::MySql(connections) => connections.vacuum().await,
        }
    }

    /// About how many rows a table has, without counting them.
    pub(crate) async fn estimate_rows(&self, table: &'static str) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(connections) => connections.estimate_rows(table).await,
            Self::Postgres(connections) => connections.estimate_rows(table).await,
            Self::MySql(connections) => connections.estimate_rows(table).await,
        }
    }

    /// Has the planner look at a table if it needs to and has not since the table was much smaller.
    pub(crate) async fn analyze_if_outgrown(&self, table: &'static str) -> Result<(), StorageError> {
        match self {
            // They look for themselves, or plan without.
            Self::Sqlite(_) | Self::MySql(_) => Ok(()),
            Self::Postgres(connections) => connections.analyze_if_outgrown(table).await,
        }
    }

    /// Runs a query outside of transactions.
    pub(crate) async fn fetch(&self, query: &(impl SqlxBinder + Sync)) -> Result<Vec<Row>, StorageError> {
        match self {
            Self::Sqlite(connections) => {
                let (sql, values) = sqlite::build(query);
                let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(connections.readers()).await;
                Ok(rows.map_err(sqlite::fault)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connections) => {
                let (sql, values) = postgres::build(query);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let rows = answered(query.fetch_all(&connections.pools().readers)).await.map_err(postgres::fault)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
            Self::MySql(connections) => {
                let (sql, values) = mysql::build(query);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let rows = answered(query.fetch_all(&connections.pools().readers)).await.map_err(mysql::fault)?;
                Ok(rows.into_iter().map(|row| Row::MySql(row, connections.zone())).collect())
            }
        }
    }

    /// Starts a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>, StorageError> {
        match self {
            Self::Sqlite(connections) => Ok(Tx::Sqlite(connections.begin().await?)),
            Self::Postgres(connections) => {
                answered(connections.pools().writers.begin()).await.map(Tx::Postgres).map_err(postgres::fault)
            }
            Self::MySql(connections) => {
                let tx = answered(connections.pools().writers.begin()).await.map_err(mysql::fault)?;
                Ok(Tx::MySql(tx, connections.zone()))
            }
        }
    }

    /// Runs one statement in a transaction of its own, which ends with it whatever becomes of us. Returns how many rows it touched.
    pub(crate) async fn execute(&self, statement: &(impl SqlxBinder + Sync)) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(connections) => {
                let mut tx = Tx::Sqlite(connections.begin().await?);
                let touched = tx.execute(statement).await?;
                tx.commit().await?;
                Ok(touched)
            }
            Self::Postgres(connections) => {
                let (sql, values) = postgres::build(statement);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let done = answered(query.execute(&connections.pools().writers)).await;
                Ok(done.map_err(postgres::fault)?.rows_affected())
            }
            Self::MySql(connections) => {
                let (sql, values) = mysql::build(statement);
                let once = sql.len() > CACHED_STATEMENT_BYTES;
                let query = sqlx::query_with(AssertSqlSafe(sql), values).persistent(!once);
                let done = answered(query.execute(&connections.pools().writers)).await;
                Ok(done.map_err(mysql::fault)?.rows_affected())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up() {
        let error = answered(std::future::pending::<Result<(), _>>()).await.unwrap_err();
        assert!(is_lost(&error), "{error}");
    }
}
