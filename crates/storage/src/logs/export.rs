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
    /// The hash by which it is known.
    pub hash: String,
    /// The group of the latest attempt.
    pub group_name: String,
    /// The status of the latest attempt.
    pub status_code: i64,
}

impl Db {
    /// The next keys that occur in the rows a filter selects, each once, in the order of their hashes: at most `limit` with a hash
    /// behind `after`. Fewer than `limit`: there are no more.
    pub async fn logged_keys(
        &self,
        filter: &LogFilter,
        after: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<LoggedKey>, StorageError> {
        let Some(last) = self.last_hash(filter, after, limit, now).await? else { return Ok(Vec::new()) };
        let newest_first = WindowStatement::partition_by(RequestLogs::KeyHash)
            .order_by_expr(self.dialect().instant(RequestLogs::Timestamp), Order::Desc)
            .order_by(RequestLogs::Id, Order::Desc)
            .take();
        let ranked = Query::select()
            .columns(COLUMNS)
            .expr_window_as(Expr::cust("row_number()"), newest_first, "place")
            .from(RequestLogs::Table)
            .cond_where(self.log_condition(filter, now).await?)
            .and_where(Expr::col(RequestLogs::KeyHash).gt(after))
            .and_where(Expr::col(RequestLogs::KeyHash).lte(last))
            .take();
        let query = Query::select()
            .columns(COLUMNS)
            .from_subquery(ranked, "ranked")
            .and_where(Expr::col("place").eq(1))
            .order_by(RequestLogs::KeyHash, Order::Asc)
            .take();
        let rows = self.engine().fetch(&query).await?;
        let read = |row| {
            Ok(LoggedKey {
                key: self.shown_key(row)?,
                hash: row.text(RequestLogs::KeyHash)?,
                group_name: row.text(RequestLogs::GroupName)?,
                status_code: row.int(RequestLogs::StatusCode)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The hash of the last key of a page: only rows up to it need be ranked. Rows without a key have an empty hash.
    async fn last_hash(
        &self,
        filter: &LogFilter,
        after: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Option<String>, StorageError> {
        let page = Query::select()
            .distinct()
            .column(RequestLogs::KeyHash)
            .from(RequestLogs::Table)
            .cond_where(self.log_condition(filter, now).await?)
            .and_where(Expr::col(RequestLogs::KeyHash).gt(after))
            .order_by(RequestLogs::KeyHash, Order::Asc)
            .limit(limit.into())
            .take();
        let rows = self.engine().fetch(&page).await?;
        rows.last().map(|row| row.text(RequestLogs::KeyHash)).transpose()
    }
}

const COLUMNS: [RequestLogs; 4] =
    [RequestLogs::KeyValue, RequestLogs::KeyHash, RequestLogs::GroupName, RequestLogs::StatusCode];
