//! Bringing a database of PostgreSQL to the present schema.

use sqlx::{PgConnection, Postgres, Transaction};

use super::{Connections, fault};
use crate::StorageError;
use crate::engine::migrations::{Migrated, POSTGRES, pending};

/// Any number will do that no other program takes: `gpt-load` in ASCII.
const LOCK: i64 = 0x6770_742d_6c6f_6164;

/// All in one transaction, one node at a time: the others wait and then find nothing to do.
pub(crate) async fn run(connections: &Connections) -> Result<Migrated, StorageError> {
    let mut tx = connections.pools.writers.begin().await.map_err(fault)?;
    let unlimited =
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL client_min_messages = warning";
    sqlx::raw_sql(unlimited).execute(&mut *tx).await.map_err(fault)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await.map_err(fault)?;
    let from = version(&mut tx).await?;
    let (pending, to) = pending(&POSTGRES, from)?;
    for migration in pending {
        apply(&mut tx, migration.version, migration.sql).await?;
    }
    tx.commit().await.map_err(fault)?;
    Ok(Migrated { from, to, copy: None })
}

pub(crate) async fn is_done(connections: &Connections) -> Result<bool, StorageError> {
    let mut connection = connections.pools.readers.acquire().await.map_err(fault)?;
    Ok(pending(&POSTGRES, version(&mut connection).await?)?.0.next().is_none())
}

async fn version(connection: &mut PgConnection) -> Result<i64, StorageError> {
    let table = sqlx::query_scalar("SELECT to_regclass('schema_versions') IS NOT NULL");
    if !table.fetch_one(&mut *connection).await.map_err(fault)? {
        return Ok(0);
    }
    let latest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_versions");
    latest.fetch_one(connection).await.map_err(fault)
}

async fn apply(tx: &mut Transaction<'_, Postgres>, version: i64, sql: &'static str) -> Result<(), StorageError> {
    sqlx::raw_sql(sql).execute(&mut **tx).await.map_err(fault)?;
    let note = sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES ($1, now())").bind(version);
    note.execute(&mut **tx).await.map_err(fault).map(drop)
}
