//! A batch of the spool into the database, in one transaction: rows, counters of keys, hourly statistics and how far
//! the spool is stored.

use sea_query::{Expr, ExprTrait, LockType, OnConflict, Query};
use uuid::Uuid;

use crate::engine::Tx;
use crate::schema::SpoolPositions;
use crate::spool::{Batch, Position};
use crate::{Db, StorageError};

mod counters;
mod rows;

/// What [`Db::store_batch`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Rows that are now in the log.
    pub rows: usize,
    /// Rows that the database refuses whatever is done. They are counted in the statistics all the same.
    pub refused: Vec<RefusedRow>,
}

/// A row that can't be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its id.
    pub id: Uuid,
    /// What the database said.
    pub reason: String,
}

impl Db {
    /// How far a spool is stored; `None` if nothing of it is.
    pub async fn spool_position(&self, spool_id: Uuid) -> Result<Option<Position>, StorageError> {
        let mut tx = self.engine().begin().await?;
        position(&mut tx, spool_id).await
    }

    /// Stores a batch, once: one that is stored already, as after a lost answer or a crash, is passed over.
    ///
    /// If the database refuses it for another reason than being away, the rows it refuses are searched for and left
    /// out. Errors that [may pass](StorageError::is_transient) leave nothing stored: call again with the same batch.
    pub async fn store_batch(&self, batch: &Batch) -> Result<Stored, StorageError> {
        match self.store(batch, false).await {
            Err(error) if !error.is_transient() => self.store(batch, true).await,
            stored => stored,
        }
    }

    async fn store(&self, batch: &Batch, searching: bool) -> Result<Stored, StorageError> {
        let mut tx = self.engine().begin().await?;
        let stored = position(&mut tx, batch.end.spool_id).await?;
        if stored.is_some_and(|stored| (stored.segment, stored.offset) >= (batch.end.segment, batch.end.offset)) {
            return Ok(Stored::default());
        }
        let refused = if searching {
            rows::insert_acceptable(&mut tx, self.dialect(), &batch.rows).await?
        } else {
            rows::insert(&mut tx, self.dialect(), &batch.rows).await?;
            Vec::new()
        };
        counters::add(&mut tx, self.dialect(), &batch.tally).await?;
        self.move_to(&mut tx, batch.end).await?;
        tx.commit().await?;
        Ok(Stored { rows: batch.rows.len() - refused.len(), refused })
    }

    async fn move_to(&self, tx: &mut Tx<'_>, position: Position) -> Result<(), StorageError> {
        let columns =
            [SpoolPositions::SpoolId, SpoolPositions::Segment, SpoolPositions::Offset, SpoolPositions::UpdatedAt];
        let moved = [SpoolPositions::Segment, SpoolPositions::Offset, SpoolPositions::UpdatedAt];
        let insert = Query::insert()
            .into_table(SpoolPositions::Table)
            .columns(columns)
            .values_panic([
                position.spool_id.to_string().into(),
                position.segment.cast_signed().into(),
                position.offset.cast_signed().into(),
                self.dialect().time(jiff::Timestamp::now()),
            ])
            .on_conflict(OnConflict::column(SpoolPositions::SpoolId).update_columns(moved).to_owned())
            .take();
        tx.execute(&insert).await.map(drop)
    }
}

async fn position(tx: &mut Tx<'_>, spool_id: Uuid) -> Result<Option<Position>, StorageError> {
    let query = Query::select()
        .columns([SpoolPositions::Segment, SpoolPositions::Offset])
        .from(SpoolPositions::Table)
        .and_where(Expr::col(SpoolPositions::SpoolId).eq(spool_id.to_string()))
        // An earlier transaction, whose answer was lost with its connection, may still be on its way.
        .lock(LockType::Update)
        .take();
    let rows = tx.fetch(&query).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (segment, offset) = (row.int(SpoolPositions::Segment)?, row.int(SpoolPositions::Offset)?);
    Ok(Some(Position { spool_id, segment: segment.cast_unsigned(), offset: offset.cast_unsigned() }))
}
