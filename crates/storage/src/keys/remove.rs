//! Deleting keys.

use domain::ids::{GroupId, KeyId};
use domain::notice::Notice;
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::engine::Tx;
use crate::schema::{ApiKeys, KeyCooldowns};
use crate::{Db, StorageError};

/// Keys deleted a transaction, so that others can write between.
const STEP: usize = 1000;

impl Db {
    /// Deletes those of the keys that belong to the group, with their rests, in steps. Returns how many there were.
    pub async fn delete_keys(&self, group: GroupId, ids: &[KeyId]) -> Result<u64, StorageError> {
        let mut deleted = 0;
        for ids in ids.chunks(STEP) {
            let mut tx = self.engine().begin().await?;
            deleted += self.delete(&mut tx, group, ids).await?;
            self.commit(tx, &Notice::of_keys(group, ids.iter().copied())).await?;
        }
        Ok(deleted)
    }

    /// Deletes some keys of a group in one transaction: the next after `after`, at most `at_most`, by ascending id.
    ///
    /// Returns their ids. Call it, with the last of them as `after`, until there are fewer than `at_most`.
    pub async fn delete_next_keys(
        &self,
        group: GroupId,
        after: Option<KeyId>,
        at_most: u32,
    ) -> Result<Vec<KeyId>, StorageError> {
        let of_group = Expr::col(ApiKeys::GroupId).eq(group.0);
        let next = after.map(|after| Expr::col(ApiKeys::Id).gt(after.0));
        let query = Query::select()
            .column(ApiKeys::Id)
            .from(ApiKeys::Table)
            .and_where(if next.is_some() { self.dialect().in_order_of_ids(of_group) } else { of_group })
            .and_where_option(next)
            .order_by(ApiKeys::Id, Order::Asc)
            .limit(at_most.into())
            .take();
        let mut tx = self.engine().begin().await?;
        let rows = tx.fetch(&query).await?;
        let ids = rows.iter().map(|row| row.int(ApiKeys::Id).map(KeyId)).collect::<Result<Vec<_>, _>>()?;
        self.delete(&mut tx, group, &ids).await?;
        self.commit(tx, &Notice::of_keys(group, ids.iter().copied())).await?;
        Ok(ids)
    }

    async fn delete(&self, tx: &mut Tx<'_>, group: GroupId, ids: &[KeyId]) -> Result<u64, StorageError> {
        let among = |column| self.dialect().is_among(column, ids.iter().map(|id| id.0));
        let keys = Query::delete()
            .from_table(ApiKeys::Table)
            .and_where(among(ApiKeys::Id))
            .and_where(Expr::col(ApiKeys::GroupId).eq(group.0))
            .take();
        let deleted = tx.execute(&keys).await?;
        let among = self.dialect().is_among(KeyCooldowns::KeyId, ids.iter().map(|id| id.0));
        tx.execute(Query::delete().from_table(KeyCooldowns::Table).and_where(among)).await?;
        Ok(deleted)
    }
}
