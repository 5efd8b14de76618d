//! New keys, and finding keys by their text.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::Notice;
use domain::secret::Secret;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement};

use crate::cipher::StoredKey;
use crate::engine::{Dialect, Row, Tx, json_rows};
use crate::schema::{ApiKeys, Groups};
use crate::{Db, KeyCipher, StorageError};

/// A good number of keys for one call of [`Db::insert_keys`]: one transaction of some hundred milliseconds, so that
/// others can write between.
pub const SLICE: usize = 5000;

/// Rows an `INSERT` takes, and hashes a query asks for: databases limit the parameters of a statement.
const ROWS: usize = 500;

/// What [`Db::insert_keys`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Places in the list given of the keys that are new, with the ids they got.
    pub added: Vec<(usize, KeyId)>,
    /// How many the group had already.
    pub ignored: usize,
}

impl Db {
    /// Adds keys to a group, active, in one transaction: give long lists in slices of [`SLICE`].
    ///
    /// Keys that the group has, and repeats in the list, are ignored. Errors with [`StorageError::NotFound`] if there
    /// is no such group.
    pub async fn insert_keys(&self, group: GroupId, keys: &[Secret]) -> Result<Imported, StorageError> {
        let stored = keys.iter().map(|key| self.cipher().store(key)).collect::<Result<Vec<_>, _>>()?;
        let lookup = Lookup::new(self.cipher(), keys);
        let now = self.dialect().time(Timestamp::now());
        self.engine().analyze_if_outgrown("api_keys").await?;
        let mut tx = self.engine().begin().await?;
        // Nobody else looks for the same keys meanwhile: nothing but this keeps them from being stored twice.
        let of_group = Expr::col(Groups::Id).eq(group.0);
        let mut row = Query::select().column(Groups::Id).from(Groups::Table).and_where(of_group).take();
        if tx.fetch(row.lock(LockType::Update)).await?.is_empty() {
            return Err(StorageError::NotFound);
        }
        let known = lookup.run(&mut tx, self.dialect(), group).await?;
        let new = first_places(stored.iter().enumerate().filter(|(place, _)| !known.contains_key(place)));
        for rows in new.chunks(ROWS) {
            insert(&mut tx, group, rows.iter().filter_map(|place| stored.get(*place)), &now).await?;
        }
        let ids = lookup.run(&mut tx, self.dialect(), group).await?;
        let added: Vec<_> = new.iter().filter_map(|place| Some((*place, *ids.get(place)?.first()?))).collect();
        self.commit(tx, &Notice::of_keys(group, added.iter().map(|(_, id)| *id))).await?;
        Ok(Imported { ignored: keys.len() - added.len(), added })
    }

    /// Where a key stands in the index by hash. Many keys that are added or deleted in this order change few pages at a
    /// time: the hashes of keys in any other order are all over the index.
    #[must_use]
    pub fn index_order(&self, key: &str) -> u64 {
        let hash = self.cipher().hash(key);
        hash.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok()).unwrap_or_default()
    }

    /// Finds keys by their text. Each found one comes with its place in the list given; a key may stand in a group
    /// twice.
    pub async fn find_keys(&self, group: GroupId, keys: &[Secret]) -> Result<Vec<(usize, KeyId)>, StorageError> {
        let lookup = Lookup::new(self.cipher(), keys);
        let mut ids = BTreeMap::new();
        for query in lookup.queries(self.dialect()) {
            lookup.take(group, &self.engine().fetch(&query).await?, &mut ids)?;
        }
        Ok(ids.into_iter().flat_map(|(place, ids)| ids.into_iter().map(move |id| (place, id))).collect())
    }
}

/// Keys that are looked for, by the hashes they may stand under.
struct Lookup {
    places: HashMap<String, Vec<usize>>,
}

/// Ids of the keys found, by their places in the list.
type Found = BTreeMap<usize, Vec<KeyId>>;

impl Lookup {
    fn new(cipher: &KeyCipher, keys: &[Secret]) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            for hash in cipher.lookup_hashes(key.expose()) {
                places.entry(hash).or_default().push(place);
            }
        }
        Self { places }
    }

    /// By hash alone: given the group too, SQLite would rather read the whole group.
    fn queries(&self, dialect: Dialect) -> Vec<SelectStatement> {
        let columns = [ApiKeys::Id, ApiKeys::GroupId, ApiKeys::KeyHash];
        let hashes: Vec<&str> = self.places.keys().map(String::as_str).collect();
        let query = |hashes: &[&str]| {
            let is_one = Expr::col(ApiKeys::KeyHash).is_in(hashes.iter().copied());
            dialect.json_page(columns, Query::select().columns(columns).from(ApiKeys::Table).and_where(is_one).take())
        };
        hashes.chunks(ROWS).map(query).collect()
    }

    fn take(&self, group: GroupId, rows: &[Row], found: &mut Found) -> Result<(), StorageError> {
        for (id, _, hash) in json_rows::<(i64, i64, String)>(rows)?.into_iter().filter(|(_, of, _)| *of == group.0) {
            for place in self.places.get(&hash).into_iter().flatten() {
                found.entry(*place).or_default().push(KeyId(id));
            }
        }
        Ok(())
    }

    async fn run(&self, tx: &mut Tx<'_>, dialect: Dialect, group: GroupId) -> Result<Found, StorageError> {
        let mut found = Found::new();
        for query in self.queries(dialect) {
            self.take(group, &tx.fetch(&query).await?, &mut found)?;
        }
        Ok(found)
    }
}

/// Where each key stands first, in order.
fn first_places<'k>(keys: impl Iterator<Item = (usize, &'k StoredKey)>) -> Vec<usize> {
    let mut seen = HashSet::new();
    keys.filter(|(_, key)| seen.insert(key.hash.as_str())).map(|(place, _)| place).collect()
}

async fn insert<'k>(
    tx: &mut Tx<'_>,
    group: GroupId,
    keys: impl Iterator<Item = &'k StoredKey>,
    now: &Expr,
) -> Result<(), StorageError> {
    let mut insert = Query::insert();
    insert.into_table(ApiKeys::Table).columns([
        ApiKeys::KeyValue,
        ApiKeys::KeyHash,
        ApiKeys::GroupId,
        ApiKeys::Status,
        ApiKeys::Notes,
        ApiKeys::CreatedAt,
        ApiKeys::UpdatedAt,
    ]);
    for key in keys {
        insert.values_panic([
            key.value.as_str().into(),
            key.hash.as_str().into(),
            group.0.into(),
            KeyStatus::Active.as_str().into(),
            "".into(),
            now.clone(),
            now.clone(),
        ]);
    }
    tx.execute(&insert).await.map_err(StorageError::or_not_found)?;
    Ok(())
}
