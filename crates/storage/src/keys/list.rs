//! Keys as a list with filters and pages.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use domain::ids::{GroupId, KeyId};
use domain::key::{Key, KeyStatus};
use sea_query::{Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement};

use super::status;
use crate::engine::{Dialect, Row};
use crate::schema::ApiKeys;
use crate::{Db, Page, PageRequest, StorageError};

/// Which keys to list. Every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those of this status.
    pub status: Option<KeyStatus>,
    /// Only the key with this text, exactly.
    pub key: Option<domain::secret::Secret>,
    /// Only these, as those that are resting.
    pub among: Option<Vec<KeyId>>,
    /// None of these.
    pub but: Vec<KeyId>,
    /// Only those with ids in this range.
    pub ids: Option<RangeInclusive<KeyId>>,
    /// Only those that a search finds.
    pub search: Option<KeySearch>,
    /// The order; by default the last used first.
    pub order: KeyOrder,
}

impl KeyFilter {
    /// Whether its range of ids is so narrow that its keys are best looked up by their ids.
    fn names_few(&self) -> bool {
        let width = |ids: &RangeInclusive<KeyId>| ids.end().0.saturating_sub(ids.start().0);
        self.ids.as_ref().is_some_and(|ids| width(ids) < MANY.cast_signed())
    }
}

/// A search for keys by their notes, or by ids found elsewhere: the database can't look into encrypted keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySearch {
    /// Part of the notes.
    pub notes: String,
    /// Keys that are found whatever their notes.
    pub or_ids: Vec<KeyId>,
}

/// An order of keys; ties are broken by id, descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOrder {
    /// By what.
    pub by: KeySort,
    /// The greatest first. Keys that were never used are last in either direction.
    pub descending: bool,
}

impl Default for KeyOrder {
    fn default() -> Self {
        Self { by: KeySort::LastUsedAt, descending: true }
    }
}

/// What keys can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySort {
    /// The last successful request.
    LastUsedAt,
    /// Failures of its own in a row.
    FailureCount,
    /// Successful requests.
    RequestCount,
    /// Row id.
    Id,
}

/// From so many keys on, sorting them by what has no index costs less if the whole table is read.
const MANY: u64 = 50_000;

impl Db {
    /// A page of keys, decrypted.
    pub async fn keys_page(&self, filter: &KeyFilter, page: PageRequest) -> Result<Page<Key>, StorageError> {
        let found = match &filter.search {
            Some(search) => Some(self.search(filter.group, search).await?),
            None => None,
        };
        let count = Query::select()
            .expr_as(Func::count(Expr::col(ApiKeys::Id)), "total")
            .from(ApiKeys::Table)
            .cond_where(self.condition(filter, found.as_deref(), false))
            .take();
        let total = self.engine().fetch(&count).await?.first().map_or(Ok(0), |row| row.int("total"))?.unsigned_abs();
        let mut query = self.ids_in_order(filter, found.as_deref(), total);
        let rows = self.engine().fetch(query.limit(page.size.into()).offset(page.offset())).await?;
        let ids = rows.iter().map(|row| row.int(ApiKeys::Id).map(KeyId)).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { rows: self.keys_by_id(&ids).await?, total, total_is_estimate: false })
    }

    /// The ids of the keys, of which there are `total`. They come first: they stand in the indexes, so that what comes before a page need
    /// not be read.
    fn ids_in_order(&self, filter: &KeyFilter, found: Option<&[KeyId]>, total: u64) -> SelectStatement {
        let has_index = match filter.order.by {
            KeySort::LastUsedAt | KeySort::Id => true,
            KeySort::FailureCount | KeySort::RequestCount => filter.order.descending,
        };
        let is_read_whole = total > MANY && !has_index;
        let condition = self.condition(filter, found, is_read_whole);
        let mut query = Query::select().column(ApiKeys::Id).from(ApiKeys::Table).cond_where(condition).take();
        sort(self.dialect(), &mut query, filter.order);
        query
    }

    /// The next keys after `after`, at most `limit`, by ascending id, decrypted.
    pub(crate) async fn keys_after(&self, after: Option<KeyId>, limit: u32) -> Result<Vec<Key>, StorageError> {
        let query = Query::select()
            .columns(COLUMNS)
            .from(ApiKeys::Table)
            .and_where_option(after.map(|after| Expr::col(ApiKeys::Id).gt(after.0)))
            .order_by(ApiKeys::Id, Order::Asc)
            .limit(limit.into())
            .take();
        self.engine().fetch(&query).await?.iter().map(|row| self.read_key(row)).collect()
    }

    /// Keys in the order of `ids`; those that are gone are left out.
    pub(crate) async fn keys_by_id(&self, ids: &[KeyId]) -> Result<Vec<Key>, StorageError> {
        let query = Query::select().columns(COLUMNS).from(ApiKeys::Table).and_where(among(self.dialect(), ids)).take();
        let rows = self.engine().fetch(&query).await?;
        let keys = rows.iter().map(|row| self.read_key(row).map(|key| (key.id, key)));
        let mut keys = keys.collect::<Result<HashMap<_, _>, _>>()?;
        Ok(ids.iter().filter_map(|id| keys.remove(id)).collect())
    }

    /// The ids of the keys that a search finds.
    pub(super) async fn search(&self, group: Option<GroupId>, search: &KeySearch) -> Result<Vec<KeyId>, StorageError> {
        let query = Query::select()
            .column(ApiKeys::Id)
            .from(ApiKeys::Table)
            .and_where_option(group.map(|group| Expr::col(ApiKeys::GroupId).eq(group.0)))
            // Word for word the condition of the index on notes.
            .and_where(Expr::col(ApiKeys::Notes).ne(Expr::cust("''")))
            .and_where(self.dialect().contains(ApiKeys::Notes, &search.notes))
            .take();
        let rows = self.engine().fetch(&query).await?;
        let by_notes = rows.iter().map(|row| row.int(ApiKeys::Id).map(KeyId));
        by_notes.chain(search.or_ids.iter().copied().map(Ok)).collect()
    }

    /// `is_read_whole`: the keys are much of the table, and it is to be read from end to end rather than by an index.
    fn condition(&self, filter: &KeyFilter, found: Option<&[KeyId]>, is_read_whole: bool) -> Cond {
        let ids = |ids: &[KeyId]| among(self.dialect(), ids);
        let hashes = filter.key.as_ref().map(|key| self.cipher().lookup_hashes(key.expose()));
        let names_keys = hashes.is_some() || filter.among.is_some() || found.is_some() || filter.names_few();
        let by_index = !(is_read_whole || names_keys);
        let from = filter.ids.as_ref().map(|ids| Expr::col(ApiKeys::Id).gte(ids.start().0));
        let to = filter.ids.as_ref().map(|ids| Expr::col(ApiKeys::Id).lte(ids.end().0));
        let less = |condition| if by_index { condition } else { self.dialect().common(condition) };
        Cond::all()
            .add_option(filter.group.map(|group| less(Expr::col(ApiKeys::GroupId).eq(group.0))))
            .add_option(filter.status.map(|status| less(Expr::col(ApiKeys::Status).eq(status.as_str()))))
            .add_option(hashes.map(|hashes| Expr::col(ApiKeys::KeyHash).is_in(hashes)))
            .add_option(from)
            .add_option(to)
            .add_option(filter.among.as_deref().map(ids))
            .add_option((!filter.but.is_empty()).then(|| ids(&filter.but).not()))
            .add_option(found.map(ids))
    }

    fn read_key(&self, row: &Row) -> Result<Key, StorageError> {
        let hash = row.text(ApiKeys::KeyHash)?;
        Ok(Key {
            id: KeyId(row.int(ApiKeys::Id)?),
            group_id: GroupId(row.int(ApiKeys::GroupId)?),
            secret: self.cipher().reveal(&row.text(ApiKeys::KeyValue)?, &hash),
            hash,
            status: status(row)?,
            notes: row.text(ApiKeys::Notes)?,
            request_count: row.int(ApiKeys::RequestCount)?,
            failure_count: row.int(ApiKeys::FailureCount)?,
            last_used_at: row.opt_time(ApiKeys::LastUsedAt)?,
            last_error: row.opt_text(ApiKeys::LastError)?,
            last_error_at: row.opt_time(ApiKeys::LastErrorAt)?,
            last_status: row.opt_int(ApiKeys::LastStatus)?.and_then(|status| status.try_into().ok()),
            created_at: row.time(ApiKeys::CreatedAt)?,
            updated_at: row.time(ApiKeys::UpdatedAt)?,
        })
    }
}

const COLUMNS: [ApiKeys; 14] = [
    ApiKeys::Id,
    ApiKeys::GroupId,
    ApiKeys::KeyValue,
    ApiKeys::KeyHash,
    ApiKeys::Status,
    ApiKeys::Notes,
    ApiKeys::RequestCount,
    ApiKeys::FailureCount,
    ApiKeys::LastUsedAt,
    ApiKeys::LastError,
    ApiKeys::LastErrorAt,
    ApiKeys::LastStatus,
    ApiKeys::CreatedAt,
    ApiKeys::UpdatedAt,
];

fn among(dialect: Dialect, ids: &[KeyId]) -> Expr {
    dialect.is_among(ApiKeys::Id, ids.iter().map(|id| id.0))
}

fn sort(dialect: Dialect, query: &mut SelectStatement, order: KeyOrder) {
    let direction = if order.descending { Order::Desc } else { Order::Asc };
    let column = match order.by {
        KeySort::LastUsedAt => ApiKeys::LastUsedAt,
        KeySort::FailureCount => ApiKeys::FailureCount,
        KeySort::RequestCount => ApiKeys::RequestCount,
        KeySort::Id => ApiKeys::Id,
    };
    dialect.nulls_last(query, column, direction);
    query.order_by(ApiKeys::Id, Order::Desc);
}

#[cfg(test)]
mod tests;
