//! What the nodes on one database tell each other: rows written in the same transaction as the change they tell of.
//!
//! A SQLite file is one node's; but while that one is replaced, its successor reads what it still tells.

use domain::notice::Notice;
use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Func, Order, Query};
use sea_query_sqlx::SqlxBinder;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::engine::{Row, Tx};
use crate::schema::{DatabaseIds, NodeChanges};
use crate::{Db, StorageError};

/// A row of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its place: greater than that of all rows written before.
    pub id: i64,
    /// Who tells.
    pub node: Uuid,
    /// What; `None` if a later version of the program tells it in a way that is not understood.
    pub notice: Option<Notice>,
}

impl Db {
    /// The id of the feed's last row; 0 if there is none.
    pub async fn feed_end(&self) -> Result<i64, StorageError> {
        let last = Func::max(Expr::col(NodeChanges::Id));
        let query = Query::select().expr_as(last, "last").from(NodeChanges::Table).take();
        self.engine().fetch(&query).await?.first().map_or(Ok(0), |row| row.int("last"))
    }

    /// The next rows of the feed from `id` on, that one included, at most `limit`.
    pub async fn feed_from(&self, id: i64, limit: u32) -> Result<Vec<Told>, StorageError> {
        let query = Query::select()
            .columns([NodeChanges::Id, NodeChanges::Node, NodeChanges::Notice])
            .from(NodeChanges::Table)
            .and_where(Expr::col(NodeChanges::Id).gte(id))
            .order_by(NodeChanges::Id, Order::Asc)
            .limit(limit.into())
            .take();
        self.engine().fetch(&query).await?.iter().map(read).collect()
    }

    /// Deletes the feed's rows before `id`.
    pub async fn prune_feed(&self, id: i64) -> Result<(), StorageError> {
        let before = Expr::col(NodeChanges::Id).lt(id);
        self.engine().execute(Query::delete().from_table(NodeChanges::Table).and_where(before)).await.map(drop)
    }

    /// Runs a statement that changes the configuration, and tells the other nodes. Errors with [`StorageError::NotFound`] if no row is
    /// touched.
    pub(crate) async fn reconfigure(&self, statement: &(impl SqlxBinder + Sync)) -> Result<(), StorageError> {
        let mut tx = self.engine().begin().await?;
        if tx.execute(statement).await? == 0 {
            return Err(StorageError::NotFound);
        }
        self.commit(tx, &Notice::of_configuration()).await
    }

    /// Commits a transaction together with what other nodes are to know of it.
    pub(crate) async fn commit(&self, mut tx: Tx<'_>, notice: &Notice) -> Result<(), StorageError> {
        // The last thing in its transaction: so that ids are committed nearly in their order.
        if notice.is_empty() {
            return tx.commit().await;
        }
        self.tell(&mut tx, notice).await?;
        tx.commit().await?;
        self.inner.committed.get().filter(|_| notice.news.is_empty()).inspect(|committed| {
            // Who should have heard it reads the feed.
            _ = committed.try_send(notice.clone());
        });
        Ok(())
    }

    /// Has what is stored from now on, and others should read at once, sent to `committed`, but for what happens to keys in traffic.
    pub fn tell_of_commits(&self, committed: mpsc::Sender<Notice>) {
        // There is one that asks.
        _ = self.inner.committed.set(committed);
    }

    /// By what nodes on this database tell it from others. Errors with [`StorageError::NotFound`] if it is not shared.
    pub async fn shared_id(&self) -> Result<String, StorageError> {
        if !self.is_shared() {
            return Err(StorageError::NotFound);
        }
        let query = Query::select().column(DatabaseIds::Id).from(DatabaseIds::Table).take();
        self.engine().fetch(&query).await?.first().ok_or(StorageError::NotFound)?.text(DatabaseIds::Id)
    }

    async fn tell(&self, tx: &mut Tx<'_>, notice: &Notice) -> Result<(), StorageError> {
        let text = serde_json::to_string(notice).map_err(|_| StorageError::corrupt("notice", "it can't be written"))?;
        let insert = Query::insert()
            .into_table(NodeChanges::Table)
            .columns([NodeChanges::Node, NodeChanges::CreatedAt, NodeChanges::Notice])
            .values_panic([self.node().to_string().into(), self.dialect().time(Timestamp::now()), text.into()])
            .take();
        tx.execute(&insert).await.map(drop)
    }
}

fn read(row: &Row) -> Result<Told, StorageError> {
    Ok(Told {
        id: row.int(NodeChanges::Id)?,
        node: row.text(NodeChanges::Node)?.parse().unwrap_or_default(),
        notice: serde_json::from_str(&row.text(NodeChanges::Notice)?).ok(),
    })
}
