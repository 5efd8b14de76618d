//! The distinct keys of the log.

use domain::secret::Secret;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Order, Query, WindowStatement};

use super::LogFilter;
use crate::schema::RequestLogs;
use crate::{Db, StorageError};

/// A key in the log and how its latest attempt ended.
#[derive(Clone, Debug)]
pub struct LoggedKey {
    /// The key, or [`UNREADABLE_KEY`](super::UNREADABLE_KEY).
    pub key: Secret,
    /// The group of the latest attempt.
    pub group_name: String,
    /// The status of the latest attempt.
    pub status_code: i64,
}

impl Db {
    /// Each key that occurs in the rows a filter selects, once.
    pub async fn logged_keys(&self, filter: &LogFilter, now: Timestamp) -> Result<Vec<LoggedKey>, StorageError> {
        let columns = [RequestLogs::KeyValue, RequestLogs::KeyHash, RequestLogs::GroupName, RequestLogs::StatusCode];
        let newest_first = WindowStatement::partition_by(RequestLogs::KeyHash)
            .order_by_expr(self.dialect().instant(RequestLogs::Timestamp), Order::Desc)
            .order_by(RequestLogs::Id, Order::Desc)
            .take();
        let ranked = Query::select()
            .columns(columns)
            .expr_window_as(Expr::cust("row_number()"), newest_first, "place")
            .from(RequestLogs::Table)
            .cond_where(self.log_condition(filter, now))
            .and_where(Expr::col(RequestLogs::KeyHash).ne(""))
            .take();
        let query = Query::select()
            .columns(columns)
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("place").eq(1))
            .order_by(RequestLogs::KeyHash, Order::Asc)
            .take();
        let rows = self.engine().fetch(&query).await?;
        let read = |row| {
            Ok(LoggedKey {
                key: self.shown_key(row)?,
                group_name: row.text(RequestLogs::GroupName)?,
                status_code: row.int(RequestLogs::StatusCode)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
