//! Rows that came back.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sea_query::Iden;
use serde::de::DeserializeOwned;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::{mysql, postgres, sqlite};
use crate::StorageError;

/// A row that came back. Columns are read as what they mean, whatever the database made of them.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    MySql(MySqlRow, &'static TimeZone),
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
            Self::Postgres(row) => postgres::text(row, column.unquoted()),
            Self::MySql(row, _) => mysql::text(row, column.unquoted()),
        }
    }

    /// A whole number; null is 0.
    pub(crate) fn int(&self, column: impl Iden + Copy) -> Result<i64, StorageError> {
        Ok(self.opt_int(column)?.unwrap_or_default())
    }

    pub(crate) fn opt_int(&self, column: impl Iden + Copy) -> Result<Option<i64>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::int(row, column.unquoted()),
            Self::Postgres(row) => postgres::int(row, column.unquoted()),
            Self::MySql(row, _) => mysql::int(row, column.unquoted()),
        }
    }

    /// A truth value; null is false.
    pub(crate) fn flag(&self, column: impl Iden + Copy) -> Result<bool, StorageError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn opt_time(&self, column: impl Iden + Copy) -> Result<Option<Timestamp>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::time(row, column.unquoted()),
            Self::Postgres(row) => postgres::time(row, column.unquoted()),
            Self::MySql(row, zone) => mysql::time(row, column.unquoted(), zone),
        }
    }

    /// An instant; the start of 1970 for null, as in rows that a person put in by hand.
    pub(crate) fn time(&self, column: impl Iden + Copy) -> Result<Timestamp, StorageError> {
        Ok(self.opt_time(column)?.unwrap_or_default())
    }
}

/// The rows of a [`json_page`](super::Dialect::json_page).
pub(crate) fn json_rows<T: DeserializeOwned>(page: &[Row]) -> Result<Vec<T>, StorageError> {
    let mut rows = Vec::with_capacity(page.len());
    for part in page {
        let part: Vec<T> = serde_json::from_str(&part.text("page")?)
            .map_err(|_| StorageError::corrupt("page", "rows are not of the types expected"))?;
        rows.extend(part);
    }
    Ok(rows)
}
