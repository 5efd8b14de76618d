//! PostgreSQL 13 and later.

use std::borrow::Cow;

use jiff::Timestamp;
use sea_query::{PostgresQueryBuilder, Value};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Postgres, Row, TypeInfo, ValueRef};

use super::is_lost;
use super::pools::Pools;
use crate::StorageError;
use crate::dsn::{Endpoint, Server, TlsMode};
use crate::schema::TABLES;

pub(super) mod migrate;

/// A lock or a statement that hangs must not hang us: milliseconds, as the server takes them.
const LIMITS: &str =
    "SET statement_timeout = 60000; SET lock_timeout = 10000; SET idle_in_transaction_session_timeout = 60000";

pub(crate) struct Connections {
    pools: Pools<Postgres>,
}

impl Connections {
    pub(super) async fn open(server: &Server) -> Result<Self, StorageError> {
        let session = server.session.clone();
        let prepared = PoolOptions::<Postgres>::new().after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move { prepare(connection, &session).await })
        });
        let pools = Pools::open(prepared, options(server), server, fault).await?;
        Ok(Self { pools })
    }

    pub(super) fn pools(&self) -> &Pools<Postgres> {
        &self.pools
    }

    pub(super) async fn vacuum(&self) -> Result<(), StorageError> {
        let mut connection = self.pools.writers.acquire().await.map_err(fault)?.detach();
        let unlimited = "SET statement_timeout = 0; SET lock_timeout = 0";
        sqlx::raw_sql(unlimited).execute(&mut connection).await.map_err(fault)?;
        for table in TABLES {
            let sql = format!("VACUUM (FULL, ANALYZE) \"{table}\"");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.map_err(fault)?;
        }
        Ok(())
    }

    /// By the statistics of a table that was empty or small the planner expects every row under a few hundred hashes, and reads them all
    /// for each such lookup.
    pub(super) async fn analyze_if_outgrown(&self, table: &'static str) -> Result<(), StorageError> {
        // From a few rows on, once for each doubling.
        let outgrown = "SELECT reltuples <= 0 OR \
            pg_relation_size(oid) > (2 * relpages::bigint + 50) * current_setting('block_size')::bigint \
            FROM pg_class WHERE oid = to_regclass($1)";
        let outgrown =
            sqlx::query_scalar(outgrown).bind(table).fetch_optional(&self.pools.readers).await.map_err(fault)?;
        if outgrown == Some(true) {
            let analyze = AssertSqlSafe(format!("ANALYZE \"{table}\""));
            sqlx::raw_sql(analyze).execute(&self.pools.writers).await.map_err(fault)?;
        }
        Ok(())
    }

    /// What the last `ANALYZE` found.
    pub(super) async fn estimate_rows(&self, table: &'static str) -> Result<u64, StorageError> {
        let query = "SELECT coalesce(max(reltuples), 0)::bigint FROM pg_class WHERE oid = to_regclass($1)";
        let rows: i64 = sqlx::query_scalar(query).bind(table).fetch_one(&self.pools.readers).await.map_err(fault)?;
        Ok(rows.max(0).unsigned_abs())
    }
}

fn options(server: &Server) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .username(&server.user)
        .database(&server.database)
        .application_name("gpt-load")
        // Poolers refuse settings that they don't know, and we have no such numbers.
        .extra_float_digits(None)
        .ssl_mode(match server.tls.mode {
            TlsMode::Disabled => PgSslMode::Disable,
            TlsMode::Preferred => PgSslMode::Prefer,
            TlsMode::Required => PgSslMode::Require,
            TlsMode::VerifyCa => PgSslMode::VerifyCa,
            TlsMode::VerifyFull => PgSslMode::VerifyFull,
        })
        .disable_statement_logging();
    options = match &server.endpoint {
        Endpoint::Tcp { host, port } => options.host(host).port(*port),
        Endpoint::Socket { path, port } => options.socket(path).port(*port),
    };
    if let Some(password) = &server.password {
        options = options.password(password.expose());
    }
    if let Some(root) = &server.tls.root {
        options = options.ssl_root_cert(root);
    }
    if let Some(certificate) = &server.tls.certificate {
        options = options.ssl_client_cert(certificate);
    }
    if let Some(key) = &server.tls.key {
        options = options.ssl_client_key(key);
    }
    options
}

async fn prepare(connection: &mut PgConnection, session: &[(String, String)]) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(LIMITS).execute(&mut *connection).await?;
    for (name, value) in session {
        let set = sqlx::query("SELECT set_config($1, $2, false)").bind(name).bind(value);
        set.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Its texts can't hold a NUL, which is all that may stand in ours.
pub(super) fn build(statement: &impl SqlxBinder) -> (String, SqlxValues) {
    let (sql, mut values) = statement.build_sqlx(PostgresQueryBuilder);
    for value in &mut values.0.0 {
        if let Value::String(Some(text)) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{FFFD}");
        }
    }
    (sql, values)
}

/// Tells a database that is away, busy or full from one that refuses.
pub(super) fn fault(error: sqlx::Error) -> StorageError {
    let away = match &error {
        sqlx::Error::Database(fault) => is_passing(&fault.code().unwrap_or(Cow::Borrowed(""))),
        error => is_lost(error),
    };
    if away { StorageError::Unavailable(error) } else { StorageError::Database(error) }
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>: lost connections, conflicts with others, short
/// resources, an operator's intervention, faults of the system, a lock not to be had, a server that only reads.
fn is_passing(code: &str) -> bool {
    ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class)) || matches!(code, "55P03" | "25006")
}

/// Values come in binary form, as all that prepared statements give.
fn bytes<'r>(row: &'r PgRow, column: &str) -> Result<Option<(&'r [u8], bool)>, StorageError> {
    let value = row.try_get_raw(column).map_err(StorageError::Database)?;
    if value.is_null() {
        return Ok(None);
    }
    let is_jsonb = value.type_info().name() == "JSONB";
    let bytes = value.as_bytes().map_err(|_| StorageError::corrupt(column, "it can't be read"))?;
    Ok(Some((bytes, is_jsonb)))
}

pub(super) fn text(row: &PgRow, column: &str) -> Result<Option<String>, StorageError> {
    let Some((bytes, is_jsonb)) = bytes(row, column)? else { return Ok(None) };
    // The first byte is the version of the form.
    let bytes = if is_jsonb { bytes.get(1..).unwrap_or_default() } else { bytes };
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

/// Whole numbers of any width, and truth values.
pub(super) fn int(row: &PgRow, column: &str) -> Result<Option<i64>, StorageError> {
    let Some((bytes, _)) = bytes(row, column)? else { return Ok(None) };
    let number = match bytes.len() {
        1 => bytes.first().copied().map(i64::from),
        2 => bytes.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).into()),
        4 => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).into()),
        _ => bytes.try_into().ok().map(i64::from_be_bytes),
    };
    number.map(Some).ok_or_else(|| StorageError::corrupt(column, "it is no whole number"))
}

/// An instant out of our range, as `infinity` is, is none.
pub(super) fn time(row: &PgRow, column: &str) -> Result<Option<Timestamp>, StorageError> {
    /// Microseconds from 1970 to 2000, where its times begin.
    const EPOCH: i64 = 946_684_800_000_000;
    let since = int(row, column)?.and_then(|microseconds| microseconds.checked_add(EPOCH));
    Ok(since.and_then(|since| Timestamp::from_microsecond(since).ok()))
}
