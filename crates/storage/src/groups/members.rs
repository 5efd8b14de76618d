//! Members of aggregates.

use domain::group::SubGroup;
use domain::ids::GroupId;
use domain::notice::Notice;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::engine::{Row, Tx};
use crate::schema::GroupSubGroups;
use crate::{Db, StorageError};

impl Db {
    /// Every link from an aggregate to a member, in the order they were made.
    pub async fn sub_groups(&self) -> Result<Vec<SubGroup>, StorageError> {
        let query = Query::select()
            .columns([GroupSubGroups::GroupId, GroupSubGroups::SubGroupId, GroupSubGroups::Weight])
            .from(GroupSubGroups::Table)
            .order_by("id", Order::Asc)
            .take();
        self.engine().fetch(&query).await?.iter().map(read).collect()
    }

    /// Adds members; all or none. Errors with [`StorageError::Duplicate`] if one is a member already.
    pub async fn add_sub_groups(&self, links: &[SubGroup]) -> Result<(), StorageError> {
        let mut tx = self.engine().begin().await?;
        for link in links {
            self.add_sub_group_in(&mut tx, *link).await?;
        }
        self.commit(tx, &Notice::of_configuration()).await
    }

    pub(crate) async fn add_sub_group_in(&self, tx: &mut Tx<'_>, link: SubGroup) -> Result<(), StorageError> {
        let now = self.dialect().time(Timestamp::now());
        let insert = Query::insert()
            .into_table(GroupSubGroups::Table)
            .columns([
                GroupSubGroups::GroupId,
                GroupSubGroups::SubGroupId,
                GroupSubGroups::Weight,
                GroupSubGroups::CreatedAt,
                GroupSubGroups::UpdatedAt,
            ])
            .values_panic([
                link.group_id.0.into(),
                link.sub_group_id.0.into(),
                i64::from(link.weight).into(),
                now.clone(),
                now,
            ])
            .take();
        tx.execute(&insert).await.map_err(|error| error.or_duplicate("sub_groups")).map(drop)
    }

    /// Changes the weight of a member. Errors with [`StorageError::NotFound`] if it is none.
    pub async fn set_sub_group_weight(&self, link: SubGroup) -> Result<(), StorageError> {
        let update = Query::update()
            .table(GroupSubGroups::Table)
            .value(GroupSubGroups::Weight, i64::from(link.weight))
            .value(GroupSubGroups::UpdatedAt, self.dialect().time(Timestamp::now()))
            .and_where(is(link.group_id, link.sub_group_id))
            .take();
        self.reconfigure(&update).await
    }

    /// Takes a member out of an aggregate. Errors with [`StorageError::NotFound`] if it is none.
    pub async fn remove_sub_group(&self, group: GroupId, member: GroupId) -> Result<(), StorageError> {
        let delete = Query::delete().from_table(GroupSubGroups::Table).and_where(is(group, member)).take();
        self.reconfigure(&delete).await
    }
}

fn is(group: GroupId, member: GroupId) -> Expr {
    Expr::col(GroupSubGroups::GroupId).eq(group.0).and(Expr::col(GroupSubGroups::SubGroupId).eq(member.0))
}

/// A weight that 1.4.x wouldn't have taken counts as 0.
fn read(row: &Row) -> Result<SubGroup, StorageError> {
    Ok(SubGroup {
        group_id: GroupId(row.int(GroupSubGroups::GroupId)?),
        sub_group_id: GroupId(row.int(GroupSubGroups::SubGroupId)?),
        weight: u32::try_from(row.int(GroupSubGroups::Weight)?).unwrap_or(0),
    })
}
