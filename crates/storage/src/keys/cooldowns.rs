//! Rests of keys that must outlive a restart.

use domain::ids::KeyId;
use jiff::Timestamp;
use sea_query::{DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Query};

use crate::engine::{Dialect, Row, Tx};
use crate::lease::Token;
use crate::schema::KeyCooldowns;
use crate::{Db, StorageError};

/// Rests written by one statement.
const ROWS: usize = 100;

/// A key that rests, altogether or for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// The key.
    pub key_id: KeyId,
    /// The model it rests for; `None` for all.
    pub model: Option<String>,
    /// When it may serve again.
    pub until: Timestamp,
    /// Whether the provider named no time and ours was taken.
    pub guessed: bool,
}

impl Db {
    /// Stores rests, at most one of a key and model; such a one that is stored is replaced.
    pub(super) async fn save_cooldowns(&self, tx: &mut Tx<'_>, cooldowns: &[Cooldown]) -> Result<(), StorageError> {
        for cooldowns in cooldowns.chunks(ROWS) {
            tx.execute(&upsert(self.dialect(), cooldowns)).await?;
        }
        Ok(())
    }

    /// Ends every rest of some keys.
    pub(super) async fn delete_cooldowns(&self, tx: &mut Tx<'_>, keys: &[KeyId]) -> Result<(), StorageError> {
        if keys.is_empty() {
            return Ok(());
        }
        let among = self.dialect().is_among(KeyCooldowns::KeyId, keys.iter().map(|id| id.0));
        tx.execute(Query::delete().from_table(KeyCooldowns::Table).and_where(among)).await.map(drop)
    }

    /// Deletes the rests that are over by `now`, as the leader does.
    pub async fn delete_ended_cooldowns(&self, held: Token, now: Timestamp) -> Result<(), StorageError> {
        self.execute_as_leader(held, &mut self.ended(now)).await.map(drop)
    }

    fn ended(&self, now: Timestamp) -> DeleteStatement {
        let over = Expr::col(KeyCooldowns::Until).lte(self.dialect().time(now));
        Query::delete().from_table(KeyCooldowns::Table).and_where(over).take()
    }

    /// The rests that go on after `now`. Those that are over are deleted.
    pub async fn cooldowns(&self, now: Timestamp) -> Result<Vec<Cooldown>, StorageError> {
        let query = Query::select()
            .columns([KeyCooldowns::KeyId, KeyCooldowns::Model, KeyCooldowns::Until, KeyCooldowns::Guessed])
            .from(KeyCooldowns::Table)
            .take();
        let mut tx = self.engine().begin().await?;
        tx.execute(&self.ended(now)).await?;
        let rows = tx.fetch(&query).await?;
        tx.commit().await?;
        rows.iter().map(read).collect()
    }
}

fn upsert(dialect: Dialect, cooldowns: &[Cooldown]) -> InsertStatement {
    let mut insert = Query::insert()
        .into_table(KeyCooldowns::Table)
        .columns([KeyCooldowns::KeyId, KeyCooldowns::Model, KeyCooldowns::Until, KeyCooldowns::Guessed])
        .on_conflict(
            OnConflict::columns([KeyCooldowns::KeyId, KeyCooldowns::Model])
                .update_columns([KeyCooldowns::Until, KeyCooldowns::Guessed])
                .to_owned(),
        )
        .take();
    for cooldown in cooldowns {
        insert.values_panic([
            cooldown.key_id.0.into(),
            cooldown.model.as_deref().unwrap_or_default().into(),
            dialect.time(cooldown.until),
            cooldown.guessed.into(),
        ]);
    }
    insert
}

fn read(row: &Row) -> Result<Cooldown, StorageError> {
    Ok(Cooldown {
        key_id: KeyId(row.int(KeyCooldowns::KeyId)?),
        model: Some(row.text(KeyCooldowns::Model)?).filter(|model| !model.is_empty()),
        until: row.time(KeyCooldowns::Until)?,
        guessed: row.flag(KeyCooldowns::Guessed)?,
    })
}
