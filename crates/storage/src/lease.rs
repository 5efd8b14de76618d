//! Who leads: of all servers on one database, one at a time does the work that is to be done once.
//!
//! A leader holds the lease and asks for more of it before it ends; all times are the database's. Each leader has a greater [`Token`]
//! than the one before it. What a leader writes names its token, and is refused with [`StorageError::Fenced`] once another leads, however
//! late the statement arrives.
//!
//! A database that one process has for itself is led by that process.

use std::fmt;
use std::time::Duration;

use sea_query::{ConditionalStatement, Expr, ExprTrait, LockType, Query, UpdateStatement};
use sea_query_sqlx::SqlxBinder;
use uuid::Uuid;

use crate::schema::NodeLease;
use crate::{Db, StorageError};

/// How long a lease lasts, from when the database grants it.
pub const LASTS: Duration = Duration::from_secs(10);
/// An end so far ahead was granted by a clock that has been set back since.
const TOO_FAR: Duration = Duration::from_secs(60);

/// The name of the row.
const LEADER: &str = "leader";

/// Counts leaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(i64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What the leader's statements name.
    pub token: Token,
    /// For how long, from when it was asked for; `None` if nobody else can ask.
    pub lasts: Option<Duration>,
}

/// The answer to who asks for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It leads.
    Leads(Lease),
    /// Another one does.
    Follows {
        /// The leader's name.
        leader: String,
    },
}

struct Stored {
    token: i64,
    expires_at: i64,
    /// The name of the one that has it now, if it is not who asks.
    other: Option<String>,
}

impl Db {
    /// Asks that the server `node`, which people know as `name`, may lead. With the lease that it holds it asks for more of it.
    pub async fn ask_to_lead(&self, node: Uuid, name: &str, held: Option<Token>) -> Result<Answer, StorageError> {
        if let Some(token) = held
            && self.engine().execute(&self.lasts_from_now(token)).await? > 0
        {
            return Ok(self.leads(token.0));
        }
        loop {
            let stored = self.stored_lease(node).await?;
            if let Some(leader) = stored.other {
                return Ok(Answer::Follows { leader });
            }
            let next = Token(stored.token + 1);
            let take = self
                .lasts_from_now(Token(stored.token))
                .values([
                    (NodeLease::Holder, node.to_string().into()),
                    (NodeLease::HolderName, name.into()),
                    (NodeLease::Token, next.0.into()),
                ])
                // Unless it has been taken or prolonged since we looked.
                .and_where(Expr::col(NodeLease::ExpiresAt).eq(stored.expires_at))
                .take();
            if self.engine().execute(&take).await? > 0 {
                return Ok(self.leads(next.0));
            }
        }
    }

    /// Gives the lease back; another one can have it at once.
    pub async fn stop_leading(&self, held: Token) -> Result<(), StorageError> {
        let free = Query::update()
            .table(NodeLease::Table)
            .values([(NodeLease::Holder, "".into()), (NodeLease::ExpiresAt, 0.into())])
            .and_where(is(held))
            .take();
        self.engine().execute(&free).await.map(drop)
    }

    /// Runs a statement of the leader's. It is refused in one with the check, so that it is never done after another has begun to lead.
    pub(crate) async fn execute_as_leader(
        &self,
        held: Token,
        statement: &mut (impl ConditionalStatement + SqlxBinder + Sync),
    ) -> Result<u64, StorageError> {
        // The lock keeps others from taking the lease while the statement runs, and no longer: it ends with it.
        let lease = Query::select().expr(Expr::val(1)).from(NodeLease::Table).and_where(is(held)).take();
        statement.and_where(Expr::exists(lease.clone().lock(LockType::Update).take()));
        let touched = self.engine().execute(statement).await?;
        if touched == 0 && self.engine().fetch(&lease).await?.is_empty() {
            return Err(StorageError::Fenced);
        }
        Ok(touched)
    }

    fn leads(&self, token: i64) -> Answer {
        Answer::Leads(Lease { token: Token(token), lasts: self.dialect().is_shared().then_some(LASTS) })
    }

    fn lasts_from_now(&self, token: Token) -> UpdateStatement {
        let end = self.dialect().now_ms().add(millis(LASTS));
        Query::update().table(NodeLease::Table).value(NodeLease::ExpiresAt, end).and_where(is(token)).take()
    }

    async fn stored_lease(&self, node: Uuid) -> Result<Stored, StorageError> {
        let query = Query::select()
            .columns([NodeLease::Holder, NodeLease::HolderName, NodeLease::Token, NodeLease::ExpiresAt])
            .expr_as(self.dialect().now_ms(), "now_ms")
            .from(NodeLease::Table)
            .and_where(Expr::col(NodeLease::Name).eq(LEADER))
            .take();
        let rows = self.engine().fetch(&query).await?;
        let row = rows.first().ok_or(StorageError::NotFound)?;
        let (holder, expires_at) = (row.text(NodeLease::Holder)?, row.int(NodeLease::ExpiresAt)?);
        let left = expires_at - row.int("now_ms")?;
        let is_others = self.dialect().is_shared() && !holder.is_empty() && holder != node.to_string();
        let is_held = is_others && left > 0 && left <= millis(TOO_FAR);
        let other = is_held.then(|| row.text(NodeLease::HolderName)).transpose()?;
        Ok(Stored { token: row.int(NodeLease::Token)?, expires_at, other })
    }
}

fn is(held: Token) -> Expr {
    Expr::col(NodeLease::Name).eq(LEADER).and(Expr::col(NodeLease::Token).eq(held.0))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
