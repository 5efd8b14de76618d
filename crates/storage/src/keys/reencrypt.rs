//! Bringing stored keys from one `ENCRYPTION_KEY` under another, or to plain text and back.
//!
//! A row tells by itself under which key it stands, so a pass that was cut short goes on where it ended, and nothing is
//! encrypted twice.

use std::collections::HashMap;

use domain::secret::Secret;
use sea_query::{Expr, ExprTrait, Iden, Order, Query, SelectStatement};
use serde::Deserialize;

use crate::cipher::is_plain;
use crate::engine::{Dialect, Tx, json_rows};
use crate::schema::{ApiKeys, RequestLogs};
use crate::{Db, KeyCipher, StorageError};

/// Rows rewritten a transaction.
const STEP: usize = 2000;
/// Rows of one key that a statement rewrites: databases limit its parameters.
const ROWS: usize = 500;
/// Unreadable keys named in an error.
const NAMED: usize = 10;

/// A pass over all stored keys, for which every key has been found readable.
#[derive(Debug)]
pub struct Reencryption<'d> {
    db: &'d Db,
    from: &'d KeyCipher,
    /// Keys that have to be rewritten.
    pub wanted: u64,
    /// Keys that stand under the new `ENCRYPTION_KEY` already.
    pub done: u64,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reencrypted {
    /// Keys rewritten.
    pub keys: u64,
    /// Rows of the request log rewritten.
    pub logs: u64,
    /// Rows of the request log left as they are: they stand under yet another key, and are shown without it.
    pub logs_left: u64,
}

impl Db {
    /// Reads every key with the cipher `from` and with the database's own, under which [`Reencryption::run`] will bring
    /// them. Writes nothing.
    ///
    /// Errors with [`StorageError::UnreadableKeys`] if neither fits some of them.
    pub async fn plan_reencryption<'d>(&'d self, from: &'d KeyCipher) -> Result<Reencryption<'d>, StorageError> {
        let mut plan = Reencryption { db: self, from, wanted: 0, done: 0 };
        let (mut count, mut first, mut after) = (0, Vec::new(), None);
        loop {
            let page = json_rows::<Stored>(&self.engine().fetch(&KEYS.page(self.dialect(), after.as_ref())).await?)?;
            for row in &page {
                match plan.standing(row) {
                    Standing::Done(_) => plan.done += 1,
                    Standing::Former(_) => plan.wanted += 1,
                    Standing::Unknown => {
                        count += 1;
                        first.extend((first.len() < NAMED).then(|| row.0.to_string()));
                    }
                }
            }
            if page.len() < STEP {
                break;
            }
            after = page.into_iter().next_back().map(|row| row.0);
        }
        if count == 0 { Ok(plan) } else { Err(StorageError::UnreadableKeys { count, first: first.join(", ") }) }
    }
}

impl Reencryption<'_> {
    /// Rewrites keys and log rows, some thousand a transaction, each read back before it is committed.
    ///
    /// It may be cut short at any moment: another pass goes on. `told` hears of every transaction.
    pub async fn run(&self, mut told: impl FnMut(&Reencrypted)) -> Result<Reencrypted, StorageError> {
        let mut sum = Reencrypted::default();
        let mut after = None;
        loop {
            let step = self.step(&KEYS, after.as_ref()).await?;
            if step.unknown > 0 {
                return Err(StorageError::UnreadableKeys { count: step.unknown, first: "new ones".to_owned() });
            }
            sum.keys += step.rewritten;
            told(&sum);
            after = step.last;
            if after.is_none() {
                break;
            }
        }
        loop {
            let step = self.step(&LOGS, after.as_ref()).await?;
            sum.logs += step.rewritten;
            sum.logs_left += step.unknown;
            told(&sum);
            after = step.last;
            if after.is_none() {
                return Ok(sum);
            }
        }
    }

    async fn step<T: Iden + Copy>(&self, table: &Table<T>, after: Option<&RowId>) -> Result<Step, StorageError> {
        let page = table.page(self.db.dialect(), after);
        let mut tx = self.db.engine().begin().await?;
        let rows = json_rows::<Stored>(&tx.fetch(&page).await?)?;
        let (mut former, mut unknown): (HashMap<Secret, Vec<&RowId>>, _) = (HashMap::new(), 0);
        for row in &rows {
            match self.standing(row) {
                Standing::Done(_) => {}
                Standing::Former(key) => former.entry(key).or_default().push(&row.0),
                Standing::Unknown => unknown += 1,
            }
        }
        let rewritten = former.values().map(Vec::len).sum::<usize>() as u64;
        for (key, ids) in &former {
            self.rewrite(&mut tx, table, key, ids).await?;
        }
        if rewritten > 0 {
            self.verify(&rows, &json_rows(&tx.fetch(&page).await?)?)?;
        }
        tx.commit().await?;
        let is_last = rows.len() < STEP;
        Ok(Step { rewritten, unknown, last: rows.into_iter().next_back().map(|row| row.0).filter(|_| !is_last) })
    }

    async fn rewrite<T: Iden + Copy>(
        &self,
        tx: &mut Tx<'_>,
        table: &Table<T>,
        key: &Secret,
        ids: &[&RowId],
    ) -> Result<(), StorageError> {
        let stored = self.db.cipher().store(key)?;
        for ids in ids.chunks(ROWS) {
            let update = Query::update()
                .table(table.name)
                .value(table.value, stored.value.as_str())
                .value(table.hash, stored.hash.as_str())
                .and_where(Expr::col(table.id).is_in(ids.iter().map(|id| id.expr())))
                .take();
            tx.execute(&update).await?;
        }
        Ok(())
    }

    /// Every row that could be read before must now stand under the new key, and be the same key.
    fn verify(&self, before: &[Stored], now: &[Stored]) -> Result<(), StorageError> {
        let same = |(before, now): (&Stored, &Stored)| match (self.standing(before), self.standing(now)) {
            (Standing::Unknown, Standing::Unknown) => before == now,
            (Standing::Done(old) | Standing::Former(old), Standing::Done(new)) => before.0 == now.0 && old == new,
            _ => false,
        };
        if before.len() == now.len() && before.iter().zip(now).all(same) {
            Ok(())
        } else {
            Err(StorageError::corrupt("key_value", "what was written reads back as something else"))
        }
    }

    fn standing(&self, Stored(_, value, hash): &Stored) -> Standing {
        let (to, hash) = (self.db.cipher(), hash.as_deref().unwrap_or_default());
        if !to.encrypts() {
            if is_plain(value, hash) {
                return Standing::Done(value.as_str().into());
            }
        } else if let Ok(key) = to.decrypt(value) {
            return if to.hash(key.expose()) == hash { Standing::Done(key) } else { Standing::Former(key) };
        }
        self.from.reveal(value, hash).map_or(Standing::Unknown, Standing::Former)
    }
}

/// Under which key a row stands.
enum Standing {
    /// Under the new one.
    Done(Secret),
    /// Under the former one, or plain text that is to be encrypted.
    Former(Secret),
    /// Under neither.
    Unknown,
}

/// What a transaction did, and the row after which to go on; `None` behind the last.
struct Step {
    rewritten: u64,
    unknown: u64,
    last: Option<RowId>,
}

/// Id, value and hash of a row.
#[derive(PartialEq, Deserialize)]
struct Stored(RowId, String, Option<String>);

#[derive(PartialEq, Deserialize)]
#[serde(untagged)]
enum RowId {
    Number(i64),
    Text(String),
}

impl RowId {
    fn expr(&self) -> Expr {
        match self {
            Self::Number(id) => (*id).into(),
            Self::Text(id) => id.as_str().into(),
        }
    }
}

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(id) => id.fmt(f),
            Self::Text(id) => id.fmt(f),
        }
    }
}

/// A table with keys in it.
struct Table<T> {
    name: T,
    id: T,
    value: T,
    hash: T,
}

const KEYS: Table<ApiKeys> =
    Table { name: ApiKeys::Table, id: ApiKeys::Id, value: ApiKeys::KeyValue, hash: ApiKeys::KeyHash };
const LOGS: Table<RequestLogs> =
    Table { name: RequestLogs::Table, id: RequestLogs::Id, value: RequestLogs::KeyValue, hash: RequestLogs::KeyHash };

impl<T: Iden + Copy> Table<T> {
    /// The next rows that hold a key, in the order of their ids.
    fn page(&self, dialect: Dialect, after: Option<&RowId>) -> SelectStatement {
        let columns = [self.id, self.value, self.hash];
        let page = Query::select()
            .columns(columns)
            .from(self.name)
            .and_where(Expr::col(self.value).ne(""))
            .and_where_option(after.map(|after| Expr::col(self.id).gt(after.expr())))
            .order_by(self.id, Order::Asc)
            .limit(STEP as u64)
            .take();
        dialect.json_page(columns, page)
    }
}
