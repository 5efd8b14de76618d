//! Groups, and which are members of which aggregate.

use domain::group::{Group, GroupKind, GroupSpec};
use domain::ids::GroupId;
use domain::notice::Notice;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Func, IntoCondition, Order, Query, SelectStatement, UpdateStatement};

use crate::engine::{Row, Tx};
use crate::lease::Token;
use crate::schema::{ApiKeys, GroupHourlyStats, GroupSubGroups, Groups};
use crate::{Db, StorageError};

mod columns;
mod members;

/// Keys deleted a transaction with their group.
const KEYS_A_STEP: u32 = 1000;

impl Db {
    /// All groups, ordered by `sort` ascending, then the newest first.
    ///
    /// A group that can't be read is left out and reported in the log: the others must serve.
    pub async fn groups(&self) -> Result<Vec<Group>, StorageError> {
        let query = select().order_by(Groups::Sort, Order::Asc).order_by(Groups::Id, Order::Desc).take();
        let rows = self.engine().fetch(&query).await?;
        Ok(rows.iter().filter_map(readable).collect())
    }

    /// How many groups there are, even if the database has never been migrated: SQLite takes the name of a column that is missing for a text.
    pub async fn count_groups(&self) -> Result<u64, StorageError> {
        let query = Query::select().expr_as(Func::count(Expr::col(Groups::Id)), "total").from(Groups::Table).take();
        let rows = self.engine().fetch(&query).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int("total"))?.unsigned_abs())
    }

    /// One group.
    pub async fn group(&self, id: GroupId) -> Result<Group, StorageError> {
        let rows = self.engine().fetch(&select().and_where(is(id)).take()).await?;
        columns::read(rows.first().ok_or(StorageError::NotFound)?)
    }

    /// All groups, the oldest first. Errors if one can't be read.
    pub(crate) async fn every_group(&self) -> Result<Vec<Group>, StorageError> {
        let rows = self.engine().fetch(select().order_by(Groups::Id, Order::Asc)).await?;
        rows.iter().map(columns::read).collect()
    }

    /// Stores a new group, enabled. Errors with [`StorageError::Duplicate`] if the name is taken.
    pub async fn insert_group(&self, spec: &GroupSpec) -> Result<Group, StorageError> {
        let mut tx = self.engine().begin().await?;
        let group = self.insert_group_in(&mut tx, spec, true).await?;
        self.commit(tx, &Notice::of_configuration()).await?;
        Ok(group)
    }

    pub(crate) async fn insert_group_in(
        &self,
        tx: &mut Tx<'_>,
        spec: &GroupSpec,
        enabled: bool,
    ) -> Result<Group, StorageError> {
        let now = self.dialect().time(Timestamp::now());
        let (mut names, mut values): (Vec<_>, Vec<_>) = columns::of(self.dialect(), spec).into_iter().unzip();
        names.extend([Groups::Enabled, Groups::CreatedAt, Groups::UpdatedAt]);
        values.extend([enabled.into(), now.clone(), now]);
        let insert = Query::insert().into_table(Groups::Table).columns(names).values_panic(values).take();
        tx.execute(&insert).await.map_err(|error| error.or_duplicate("name"))?;
        one(tx, Expr::col(Groups::Name).eq(spec.name.as_str())).await
    }

    /// Replaces what an operator set about a group.
    ///
    /// Errors with [`StorageError::NotFound`] if there is no such group, with [`StorageError::Duplicate`] if the name
    /// is taken.
    pub async fn update_group(&self, id: GroupId, spec: &GroupSpec) -> Result<Group, StorageError> {
        let update = Query::update()
            .table(Groups::Table)
            .values(columns::of(self.dialect(), spec))
            .value(Groups::UpdatedAt, self.dialect().time(Timestamp::now()))
            .and_where(is(id))
            .take();
        let mut tx = self.engine().begin().await?;
        tx.execute(&update).await.map_err(|error| error.or_duplicate("name"))?;
        let group = one(&mut tx, is(id)).await?;
        self.commit(tx, &Notice::of_configuration()).await?;
        Ok(group)
    }

    /// Lets a group serve, or stops it.
    pub async fn set_group_enabled(&self, id: GroupId, enabled: bool) -> Result<(), StorageError> {
        self.reconfigure(&Self::setting(id, Groups::Enabled, enabled.into())).await
    }

    /// Notes when a group's keys were last validated, as the leader does.
    pub async fn set_group_validated(&self, held: Token, id: GroupId, at: Timestamp) -> Result<(), StorageError> {
        let mut update = Self::setting(id, Groups::LastValidatedAt, self.dialect().time(at));
        require_one(self.execute_as_leader(held, &mut update).await?)
    }

    /// Gives groups their places in lists; all or none. Errors with [`StorageError::NotFound`] if one isn't there.
    pub async fn reorder_groups(&self, places: &[(GroupId, i64)]) -> Result<(), StorageError> {
        let mut tx = self.engine().begin().await?;
        for (id, sort) in places {
            let update = Query::update().table(Groups::Table).value(Groups::Sort, *sort).and_where(is(*id)).take();
            require_one(tx.execute(&update).await?)?;
        }
        tx.commit().await
    }

    /// Deletes a group with its keys, their rests, and its links to other groups.
    ///
    /// Log entries stay, and so do a standard group's statistics: totals must not shrink. Those of an aggregate go,
    /// since its requests are counted with its members too. Keys go first, in steps.
    pub async fn delete_group(&self, id: GroupId) -> Result<(), StorageError> {
        let group = self.group(id).await?;
        let mut after = None;
        while let Some(last) = self.delete_next_keys(id, after, KEYS_A_STEP).await?.pop() {
            after = Some(last);
        }
        let mut tx = self.engine().begin().await?;
        let keys = Query::delete().from_table(ApiKeys::Table).and_where(Expr::col(ApiKeys::GroupId).eq(id.0)).take();
        tx.execute(&keys).await?;
        let links = Query::delete()
            .from_table(GroupSubGroups::Table)
            .cond_where(
                Expr::col(GroupSubGroups::GroupId)
                    .eq(id.0)
                    .or(Expr::col(GroupSubGroups::SubGroupId).eq(id.0))
                    .into_condition(),
            )
            .take();
        tx.execute(&links).await?;
        if group.spec.kind == GroupKind::Aggregate {
            let of_group = Expr::col(GroupHourlyStats::GroupId).eq(id.0);
            tx.execute(Query::delete().from_table(GroupHourlyStats::Table).and_where(of_group)).await?;
        }
        require_one(tx.execute(Query::delete().from_table(Groups::Table).and_where(is(id))).await?)?;
        self.commit(tx, &Notice { configuration: true, gone: vec![id], ..Notice::default() }).await
    }

    fn setting(id: GroupId, column: Groups, value: Expr) -> UpdateStatement {
        Query::update().table(Groups::Table).value(column, value).and_where(is(id)).take()
    }
}

fn select() -> SelectStatement {
    Query::select().columns(columns::ALL).from(Groups::Table).take()
}

fn is(id: GroupId) -> Expr {
    Expr::col(Groups::Id).eq(id.0)
}

async fn one(tx: &mut Tx<'_>, condition: Expr) -> Result<Group, StorageError> {
    let rows = tx.fetch(&select().and_where(condition).take()).await?;
    columns::read(rows.first().ok_or(StorageError::NotFound)?)
}

fn readable(row: &Row) -> Option<Group> {
    match columns::read(row) {
        Ok(group) => Some(group),
        Err(error) => {
            let name = row.text(Groups::Name).unwrap_or_default();
            tracing::error!(group = name, %error, "a group can't be read and does not serve");
            None
        }
    }
}

fn require_one(touched: u64) -> Result<(), StorageError> {
    if touched == 0 { Err(StorageError::NotFound) } else { Ok(()) }
}
