//! The ids of all keys that a filter finds, for what is to be done to each of them.

use std::collections::{BTreeSet, HashSet};

use domain::ids::KeyId;
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::KeyFilter;
use crate::engine::json_rows;
use crate::schema::ApiKeys;
use crate::{Db, StorageError};

/// Ids read or looked up at once.
const STEP: usize = 10_000;

impl Db {
    /// The ids of all keys that a filter finds, ascending.
    pub async fn ids_of_keys(&self, filter: &KeyFilter) -> Result<Vec<KeyId>, StorageError> {
        let ids = match self.named(filter).await? {
            Some(named) => self.present_of(filter, &named).await?,
            None => self.all_of(filter).await?,
        };
        let but: HashSet<_> = filter.but.iter().collect();
        Ok(ids.into_iter().filter(|id| !but.contains(id)).collect())
    }

    /// The ids that a filter names, and those that its search finds, if it has one of both; of both, those that are in both.
    async fn named(&self, filter: &KeyFilter) -> Result<Option<BTreeSet<KeyId>>, StorageError> {
        let found = match &filter.search {
            Some(search) => Some(self.search(filter.group, search).await?.into_iter().collect::<BTreeSet<_>>()),
            None => None,
        };
        let among = filter.among.as_ref().map(|among| among.iter().copied().collect::<BTreeSet<_>>());
        let named = match (among, found) {
            (Some(among), Some(found)) => Some(among.intersection(&found).copied().collect()),
            (among, found) => among.or(found),
        };
        let is_in_range = |id: &KeyId| filter.ids.as_ref().is_none_or(|ids| ids.contains(id));
        Ok(named.map(|named: BTreeSet<_>| named.into_iter().filter(is_in_range).collect()))
    }

    async fn present_of(&self, filter: &KeyFilter, named: &BTreeSet<KeyId>) -> Result<Vec<KeyId>, StorageError> {
        let named: Vec<_> = named.iter().map(|id| id.0).collect();
        let mut present = Vec::new();
        for ids in named.chunks(STEP) {
            let is_named = self.dialect().is_among(ApiKeys::Id, ids.iter().copied());
            present.extend(self.ids(self.alike(filter).and_where(is_named).take()).await?);
        }
        Ok(present)
    }

    async fn all_of(&self, filter: &KeyFilter) -> Result<Vec<KeyId>, StorageError> {
        let (mut all, mut from) = (Vec::new(), filter.ids.as_ref().map_or(i64::MIN, |ids| ids.start().0));
        let is_in_range = filter.ids.as_ref().map(|ids| Expr::col(ApiKeys::Id).lte(ids.end().0));
        loop {
            let next = Expr::col(ApiKeys::Id).gte(from);
            let mut query = self.alike(filter).and_where(next).and_where_option(is_in_range.clone()).take();
            let query = query.limit(STEP as u64).take();
            let page = self.ids(query).await?;
            all.extend(&page);
            match page.last() {
                Some(last) if page.len() == STEP => from = last.0 + 1,
                _ => return Ok(all),
            }
        }
    }

    /// Keys with the filter's group, status and text, by ascending id.
    fn alike(&self, filter: &KeyFilter) -> SelectStatement {
        let hashes = filter.key.as_ref().map(|key| self.cipher().lookup_hashes(key.expose()));
        let of_status = |status: domain::key::KeyStatus| Expr::col(ApiKeys::Status).eq(status.as_str());
        Query::select()
            .column(ApiKeys::Id)
            .from(ApiKeys::Table)
            .and_where_option(filter.group.map(|group| Expr::col(ApiKeys::GroupId).eq(group.0)))
            // By the index that has them in the order of their ids.
            .and_where_option(filter.status.map(|status| self.dialect().common(of_status(status))))
            .and_where_option(hashes.map(|hashes| Expr::col(ApiKeys::KeyHash).is_in(hashes)))
            .order_by(ApiKeys::Id, Order::Asc)
            .take()
    }

    async fn ids(&self, query: SelectStatement) -> Result<Vec<KeyId>, StorageError> {
        let rows = self.engine().fetch(&self.dialect().json_page([ApiKeys::Id], query)).await?;
        Ok(json_rows::<(i64,)>(&rows)?.into_iter().map(|(id,)| KeyId(id)).collect())
    }
}
