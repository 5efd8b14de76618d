//! MySQL 8 and MariaDB 10.6 and later.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sea_query::MysqlQueryBuilder;
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow, MySqlSslMode};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, MySql, Row};

use super::is_lost;
use super::pools::Pools;
use crate::StorageError;
use crate::dsn::{Endpoint, Server, TlsMode};
use crate::schema::TABLES;

pub(super) mod migrate;

/// A lock or a statement that hangs must not hang us. Each of the two servers reads one of the comments. Every
/// statement sees what is committed: locks on gaps between rows would only make nodes collide.
const LIMITS: &str = "SET SESSION innodb_lock_wait_timeout = 10, SESSION lock_wait_timeout = 10, SESSION wait_timeout = 90 \
    /*M!100600 , SESSION max_statement_time = 60, SESSION idle_write_transaction_timeout = 60 */ \
    /*!80000 , SESSION max_execution_time = 60000 */; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

pub(crate) struct Connections {
    pools: Pools<MySql>,
    zone: &'static TimeZone,
}

impl Connections {
    pub(super) async fn open(server: &Server, zone: &TimeZone) -> Result<Self, StorageError> {
        let session = server.session.clone();
        let prepared = PoolOptions::<MySql>::new().after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move { prepare(connection, &session).await })
        });
        let pools = Pools::open(prepared, options(server), server, fault).await?;
        // A database is opened once in a process's life, and every row that is read needs the zone.
        Ok(Self { pools, zone: Box::leak(Box::new(zone.clone())) })
    }

    pub(super) fn pools(&self) -> &Pools<MySql> {
        &self.pools
    }

    pub(super) fn zone(&self) -> &'static TimeZone {
        self.zone
    }

    pub(super) async fn vacuum(&self) -> Result<(), StorageError> {
        let mut connection = self.pools.writers.acquire().await.map_err(fault)?.detach();
        sqlx::raw_sql(migrate::UNLIMITED).execute(&mut connection).await.map_err(fault)?;
        for table in TABLES {
            let sql = format!("OPTIMIZE TABLE `{table}`");
            sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.map_err(fault)?;
        }
        Ok(())
    }

    /// What the storage engine last counted.
    pub(super) async fn estimate_rows(&self, table: &'static str) -> Result<u64, StorageError> {
        let query = "SELECT CAST(coalesce(max(table_rows), 0) AS SIGNED) FROM information_schema.tables \
            WHERE table_schema = database() AND table_name = ?";
        let rows: i64 = sqlx::query_scalar(query).bind(table).fetch_one(&self.pools.readers).await.map_err(fault)?;
        Ok(rows.max(0).unsigned_abs())
    }
}

fn options(server: &Server) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .username(&server.user)
        .database(&server.database)
        .timezone(None)
        .pipes_as_concat(false)
        .ssl_mode(match server.tls.mode {
            TlsMode::Disabled => MySqlSslMode::Disabled,
            TlsMode::Preferred => MySqlSslMode::Preferred,
            TlsMode::Required => MySqlSslMode::Required,
            TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
            TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        })
        .disable_statement_logging();
    options = match &server.endpoint {
        Endpoint::Tcp { host, port } => options.host(host).port(*port),
        Endpoint::Socket { path, .. } => options.socket(path),
    };
    if let Some(password) = &server.password {
        options = options.password(password.expose());
    }
    if let Some(root) = &server.tls.root {
        options = options.ssl_ca(root);
    }
    if let Some(certificate) = &server.tls.certificate {
        options = options.ssl_client_cert(certificate);
    }
    if let Some(key) = &server.tls.key {
        options = options.ssl_client_key(key);
    }
    options
}

async fn prepare(connection: &mut MySqlConnection, session: &[(String, String)]) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(LIMITS).execute(&mut *connection).await?;
    for (name, value) in session {
        // As Go's driver does: the value is an expression of SQL, in the operator's own words.
        let set = format!("SET SESSION {name} = {value}");
        sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) fn build(statement: &impl SqlxBinder) -> (String, SqlxValues) {
    statement.build_sqlx(MysqlQueryBuilder)
}

/// Tells a database that is away, busy or full from one that refuses.
pub(super) fn fault(error: sqlx::Error) -> StorageError {
    let away = match &error {
        sqlx::Error::Database(fault) => {
            fault.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|fault| is_passing(fault.number()))
        }
        error => is_lost(error),
    };
    if away { StorageError::Unavailable(error) } else { StorageError::Database(error) }
}

/// By <https://mariadb.com/kb/en/mariadb-error-code-reference/> and
/// <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>.
fn is_passing(number: u16) -> bool {
    const DISK_FULL: u16 = 1021;
    const TOO_MANY_CONNECTIONS: u16 = 1040;
    const SHUTDOWN: u16 = 1053;
    const TABLE_FULL: u16 = 1114;
    const USER_LIMIT: u16 = 1203;
    const LOCK_WAIT_TIMEOUT: u16 = 1205;
    const DEADLOCK: u16 = 1213;
    const RESOURCE_LIMIT: u16 = 1226;
    const READ_ONLY: u16 = 1290;
    const INTERRUPTED: u16 = 1317;
    const KILLED: u16 = 1927;
    const STATEMENT_TIMEOUT: u16 = 1969;
    const EXECUTION_TIMEOUT: u16 = 3024;
    matches!(
        number,
        DISK_FULL
            | TOO_MANY_CONNECTIONS
            | SHUTDOWN
            | TABLE_FULL
            | USER_LIMIT
            | LOCK_WAIT_TIMEOUT
            | DEADLOCK
            | RESOURCE_LIMIT
            | READ_ONLY
            | INTERRUPTED
            | KILLED
            | STATEMENT_TIMEOUT
            | EXECUTION_TIMEOUT
    )
}

/// An instant as a `DATETIME(3)` holds it: the clock of `zone`. Digits beyond the millisecond are cut off.
pub(super) fn time_text(instant: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(instant);
    let (date, time) = (local.date(), local.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond(),
    )
}

pub(super) fn text(row: &MySqlRow, column: &str) -> Result<Option<String>, StorageError> {
    let bytes: Option<&[u8]> = row.try_get_unchecked(column).map_err(StorageError::Database)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

pub(super) fn int(row: &MySqlRow, column: &str) -> Result<Option<i64>, StorageError> {
    row.try_get_unchecked(column).map_err(StorageError::Database)
}

/// `0000-00-00`, which older servers took, is none.
pub(super) fn time(row: &MySqlRow, column: &str, zone: &TimeZone) -> Result<Option<Timestamp>, StorageError> {
    let bytes: Option<&[u8]> = row.try_get_unchecked(column).map_err(StorageError::Database)?;
    let local = bytes.and_then(datetime);
    Ok(local.and_then(|local| zone.to_timestamp(local).ok()))
}

/// The binary form of prepared statements: a length, then as many of year, month, day, hour, minute, second and
/// microseconds as are not zero. <https://mariadb.com/kb/en/resultset-row/#timestamp-binary-encoding>
fn datetime(bytes: &[u8]) -> Option<DateTime> {
    let mut fields = [0_u8; 11];
    let given = bytes.get(1..)?;
    fields.get_mut(..given.len())?.copy_from_slice(given);
    let [year_low, year_high, month, day, hour, minute, second, us @ ..] = fields;
    let year = i16::from_le_bytes([year_low, year_high]);
    let nanosecond = i32::from_le_bytes(us).checked_mul(1000)?;
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(u8::cast_signed);
    DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()
}
