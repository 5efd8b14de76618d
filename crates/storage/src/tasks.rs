//! The last task that an operator started, for all servers on a database to see: one at a time.
//!
//! Who runs a task says so every second or so. After [`SILENCE`] without a word it is taken for dead, and another one may start a task;
//! if none has, it is believed again when it is heard of again. All times are the database's.

use std::time::Duration;

use sea_query::{Expr, ExprTrait, Query, UpdateStatement};
use uuid::Uuid;

use crate::schema::NodeTasks;
use crate::{Db, StorageError};

/// After so long without a word from who runs it, a task has ended.
pub const SILENCE: Duration = Duration::from_secs(15);

/// The name of the row.
const LAST: &str = "last";

/// The right to run a task: by a number, greater than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskClaim {
    node: Uuid,
    number: i64,
}

/// What is told of a task.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskNews<'a> {
    /// How it stands; `None` if it has not begun.
    pub report: Option<&'a str>,
    /// What it has ignored; `None` if that is no other than it was.
    pub ignored: Option<&'a str>,
}

/// The last task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTask {
    /// How it stood when it was last told of; empty if there was none.
    pub report: String,
    /// Whether who told of it runs it still.
    pub is_running: bool,
    number: i64,
}

impl StoredTask {
    /// Whether it is the one that this is the right to run.
    #[must_use]
    pub fn is_of(&self, claim: TaskClaim) -> bool {
        self.number == claim.number
    }
}

struct Stored {
    task: StoredTask,
    holder: String,
    /// Whether the holder is there.
    is_held: bool,
    /// The number of the last claim, which may be of a task that has not begun.
    claimed: i64,
    seen_at: i64,
}

impl Db {
    /// Asks for the right to run a task, for the server `node`. `None` if another server has it.
    pub async fn claim_task(&self, node: Uuid) -> Result<Option<TaskClaim>, StorageError> {
        loop {
            let stored = self.stored_task(node).await?;
            if stored.is_held && stored.holder != node.to_string() {
                return Ok(None);
            }
            let number = stored.claimed + 1;
            let claim = Query::update()
                .table(NodeTasks::Table)
                .values([
                    (NodeTasks::Holder, node.to_string().into()),
                    (NodeTasks::Number, number.into()),
                    (NodeTasks::SeenAt, self.dialect().now_ms()),
                ])
                // Unless somebody has taken it, or said something, since we looked.
                .and_where(Expr::col(NodeTasks::Name).eq(LAST))
                .and_where(Expr::col(NodeTasks::Number).eq(stored.claimed))
                .and_where(Expr::col(NodeTasks::SeenAt).eq(stored.seen_at))
                .take();
            if self.engine().execute(&claim).await? > 0 {
                return Ok(Some(TaskClaim { node, number }));
            }
        }
    }

    /// Tells of a task that goes on or will begin. False if it was taken for dead and there is another one.
    pub async fn tell_of_task(&self, claim: TaskClaim, news: TaskNews<'_>) -> Result<bool, StorageError> {
        let mut update = told(claim, news);
        update.value(NodeTasks::SeenAt, self.dialect().now_ms());
        Ok(self.engine().execute(&update).await? > 0)
    }

    /// The same of one that has ended or will not begin: another one may be started.
    pub async fn end_task(&self, claim: TaskClaim, news: TaskNews<'_>) -> Result<bool, StorageError> {
        let mut update = told(claim, news);
        update.value(NodeTasks::Holder, "");
        Ok(self.engine().execute(&update).await? > 0)
    }

    /// The last task, as the server `node` sees it.
    pub async fn last_task(&self, node: Uuid) -> Result<StoredTask, StorageError> {
        self.stored_task(node).await.map(|stored| stored.task)
    }

    /// What the last task has ignored, as it was told; empty if it was not.
    pub async fn ignored_by_task(&self) -> Result<String, StorageError> {
        let query = Query::select()
            .column(NodeTasks::Ignored)
            .from(NodeTasks::Table)
            .and_where(Expr::col(NodeTasks::Name).eq(LAST))
            .take();
        let rows = self.engine().fetch(&query).await?;
        rows.first().map_or(Ok(String::new()), |row| row.text(NodeTasks::Ignored))
    }

    async fn stored_task(&self, node: Uuid) -> Result<Stored, StorageError> {
        let query = Query::select()
            .columns([NodeTasks::Holder, NodeTasks::Number, NodeTasks::SeenAt, NodeTasks::Reported, NodeTasks::Report])
            .expr_as(self.dialect().now_ms(), "now_ms")
            .from(NodeTasks::Table)
            .and_where(Expr::col(NodeTasks::Name).eq(LAST))
            .take();
        let rows = self.engine().fetch(&query).await?;
        let row = rows.first().ok_or(StorageError::NotFound)?;
        let (holder, seen_at) = (row.text(NodeTasks::Holder)?, row.int(NodeTasks::SeenAt)?);
        let silent_ms = u128::from(row.int("now_ms")?.abs_diff(seen_at));
        // Of a database that nobody shares any other holder is gone.
        let is_heard_of = self.dialect().is_shared() && silent_ms < SILENCE.as_millis();
        let is_held = !holder.is_empty() && (is_heard_of || holder == node.to_string());
        let (claimed, number) = (row.int(NodeTasks::Number)?, row.int(NodeTasks::Reported)?);
        let is_running = is_held && claimed == number;
        let task = StoredTask { report: row.text(NodeTasks::Report)?, is_running, number };
        Ok(Stored { task, holder, is_held, claimed, seen_at })
    }
}

fn told(claim: TaskClaim, news: TaskNews<'_>) -> UpdateStatement {
    let mut update = Query::update()
        .table(NodeTasks::Table)
        .and_where(Expr::col(NodeTasks::Name).eq(LAST))
        .and_where(Expr::col(NodeTasks::Number).eq(claim.number))
        .and_where(Expr::col(NodeTasks::Holder).eq(claim.node.to_string()))
        .take();
    if let Some(report) = news.report {
        update.values([(NodeTasks::Report, report.into()), (NodeTasks::Reported, claim.number.into())]);
    }
    if let Some(ignored) = news.ignored {
        update.value(NodeTasks::Ignored, ignored);
    }
    update
}
