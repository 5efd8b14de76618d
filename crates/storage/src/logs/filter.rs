//! Which log rows are wanted.

use domain::secret::Secret;
use jiff::{Span, Timestamp};
use sea_query::{Cond, Expr, ExprTrait};

use super::RequestType;
use crate::Db;
use crate::engine::Dialect;
use crate::schema::RequestLogs;

/// Conditions on log rows. Every one that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Part of the group's name.
    pub group_name: Option<String>,
    /// Part of the aggregate's name.
    pub parent_group_name: Option<String>,
    /// Part of the model's name.
    pub model: Option<String>,
    /// Part of the error message.
    pub error_contains: Option<String>,
    /// The key, exactly.
    pub key: Option<Secret>,
    /// The client's address, exactly.
    pub source_ip: Option<String>,
    /// The status, exactly.
    pub status_code: Option<i64>,
    /// Only successes, or only failures.
    pub is_success: Option<bool>,
    /// Only final rows, or only retries.
    pub request_type: Option<RequestType>,
    /// Only the attempts of one request.
    pub request_id: Option<String>,
    /// Not before this. Without it, filters by a part of a text look at the last 7 days.
    pub start: Option<Timestamp>,
    /// Not after this.
    pub end: Option<Timestamp>,
}

impl LogFilter {
    fn parts(&self) -> [(RequestLogs, Option<&String>); 4] {
        [
            (RequestLogs::GroupName, self.group_name.as_ref()),
            (RequestLogs::ParentGroupName, self.parent_group_name.as_ref()),
            (RequestLogs::Model, self.model.as_ref()),
            (RequestLogs::ErrorMessage, self.error_contains.as_ref()),
        ]
    }

    fn exact(&self) -> [(RequestLogs, Option<Expr>); 4] {
        [
            (RequestLogs::SourceIp, self.source_ip.as_deref().map(Expr::from)),
            (RequestLogs::StatusCode, self.status_code.map(Expr::from)),
            (RequestLogs::IsSuccess, self.is_success.map(Expr::from)),
            (RequestLogs::RequestId, self.request_id.as_deref().map(Expr::from)),
        ]
    }

    fn has_part(&self) -> bool {
        self.parts().iter().any(|(_, part)| part.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        let exact = self.exact().iter().any(|(_, value)| value.is_some());
        let others = self.key.is_some() || self.request_type.is_some() || self.start.is_some() || self.end.is_some();
        !(exact || others || self.has_part())
    }

    /// A search through texts has no index to help it.
    fn start(&self, now: Timestamp) -> Option<Timestamp> {
        let week_ago = || now.checked_sub(Span::new().hours(7 * 24)).ok();
        self.start.or_else(|| self.has_part().then(week_ago)?)
    }
}

impl Db {
    pub(super) fn log_condition(&self, filter: &LogFilter, now: Timestamp) -> Cond {
        let dialect = self.dialect();
        let instant = || dialect.instant(RequestLogs::Timestamp);
        let hashes = filter.key.as_ref().map(|key| self.cipher().lookup_hashes(key.expose()));
        let mut all = Cond::all()
            .add_option(hashes.map(|hashes| Expr::col(RequestLogs::KeyHash).is_in(hashes)))
            .add_option(filter.request_type.map(|kind| has_type(dialect, kind)))
            .add_option(filter.start(now).map(|start| instant().gte(dialect.instant_of(start))))
            .add_option(filter.end.map(|end| instant().lte(dialect.instant_of(end))));
        for (column, part) in filter.parts() {
            all = all.add_option(part.map(|part| dialect.contains(column, part)));
        }
        for (column, value) in filter.exact() {
            all = all.add_option(value.map(|value| Expr::col(column).eq(value)));
        }
        all
    }
}

pub(super) fn has_type(dialect: Dialect, kind: RequestType) -> Expr {
    let condition = Expr::col(RequestLogs::RequestType).eq(kind.as_str());
    match kind {
        RequestType::Final => dialect.common(condition),
        RequestType::Retry => condition,
    }
}
