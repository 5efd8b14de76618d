//! Bringing a SQLite file to the present schema.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::{Connections, fault};
use crate::StorageError;
use crate::engine::migrations::{Migrated, Migration, SQLITE, pending};
use crate::engine::time_text;

/// Columns that versions of 1.4.x before 1.4.9 may not have had. They are added as 1.4.9 would at its start.
const LATER_IN_1_4: [(&str, &str, &str); 9] = [
    ("groups", "group_type", "varchar(50) DEFAULT \"standard\""),
    ("groups", "header_rules", "JSON"),
    ("groups", "model_redirect_rules", "JSON"),
    ("groups", "model_redirect_strict", "numeric DEFAULT false"),
    ("api_keys", "key_hash", "varchar(128)"),
    ("api_keys", "notes", "varchar(255) DEFAULT \"\""),
    ("request_logs", "parent_group_id", "integer"),
    ("request_logs", "parent_group_name", "varchar(255)"),
    ("request_logs", "key_hash", "varchar(128)"),
];

/// Keys rewritten a transaction by [`normalise_last_used`].
const KEYS_A_STEP: u32 = 2000;

pub(crate) async fn run(connections: &Connections) -> Result<Migrated, StorageError> {
    let from = version(connections).await?;
    let (pending, to) = pending(&SQLITE, from)?;
    let mut copy = None;
    if from == 0 && has_table(connections, "groups").await? {
        copy = keep_copy(connections).await?;
        add_missing_columns(connections).await?;
    }
    for migration in pending {
        apply(connections, migration).await?;
    }
    normalise_last_used(connections).await?;
    connections.reload_schema().await?;
    Ok(Migrated { from, to, copy })
}

pub(crate) async fn is_done(connections: &Connections) -> Result<bool, StorageError> {
    Ok(pending(&SQLITE, version(connections).await?)?.0.next().is_none())
}

async fn version(connections: &Connections) -> Result<i64, StorageError> {
    if !has_table(connections, "schema_versions").await? {
        return Ok(0);
    }
    let latest = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_versions");
    latest.fetch_one(&connections.writer).await.map_err(fault)
}

async fn has_table(connections: &Connections, table: &str) -> Result<bool, StorageError> {
    let found = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?");
    Ok(found.bind(table).fetch_one(&connections.writer).await.map_err(fault)? > 0)
}

async fn apply(connections: &Connections, migration: &Migration) -> Result<(), StorageError> {
    let mut tx = connections.begin().await?;
    sqlx::raw_sql(migration.sql).execute(&mut *tx).await.map_err(fault)?;
    sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)")
        .bind(migration.version)
        .bind(time_text::text(Timestamp::now()))
        .execute(&mut *tx)
        .await
        .map_err(fault)?;
    tx.commit().await.map_err(fault)
}

/// Keeps a copy of the database beside it, with what is still in its write-ahead log.
async fn keep_copy(connections: &Connections) -> Result<Option<PathBuf>, StorageError> {
    let Some(file) = &connections.file else { return Ok(None) };
    let copy = free_name(file);
    let partial = with_suffix(&copy, ".partial");
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StorageError::file("remove", &partial)(error));
        }
        _ => {}
    }
    let name = partial.to_str().ok_or_else(|| {
        StorageError::file("copy the database to", &partial)(std::io::Error::other("its name is not UTF-8"))
    })?;
    let written = sqlx::query("VACUUM INTO ?").bind(name).execute(&connections.writer).await;
    let kept = written.map_err(std::io::Error::other).and_then(|_| finish_copy(file, &partial, &copy));
    kept.map_err(StorageError::file("keep a copy of the database as", &copy))?;
    Ok(Some(copy))
}

fn finish_copy(original: &Path, partial: &Path, copy: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(partial, std::fs::metadata(original)?.permissions())?;
    File::options().write(true).open(partial)?.sync_all()?;
    std::fs::rename(partial, copy)
}

/// `NAME.before-migration`; with a number if an earlier adoption has left one.
fn free_name(file: &Path) -> PathBuf {
    let first = with_suffix(file, ".before-migration");
    let numbered = (2..).map(|n: u32| with_suffix(&first, &format!(".{n}")));
    std::iter::once(first.clone()).chain(numbered).find(|name| !name.exists()).unwrap_or(first)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

async fn add_missing_columns(connections: &Connections) -> Result<(), StorageError> {
    for (table, column, kind) in LATER_IN_1_4 {
        let found = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pragma_table_info(?) WHERE name = ?");
        let found = found.bind(table).bind(column).fetch_one(&connections.writer).await.map_err(fault)?;
        if found == 0 && has_table(connections, table).await? {
            let sql = format!("ALTER TABLE `{table}` ADD COLUMN `{column}` {kind}");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&connections.writer).await.map_err(fault)?;
        }
    }
    Ok(())
}

/// Rewrites `api_keys.last_used_at` in UTC where 1.4.x wrote it with another offset, to the same instant.
///
/// Lists of keys are sorted by this column, and by its index, as text. The rows are found by an index of their own, so
/// that a start with none of them costs nothing.
async fn normalise_last_used(connections: &Connections) -> Result<(), StorageError> {
    loop {
        let mut tx = connections.begin().await?;
        let rows = sqlx::query(
            "SELECT id, last_used_at FROM api_keys WHERE substr(last_used_at,-6) <> '+00:00' ORDER BY id LIMIT ?",
        );
        let rows = rows.bind(KEYS_A_STEP).fetch_all(&mut *tx).await.map_err(fault)?;
        for row in &rows {
            // A text that is no time sorts nowhere: the key counts as never used.
            let used =
                super::text(row, "last_used_at")?.and_then(|text| time_text::parse(&text)).map(time_text::exact_text);
            let update = sqlx::query("UPDATE api_keys SET last_used_at = ? WHERE id = ?").bind(used);
            update.bind(row.try_get::<i64, _>("id").map_err(fault)?).execute(&mut *tx).await.map_err(fault)?;
        }
        tx.commit().await.map_err(fault)?;
        if rows.len() < KEYS_A_STEP as usize {
            return Ok(());
        }
    }
}
