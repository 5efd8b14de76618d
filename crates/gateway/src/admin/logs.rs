//! The request log.

use domain::ids::KeyId;
use domain::secret::Secret;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use storage::logs::{LogFilter, RequestType};

use super::openapi::schema::Rfc3339;

pub mod export;
pub mod list;

/// What is wanted. A value that makes no sense is taken as not said.
#[derive(Default, JsonSchema, Deserialize)]
pub struct Wanted {
    /// Part of the group's name.
    group_name: Option<String>,
    /// Part of the name of the aggregate that was asked for.
    parent_group_name: Option<String>,
    /// Part of the model's name.
    model: Option<String>,
    /// Part of the error; of the last 7 days, unless `start_time` says otherwise.
    error_contains: Option<String>,
    /// The provider key, exactly.
    key_value: Option<String>,
    /// A key of a group by its id; rows of it in that group.
    #[schemars(with = "Option<i64>", range(min = 1))]
    key_id: Option<String>,
    /// The client's address, exactly.
    source_ip: Option<String>,
    #[schemars(with = "Option<u16>")]
    status_code: Option<String>,
    #[schemars(with = "Option<bool>")]
    is_success: Option<String>,
    /// `final` for what the client got, `retry` for an attempt that another one followed.
    #[schemars(extend("enum" = ["retry", "final"]))]
    request_type: Option<String>,
    /// The request whose attempts are wanted.
    request_id: Option<String>,
    /// The earliest time.
    #[schemars(with = "Option<Rfc3339>")]
    start_time: Option<String>,
    /// The latest time.
    #[schemars(with = "Option<Rfc3339>")]
    end_time: Option<String>,
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
            key_id: given(wanted.key_id).and_then(|id| id.parse().ok()).map(KeyId),
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
