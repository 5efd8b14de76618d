//! Bringing a database of MySQL to the present schema.

use jiff::Timestamp;
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};

use super::{Connections, fault, time_text};
use crate::StorageError;
use crate::engine::migrations::{MYSQL, Migrated, Migration, pending};

/// Lifts limits for the connection: statements about tables wait for all transactions on them. MySQL's own limit on time is for queries
/// only.
pub(super) const UNLIMITED: &str =
    "SET SESSION lock_wait_timeout = 3600 /*M!100600 , SESSION max_statement_time = 0 */";

/// Of the database, not of the server: a name of at most 64 characters. Seconds.
const LOCK: &str = "SELECT CAST(coalesce(GET_LOCK(concat('gpt-load.', md5(database())), 3600), 0) AS SIGNED)";

/// One node at a time: the others wait and then find nothing to do. The lock ends with the connection.
pub(crate) async fn run(connections: &Connections) -> Result<Migrated, StorageError> {
    let mut connection = connections.pools.writers.acquire().await.map_err(fault)?.detach();
    sqlx::raw_sql(UNLIMITED).execute(&mut connection).await.map_err(fault)?;
    let locked: i64 = sqlx::query_scalar(LOCK).fetch_one(&mut connection).await.map_err(fault)?;
    if locked != 1 {
        return Err(StorageError::Unavailable(sqlx::Error::PoolTimedOut));
    }
    let from = version(&mut connection).await?;
    let (pending, to) = pending(&MYSQL, from)?;
    for migration in pending {
        apply(connections, &mut connection, migration).await?;
    }
    sqlx::Connection::close(connection).await.map_err(fault)?;
    Ok(Migrated { from, to, copy: None })
}

pub(crate) async fn is_done(connections: &Connections) -> Result<bool, StorageError> {
    let mut connection = connections.pools.readers.acquire().await.map_err(fault)?;
    Ok(pending(&MYSQL, version(&mut connection).await?)?.0.next().is_none())
}

async fn version(connection: &mut MySqlConnection) -> Result<i64, StorageError> {
    let table = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = 'schema_versions'",
    );
    if table.fetch_one(&mut *connection).await.map_err(fault)? == 0 {
        return Ok(0);
    }
    let latest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_versions");
    latest.fetch_one(connection).await.map_err(fault)
}

/// Each statement stands for itself, since it can't be taken back: after a break, those that were done are passed over.
async fn apply(
    connections: &Connections,
    connection: &mut MySqlConnection,
    migration: &'static Migration,
) -> Result<(), StorageError> {
    for statement in migration.sql.lines().filter(|line| !line.starts_with("--")) {
        let done = sqlx::raw_sql(statement).execute(&mut *connection).await;
        if let Err(error) = done
            && !is_done_already(&error)
        {
            return Err(fault(error));
        }
    }
    sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)")
        .bind(migration.version)
        .bind(time_text(Timestamp::now(), connections.zone))
        .execute(connection)
        .await
        .map_err(fault)
        .map(drop)
}

/// The column or the index is there.
fn is_done_already(error: &sqlx::Error) -> bool {
    const DUPLICATE_COLUMN: u16 = 1060;
    const DUPLICATE_INDEX: u16 = 1061;
    let fault = error.as_database_error().and_then(|fault| fault.try_downcast_ref::<MySqlDatabaseError>());
    fault.is_some_and(|fault| matches!(fault.number(), DUPLICATE_COLUMN | DUPLICATE_INDEX))
}
