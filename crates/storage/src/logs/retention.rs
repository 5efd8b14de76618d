//! Deleting old log rows without getting in anyone's way.

use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::lease::Token;
use crate::schema::RequestLogs;
use crate::{Db, StorageError};

/// Ids a `DELETE` takes: databases limit the parameters of a statement.
const IDS: usize = 500;

impl Db {
    /// Deletes the oldest rows from before `instant`, at most `at_most`, as the leader does, and gives back space if much is unused.
    ///
    /// Returns how many were deleted. Call it, with pauses, until there are fewer than `at_most`.
    pub async fn delete_logs_before(&self, held: Token, instant: Timestamp, at_most: u32) -> Result<u64, StorageError> {
        let column = || self.dialect().instant(RequestLogs::Timestamp);
        let oldest = Query::select()
            .column(RequestLogs::Id)
            .from(RequestLogs::Table)
            .and_where(column().lt(self.dialect().instant_of(instant)))
            .order_by_expr(column(), Order::Asc)
            .limit(at_most.into())
            .take();
        let rows = self.engine().fetch(&oldest).await?;
        let ids = rows.iter().map(|row| row.text(RequestLogs::Id)).collect::<Result<Vec<_>, _>>()?;
        let mut deleted = 0;
        for ids in ids.chunks(IDS) {
            let among = Expr::col(RequestLogs::Id).is_in(ids.iter().map(String::as_str));
            let delete = &mut Query::delete().from_table(RequestLogs::Table).and_where(among).take();
            deleted += self.execute_as_leader(held, delete).await?;
        }
        self.engine().reclaim().await?;
        Ok(deleted)
    }
}
