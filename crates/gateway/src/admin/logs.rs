//! `GET /api/logs`: the request log, newest first.

use axum::extract::State;
use domain::ids::GroupId;
use domain::secret::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::logs::{LogFilter, LogRow, RequestType};

use super::Parts;
use super::extract::Params;
use super::page::{self, PageReply};
use super::reply::{Data, Reply};

/// What is wanted. A value that makes no sense is taken as not said.
#[derive(Default, Deserialize)]
pub struct Wanted {
    group_name: Option<String>,
    parent_group_name: Option<String>,
    model: Option<String>,
    error_contains: Option<String>,
    key_value: Option<String>,
    source_ip: Option<String>,
    status_code: Option<String>,
    is_success: Option<String>,
    request_type: Option<String>,
    request_id: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    page: Option<String>,
    page_size: Option<String>,
}

/// A log entry: one attempt of a request.
#[derive(Serialize)]
pub struct LogEntry {
    id: String,
    timestamp: Timestamp,
    group_id: GroupId,
    group_name: String,
    /// 0 if the group was asked for itself.
    parent_group_id: GroupId,
    parent_group_name: String,
    key_value: String,
    key_hash: String,
    /// As asked for.
    model: String,
    is_success: bool,
    source_ip: String,
    status_code: i64,
    request_path: String,
    duration_ms: i64,
    error_message: String,
    user_agent: String,
    request_type: RequestType,
    upstream_addr: String,
    is_stream: bool,
    request_body: String,
    request_id: Option<String>,
    attempt: Option<i64>,
    first_byte_ms: Option<i64>,
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    cached_tokens: Option<i64>,
}

/// A page of the log.
pub async fn list(State(context): Parts, Params(wanted): Params<Wanted>) -> Reply<PageReply<LogEntry>> {
    let asked = page::request(wanted.page.as_deref(), wanted.page_size.as_deref());
    let page = context.db.logs_page(&wanted.into(), asked, Timestamp::now()).await?;
    Ok(Data(PageReply::new(asked, page, LogEntry::from)))
}

impl From<Wanted> for LogFilter {
    fn from(wanted: Wanted) -> Self {
        let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            group_name: given(wanted.group_name),
            parent_group_name: given(wanted.parent_group_name),
            model: given(wanted.model),
            error_contains: given(wanted.error_contains),
            key: given(wanted.key_value).map(Secret::from),
            source_ip: given(wanted.source_ip),
            status_code: given(wanted.status_code).and_then(|code| code.parse().ok()),
            is_success: given(wanted.is_success).and_then(|flag| flag.parse().ok()),
            request_type: given(wanted.request_type).and_then(|word| request_type(&word)),
            request_id: given(wanted.request_id),
            start: given(wanted.start_time).and_then(|text| instant(&text)),
            end: given(wanted.end_time).and_then(|text| instant(&text)),
        }
    }
}

fn request_type(word: &str) -> Option<RequestType> {
    [RequestType::Retry, RequestType::Final].into_iter().find(|kind| kind.as_str() == word)
}

/// RFC 3339. Clients forget that a `+` in a query means a space.
fn instant(text: &str) -> Option<Timestamp> {
    text.replace(' ', "+").parse().ok()
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
            first_byte_ms: row.first_byte_ms,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            cached_tokens: row.cached_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_filters_nothing() {
        let text = |text: &str| Some(text.to_owned());
        let filter = LogFilter::from(Wanted {
            group_name: text("  "),
            status_code: text("many"),
            is_success: text("yes"),
            request_type: text("first"),
            start_time: text("yesterday"),
            ..Wanted::default()
        });
        assert!(filter.group_name.is_none() && filter.status_code.is_none() && filter.is_success.is_none());
        assert!(filter.request_type.is_none() && filter.start.is_none());
    }

    #[test]
    fn times_may_have_an_offset_that_the_query_has_spoilt() {
        let expected: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for text in ["2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2026-01-01T08:00:00 08:00"] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
    }
}
