//! Which log rows are wanted.

use domain::ids::KeyId;
use domain::secret::Secret;
use jiff::{Span, Timestamp};
use sea_query::{Cond, Expr, ExprTrait};

use super::RequestType;
use crate::schema::RequestLogs;
use crate::{Db, StorageError};

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
    /// The key that has this id, in its group; none is if it is gone.
    pub key_id: Option<KeyId>,
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

    fn exact(&self) -> [(RequestLogs, Option<Expr>); 5] {
        // Written out where an index is made for one value: a parameter could be any.
        let flag = |flag| Expr::cust(if flag { "true" } else { "false" });
        let kind = |kind| Expr::cust(if kind == RequestType::Retry { "'retry'" } else { "'final'" });
        [
            (RequestLogs::SourceIp, self.source_ip.as_deref().map(Expr::from)),
            (RequestLogs::StatusCode, self.status_code.map(Expr::from)),
            (RequestLogs::IsSuccess, self.is_success.map(flag)),
            (RequestLogs::RequestType, self.request_type.map(kind)),
            (RequestLogs::RequestId, self.request_id.as_deref().map(Expr::from)),
        ]
    }

    /// The column by which rows are best looked up, with the fewest rows to look at.
    fn lead(&self) -> Option<RequestLogs> {
        let candidates = [
            (RequestLogs::RequestId, self.request_id.is_some()),
            (RequestLogs::KeyHash, self.key.is_some() || self.key_id.is_some()),
            (RequestLogs::SourceIp, self.source_ip.is_some()),
            (RequestLogs::StatusCode, self.status_code.is_some_and(|code| code != 200)),
            (RequestLogs::IsSuccess, self.is_success == Some(false)),
            (RequestLogs::RequestType, self.request_type == Some(RequestType::Retry)),
            (RequestLogs::StatusCode, self.status_code.is_some()),
        ];
        candidates.into_iter().find(|(_, is_given)| *is_given).map(|(column, _)| column)
    }

    fn has_part(&self) -> bool {
        self.parts().iter().any(|(_, part)| part.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        let exact = self.exact().iter().any(|(_, value)| value.is_some());
        let key = self.key.is_some() || self.key_id.is_some();
        !(exact || key || self.start.is_some() || self.end.is_some() || self.has_part())
    }

    /// A search through texts has no index to help it.
    fn start(&self, now: Timestamp) -> Option<Timestamp> {
        let week_ago = || now.checked_sub(Span::new().hours(7 * 24)).ok();
        self.start.or_else(|| self.has_part().then(week_ago)?)
    }
}

impl Db {
    pub(super) async fn log_condition(&self, filter: &LogFilter, now: Timestamp) -> Result<Cond, StorageError> {
        let dialect = self.dialect();
        let instant = || dialect.instant(RequestLogs::Timestamp);
        let lead = filter.lead();
        let mut all = Cond::all()
            .add_option(filter.start(now).map(|start| instant().gte(dialect.instant_of(start))))
            .add_option(filter.end.map(|end| instant().lte(dialect.instant_of(end))));
        let mut keys: Vec<_> = filter.key.iter().map(|key| self.cipher().lookup_hashes(key.expose())).collect();
        if let Some(id) = filter.key_id {
            let (hashes, group) = self.logged_as(id).await?;
            all = all.add_option(group.map(|group| dialect.common(Expr::col(RequestLogs::GroupId).eq(group.0))));
            keys.push(hashes);
        }
        for hashes in keys {
            let condition = Expr::col(RequestLogs::KeyHash).is_in(self.logged_hashes(hashes).await?);
            all = all.add(if filter.request_id.is_none() { condition } else { dialect.common(condition) });
        }
        for (column, value) in filter.exact() {
            let equal = value.map(|value| Expr::col(column).eq(value));
            let is_lead = lead == Some(column);
            all = all.add_option(equal.map(|equal| if is_lead { equal } else { dialect.common(equal) }));
        }
        for (column, part) in filter.parts() {
            all = all.add_option(part.map(|part| dialect.contains(column, part)));
        }
        // There is an index of these rows alone.
        let has_error = || Expr::col(RequestLogs::ErrorMessage).ne(Expr::cust("''"));
        Ok(all.add_option(filter.error_contains.is_some().then(has_error)))
    }
}
