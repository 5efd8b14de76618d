//! The request log.

use domain::secret::Secret;
use jiff::Timestamp;
use serde::Deserialize;
use storage::logs::{LogFilter, RequestType};

pub mod export;
pub mod list;

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
