//! Keys in bulk, in the order of their ids: for the pool, exports and jobs.

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::status_of;
use crate::engine::json_rows;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

/// What the pool needs to know of a key.
#[derive(Clone, Debug)]
pub struct PoolKey {
    /// Row id.
    pub id: KeyId,
    /// The group it belongs to.
    pub group_id: GroupId,
    /// The key in clear; `None` if the present `ENCRYPTION_KEY` doesn't open it.
    pub secret: Option<Secret>,
    /// Stored status.
    pub status: KeyStatus,
    /// Failures of its own in a row.
    pub failure_count: i64,
}

/// Which keys to go through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyScan {
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those of this status.
    pub status: Option<KeyStatus>,
}

impl Db {
    /// The next keys after `after`, at most `limit`, by ascending id. Fewer than `limit`: there are no more.
    pub async fn scan_keys(
        &self,
        scan: KeyScan,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<Vec<PoolKey>, StorageError> {
        let page = Query::select()
            .columns(COLUMNS)
            .from(ApiKeys::Table)
            .and_where_option(scan.group.map(|group| Expr::col(ApiKeys::GroupId).eq(group.0)))
            // By the index that has them in the order of their ids.
            .and_where_option(
                scan.status.map(|status| self.dialect().common(Expr::col(ApiKeys::Status).eq(status.as_str()))),
            )
            .and_where_option(after.map(|after| Expr::col(ApiKeys::Id).gt(after.0)))
            .order_by(ApiKeys::Id, Order::Asc)
            .limit(limit.into())
            .take();
        self.pool_keys(page).await
    }

    /// Those of the keys that there are, in no order.
    pub async fn keys_of(&self, ids: &[KeyId]) -> Result<Vec<PoolKey>, StorageError> {
        let among = self.dialect().is_among(ApiKeys::Id, ids.iter().map(|id| id.0));
        self.pool_keys(Query::select().columns(COLUMNS).from(ApiKeys::Table).and_where(among).take()).await
    }

    async fn pool_keys(&self, page: SelectStatement) -> Result<Vec<PoolKey>, StorageError> {
        let rows = self.engine().fetch(&self.dialect().json_page(COLUMNS, page)).await?;
        Ok(json_rows(&rows)?.into_iter().map(|columns| self.pool_key(columns)).collect())
    }

    fn pool_key(&self, (id, group, value, hash, status, failures): Columns) -> PoolKey {
        PoolKey {
            id: KeyId(id),
            group_id: GroupId(group),
            secret: self.cipher().reveal(&value, &hash.unwrap_or_default()),
            status: status_of(&status),
            failure_count: failures.unwrap_or_default(),
        }
    }
}

const COLUMNS: [ApiKeys; 6] =
    [ApiKeys::Id, ApiKeys::GroupId, ApiKeys::KeyValue, ApiKeys::KeyHash, ApiKeys::Status, ApiKeys::FailureCount];

type Columns = (i64, i64, String, Option<String>, String, Option<i64>);
