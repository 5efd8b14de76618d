//! `GET /api/logs`: newest first.

use axum::extract::State;
use domain::ids::{GroupId, KeyId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::logs::{LogRow, RequestType};

use super::Wanted;
use crate::admin::Parts;
use crate::admin::extract::Params;
use crate::admin::openapi::schema::Rfc3339;
use crate::admin::page::{self, PageReply};
use crate::admin::reply::{Data, Reply};

/// Which page is wanted.
#[derive(JsonSchema, Deserialize)]
pub struct WantedPage {
    /// From 1.
    #[schemars(with = "Option<u32>", range(min = 1))]
    page: Option<String>,
    /// Rows a page, at most 1000.
    #[schemars(with = "Option<u32>", range(min = 1))]
    page_size: Option<String>,
}

/// A log entry: one attempt of a request.
#[derive(JsonSchema, Serialize)]
pub struct LogEntry {
    id: String,
    /// When the attempt ended.
    #[schemars(with = "Rfc3339")]
    timestamp: Timestamp,
    group_id: GroupId,
    group_name: String,
    /// 0 if the group was asked for itself.
    parent_group_id: GroupId,
    parent_group_name: String,
    key_value: String,
    key_hash: String,
    /// The key, if the group still has it.
    key_id: Option<KeyId>,
    /// As asked for.
    model: String,
    is_success: bool,
    source_ip: String,
    status_code: i64,
    request_path: String,
    /// From the request's arrival to the end of the attempt, milliseconds.
    duration_ms: i64,
    error_message: String,
    user_agent: String,
    #[schemars(with = "String", extend("enum" = ["retry", "final"]))]
    request_type: RequestType,
    upstream_addr: String,
    is_stream: bool,
    request_body: String,
    request_id: Option<String>,
    attempt: Option<i64>,
    /// From the request's arrival to the beginning of the attempt, milliseconds; null if there was none, and in older rows.
    begun_ms: Option<i64>,
    /// From the request's arrival to the first byte of the answer, milliseconds; null if none came.
    first_byte_ms: Option<i64>,
    /// What became of the attempt: `served`, `rate_limited`, `key_refused`, `key_taken_out` (refused, and invalid by that), `in_doubt`
    /// (key or request are at fault), `upstream_sick`, `client_mistake`, `cut_short` or `client_gone`.
    outcome: Option<String>,
    /// How long the key rests because of it, milliseconds.
    rest_ms: Option<i64>,
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    cached_tokens: Option<i64>,
}

/// A page of the log.
pub async fn list(
    State(context): Parts,
    Params(wanted): Params<Wanted>,
    Params(page): Params<WantedPage>,
) -> Reply<PageReply<LogEntry>> {
    let asked = page::request(page.page.as_deref(), page.page_size.as_deref());
    if asked.page == 1 {
        context.sink.freshness().store_now().await;
    }
    let page = context.db.logs_page(&wanted.into(), asked, Timestamp::now()).await?;
    Ok(Data(PageReply::new(asked, page, LogEntry::from)))
}

impl From<LogRow> for LogEntry {
    fn from(row: LogRow) -> Self {
        Self {
            id: row.id,
            timestamp: row.timestamp,
            group_id: row.group_id,
            group_name: row.group_name,
            parent_group_id: row.parent_group_id.unwrap_or(GroupId(0)),
            parent_group_name: row.parent_group_name,
            key_value: row.key.expose().to_owned(),
            key_hash: row.key_hash,
            key_id: row.key_id,
            model: row.model,
            is_success: row.is_success,
            source_ip: row.source_ip,
            status_code: row.status_code,
            request_path: row.request_path,
            duration_ms: row.duration_ms,
            error_message: row.error_message,
            user_agent: row.user_agent,
            request_type: row.request_type,
            upstream_addr: row.upstream_addr,
            is_stream: row.is_stream,
            request_body: row.request_body,
            request_id: row.request_id,
            attempt: row.attempt,
            begun_ms: row.begun_ms,
            first_byte_ms: row.first_byte_ms,
            outcome: row.outcome,
            rest_ms: row.rest_ms,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            cached_tokens: row.cached_tokens,
        }
    }
}
