//! Rows of the log.

use domain::attempt::AttemptOutcome;
use jiff::Timestamp;
use sea_query::{Expr, InsertStatement, Query};

use super::RefusedRow;
use crate::StorageError;
use crate::engine::{Dialect, Tx};
use crate::logs::COLUMNS;
use crate::schema::RequestLogs;
use crate::spool::SpoolRecord;

/// Rows an `INSERT` takes: more make no difference.
const ROWS: usize = 100;

pub(super) async fn insert(tx: &mut Tx<'_>, dialect: Dialect, records: &[SpoolRecord<'_>]) -> Result<(), StorageError> {
    for records in records.chunks(ROWS) {
        tx.execute(&statement(dialect, records)).await?;
    }
    Ok(())
}

/// Inserts every row that the database takes. Halves what it refuses until single rows are left over.
pub(super) async fn insert_acceptable(
    tx: &mut Tx<'_>,
    dialect: Dialect,
    records: &[SpoolRecord<'_>],
) -> Result<Vec<RefusedRow>, StorageError> {
    let mut refused = Vec::new();
    let mut open = vec![records];
    while let Some(records) = open.pop() {
        let mut savepoint = tx.savepoint().await?;
        match insert(&mut savepoint, dialect, records).await {
            Ok(()) => savepoint.commit().await?,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                savepoint.rollback().await?;
                if let [record] = records {
                    refused.push(RefusedRow { id: record.id, reason: error.to_string() });
                } else {
                    let (first, second) = records.split_at(records.len() / 2);
                    open.extend([second, first]);
                }
            }
        }
    }
    Ok(refused)
}

fn statement(dialect: Dialect, records: &[SpoolRecord<'_>]) -> InsertStatement {
    let mut insert = Query::insert().into_table(RequestLogs::Table).columns(COLUMNS).take();
    for record in records {
        insert.values_panic(values(dialect, record));
    }
    insert
}

/// In the order of [`COLUMNS`].
fn values(dialect: Dialect, record: &SpoolRecord<'_>) -> [Expr; COLUMNS.len()] {
    let at = Timestamp::from_millisecond(record.timestamp_ms).unwrap_or_default();
    [
        record.id.to_string().into(),
        dialect.time(at),
        record.group_id.0.into(),
        record.group_name.as_ref().into(),
        record.parent_group_id.map_or(0, |id| id.0).into(),
        record.parent_group_name.as_ref().into(),
        record.key.value.as_str().into(),
        record.key.hash.as_str().into(),
        record.model.as_ref().into(),
        record.is_success.into(),
        record.source_ip.as_ref().into(),
        i32::from(record.status_code).into(),
        record.request_path.as_ref().into(),
        record.duration_ms.into(),
        record.error_message.as_ref().into(),
        record.user_agent.as_ref().into(),
        record.request_type.as_str().into(),
        record.upstream_addr.as_ref().into(),
        record.is_stream.into(),
        record.request_body.as_ref().into(),
        record.request_id.to_string().into(),
        record.first_byte_ms.into(),
        record.prompt_tokens.into(),
        record.completion_tokens.into(),
        record.cached_tokens.into(),
        i64::from(record.attempt).into(),
        record.proxy_key_hash.as_ref().into(),
        record.begun_ms.into(),
        record.outcome.map(AttemptOutcome::as_str).into(),
        record.rest_ms.into(),
    ]
}
