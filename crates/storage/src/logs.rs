//! The request log, as it is in the database.

use domain::ids::{GroupId, KeyId};
use domain::secret::Secret;
use jiff::Timestamp;
use sea_query::{Cond, Expr, ExprTrait, Query, SelectStatement};
use serde::{Deserialize, Serialize};

use crate::engine::Row;
use crate::schema::RequestLogs;
use crate::{Db, Page, PageRequest, StorageError};

mod export;
mod filter;
mod keys;
mod retention;

pub use export::LoggedKey;
pub use filter::LogFilter;

/// Rows of a list are counted exactly up to this many.
const COUNT_LIMIT: u64 = 100_000;

/// Shown in the place of a key that the present `ENCRYPTION_KEY` doesn't open.
pub const UNREADABLE_KEY: &str = "failed-to-decrypt";

/// Whether an attempt was the request's last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestType {
    /// Another attempt followed.
    Retry,
    /// What the client got.
    Final,
}

impl RequestType {
    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Final => "final",
        }
    }
}

/// One attempt of a request.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// UUID of the row.
    pub id: String,
    /// When the attempt ended.
    pub timestamp: Timestamp,
    /// The group whose key was used.
    pub group_id: GroupId,
    /// Its name at that time.
    pub group_name: String,
    /// The aggregate that was asked for, if one was.
    pub parent_group_id: Option<GroupId>,
    /// Its name at that time; empty if there was none.
    pub parent_group_name: String,
    /// The key, or [`UNREADABLE_KEY`]; empty if none was used.
    pub key: Secret,
    /// Hash of the key.
    pub key_hash: String,
    /// The key in its group, if it is still there.
    pub key_id: Option<KeyId>,
    /// The model as asked for.
    pub model: String,
    /// Whether the attempt succeeded.
    pub is_success: bool,
    /// Address of the client.
    pub source_ip: String,
    /// Status of the answer, ours if the upstream gave none.
    pub status_code: i64,
    /// Path asked for.
    pub request_path: String,
    /// From the request's arrival to the attempt's end, milliseconds.
    pub duration_ms: i64,
    /// What went wrong; empty if nothing.
    pub error_message: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// Whether the attempt was the last.
    pub request_type: RequestType,
    /// URL of the upstream.
    pub upstream_addr: String,
    /// Whether a stream was asked for.
    pub is_stream: bool,
    /// The request's body, if it is kept.
    pub request_body: String,
    /// One for all attempts of a request; `None` in rows of 1.4.x, as all below.
    pub request_id: Option<String>,
    /// From the request's arrival to the answer's first byte, milliseconds.
    pub first_byte_ms: Option<i64>,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<i64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<i64>,
    /// Tokens of the prompt that the provider had in its cache.
    pub cached_tokens: Option<i64>,
    /// Which attempt it was, from 1.
    pub attempt: Option<i64>,
    /// Hash of the proxy key that the client gave.
    pub proxy_key_hash: Option<String>,
    /// From the request's arrival to the attempt's beginning, milliseconds; `None` if there was no attempt.
    pub begun_ms: Option<i64>,
    /// What became of the attempt: a word of [`AttemptOutcome`](domain::attempt::AttemptOutcome), or of a later version.
    pub outcome: Option<String>,
    /// How long the key rests because of it, milliseconds.
    pub rest_ms: Option<i64>,
}

impl Db {
    /// A page of the log, newest first.
    ///
    /// Up to 100,000 rows are counted exactly. Above, the total is an estimate: about the size of the log if there is
    /// no filter, and with one the 100,000 that are certain.
    pub async fn logs_page(
        &self,
        filter: &LogFilter,
        page: PageRequest,
        now: Timestamp,
    ) -> Result<Page<LogRow>, StorageError> {
        let condition = self.log_condition(filter, now).await?;
        let (total, total_is_estimate) = self.count_logs(filter, &condition).await?;
        let offset = page.offset();
        // Whoever knows how many there are need not look for more.
        let left = if total_is_estimate { u64::MAX } else { total.saturating_sub(offset) };
        let query = self.newest_first(condition).limit(Ord::min(left, page.size.into())).offset(offset).take();
        let rows = if left == 0 { Vec::new() } else { self.engine().fetch(&query).await? };
        let mut rows = rows.iter().map(|row| self.read_log(row)).collect::<Result<Vec<_>, _>>()?;
        self.note_keys(&mut rows).await?;
        Ok(Page { rows, total, total_is_estimate })
    }

    fn newest_first(&self, condition: Cond) -> SelectStatement {
        let mut query = Query::select().columns(COLUMNS).from(RequestLogs::Table).cond_where(condition).take();
        self.dialect().latest_first(&mut query, RequestLogs::Timestamp, RequestLogs::Id);
        query
    }

    /// Counts the final rows from `from` until before `to`.
    pub async fn count_requests(&self, from: Timestamp, to: Timestamp) -> Result<u64, StorageError> {
        let instant = || self.dialect().instant(RequestLogs::Timestamp);
        let query = Query::select()
            .expr_as(Expr::col(RequestLogs::RequestType).count(), "total")
            .from(RequestLogs::Table)
            .and_where(instant().gte(self.dialect().instant_of(from)))
            .and_where(instant().lt(self.dialect().instant_of(to)))
            .and_where(self.dialect().common(Expr::col(RequestLogs::RequestType).eq(RequestType::Final.as_str())))
            .take();
        self.count(&query).await
    }

    async fn count_logs(&self, filter: &LogFilter, condition: &Cond) -> Result<(u64, bool), StorageError> {
        let some = Query::select()
            .expr(Expr::val(1))
            .from(RequestLogs::Table)
            .cond_where(condition.clone())
            .limit(COUNT_LIMIT + 1)
            .take();
        let query = Query::select().expr_as(Expr::cust("count(*)"), "total").from_subquery(some, "some").take();
        match self.count(&query).await? {
            exact if exact <= COUNT_LIMIT => Ok((exact, false)),
            more if filter.is_empty() => Ok((Ord::max(self.engine().estimate_rows("request_logs").await?, more), true)),
            _ => Ok((COUNT_LIMIT, true)),
        }
    }

    async fn count(&self, query: &SelectStatement) -> Result<u64, StorageError> {
        let rows = self.engine().fetch(query).await?;
        rows.first().map_or(Ok(0), |row| Ok(row.int("total")?.unsigned_abs()))
    }

    /// The key of a log row as it is shown.
    fn shown_key(&self, row: &Row) -> Result<Secret, StorageError> {
        let (value, hash) = (row.text(RequestLogs::KeyValue)?, row.text(RequestLogs::KeyHash)?);
        if value.is_empty() {
            return Ok(value.into());
        }
        Ok(self.cipher().reveal(&value, &hash).unwrap_or_else(|| UNREADABLE_KEY.into()))
    }

    fn read_log(&self, row: &Row) -> Result<LogRow, StorageError> {
        let kind = row.text(RequestLogs::RequestType)?;
        Ok(LogRow {
            id: row.text(RequestLogs::Id)?,
            timestamp: row.time(RequestLogs::Timestamp)?,
            group_id: GroupId(row.int(RequestLogs::GroupId)?),
            group_name: row.text(RequestLogs::GroupName)?,
            parent_group_id: row.opt_int(RequestLogs::ParentGroupId)?.filter(|id| *id != 0).map(GroupId),
            parent_group_name: row.text(RequestLogs::ParentGroupName)?,
            key: self.shown_key(row)?,
            key_hash: row.text(RequestLogs::KeyHash)?,
            key_id: None,
            model: row.text(RequestLogs::Model)?,
            is_success: row.flag(RequestLogs::IsSuccess)?,
            source_ip: row.text(RequestLogs::SourceIp)?,
            status_code: row.int(RequestLogs::StatusCode)?,
            request_path: row.text(RequestLogs::RequestPath)?,
            duration_ms: row.int(RequestLogs::Duration)?,
            error_message: row.text(RequestLogs::ErrorMessage)?,
            user_agent: row.text(RequestLogs::UserAgent)?,
            request_type: if kind == RequestType::Retry.as_str() { RequestType::Retry } else { RequestType::Final },
            upstream_addr: row.text(RequestLogs::UpstreamAddr)?,
            is_stream: row.flag(RequestLogs::IsStream)?,
            request_body: row.text(RequestLogs::RequestBody)?,
            request_id: row.opt_text(RequestLogs::RequestId)?,
            first_byte_ms: row.opt_int(RequestLogs::FirstByteMs)?,
            prompt_tokens: row.opt_int(RequestLogs::PromptTokens)?,
            completion_tokens: row.opt_int(RequestLogs::CompletionTokens)?,
            cached_tokens: row.opt_int(RequestLogs::CachedTokens)?,
            attempt: row.opt_int(RequestLogs::Attempt)?,
            proxy_key_hash: row.opt_text(RequestLogs::ProxyKeyHash)?,
            begun_ms: row.opt_int(RequestLogs::BegunMs)?,
            outcome: row.opt_text(RequestLogs::Outcome)?,
            rest_ms: row.opt_int(RequestLogs::RestMs)?,
        })
    }
}

/// Every column, in the order of the table.
pub(crate) const COLUMNS: [RequestLogs; 30] = [
    RequestLogs::Id,
    RequestLogs::Timestamp,
    RequestLogs::GroupId,
    RequestLogs::GroupName,
    RequestLogs::ParentGroupId,
    RequestLogs::ParentGroupName,
    RequestLogs::KeyValue,
    RequestLogs::KeyHash,
    RequestLogs::Model,
    RequestLogs::IsSuccess,
    RequestLogs::SourceIp,
    RequestLogs::StatusCode,
    RequestLogs::RequestPath,
    RequestLogs::Duration,
    RequestLogs::ErrorMessage,
    RequestLogs::UserAgent,
    RequestLogs::RequestType,
    RequestLogs::UpstreamAddr,
    RequestLogs::IsStream,
    RequestLogs::RequestBody,
    RequestLogs::RequestId,
    RequestLogs::FirstByteMs,
    RequestLogs::PromptTokens,
    RequestLogs::CompletionTokens,
    RequestLogs::CachedTokens,
    RequestLogs::Attempt,
    RequestLogs::ProxyKeyHash,
    RequestLogs::BegunMs,
    RequestLogs::Outcome,
    RequestLogs::RestMs,
];

#[cfg(test)]
mod tests;
