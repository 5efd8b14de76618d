//! Which keys log rows are about. Rows name a key by its hash, which another `ENCRYPTION_KEY` makes another one.

use std::collections::{HashMap, HashSet};

use domain::ids::{GroupId, KeyId};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{LogRow, UNREADABLE_KEY};
use crate::engine::Row;
use crate::schema::{ApiKeys, RequestLogs};
use crate::{Db, StorageError};

impl Db {
    /// Notes in each row the key it is about, if the row's group still has it.
    pub(super) async fn note_keys(&self, rows: &mut [LogRow]) -> Result<(), StorageError> {
        let hashes: HashSet<_> = rows.iter().flat_map(|row| self.hashes_of(row)).collect();
        if hashes.is_empty() {
            return Ok(());
        }
        let found = self.engine().fetch(&keys_with(hashes)).await?;
        let read = |row: &Row| {
            let key = (GroupId(row.int(ApiKeys::GroupId)?), row.text(ApiKeys::KeyHash)?);
            Ok((key, KeyId(row.int(ApiKeys::Id)?)))
        };
        let ids = found.iter().map(read).collect::<Result<HashMap<_, _>, StorageError>>()?;
        for row in rows {
            row.key_id = self.hashes_of(row).into_iter().find_map(|hash| ids.get(&(row.group_id, hash)).copied());
        }
        Ok(())
    }

    /// The hashes that the key of a row may have in its group.
    fn hashes_of(&self, row: &LogRow) -> Vec<String> {
        match row.key.expose() {
            "" => Vec::new(),
            UNREADABLE_KEY => vec![row.key_hash.clone()],
            key => self.cipher().lookup_hashes(key),
        }
    }

    /// The hashes under which a key may stand in the log, and its group; no hash if there is no such key.
    pub(super) async fn logged_as(&self, key: KeyId) -> Result<(Vec<String>, Option<GroupId>), StorageError> {
        let found = self.keys_by_id(&[key]).await?.pop();
        let Some(key) = found else { return Ok((Vec::new(), None)) };
        let hashes = key.secret.map_or_else(|| vec![key.hash], |secret| self.cipher().lookup_hashes(secret.expose()));
        Ok((hashes, Some(key.group_id)))
    }

    /// Of the hashes under which a key may stand in the log, those that do. Mostly that is one, and an index gives the
    /// rows of one in their order.
    pub(super) async fn logged_hashes(&self, hashes: Vec<String>) -> Result<Vec<String>, StorageError> {
        let mut logged = Vec::new();
        for hash in hashes {
            let query = Query::select()
                .column(RequestLogs::KeyHash)
                .from(RequestLogs::Table)
                .and_where(Expr::col(RequestLogs::KeyHash).eq(hash.as_str()))
                .limit(1)
                .take();
            logged.extend((!self.engine().fetch(&query).await?.is_empty()).then_some(hash));
        }
        Ok(logged)
    }
}

/// Keys of whichever group by their hashes.
pub(super) fn keys_with(hashes: impl IntoIterator<Item = String>) -> SelectStatement {
    Query::select()
        .columns([ApiKeys::Id, ApiKeys::GroupId, ApiKeys::KeyHash])
        .from(ApiKeys::Table)
        .and_where(Expr::col(ApiKeys::KeyHash).is_in(hashes))
        .take()
}
