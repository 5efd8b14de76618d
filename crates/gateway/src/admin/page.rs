//! Lists by pages: `?page=1&page_size=15`.

use schemars::JsonSchema;
use serde::Serialize;
use storage::{Page, PageRequest};

/// Rows a page when the client doesn't say.
const DEFAULT_SIZE: u32 = 15;
/// Rows a page may have; more are cut down to this.
const MAX_SIZE: u32 = 1000;

/// The page a query asks for. What makes no sense is taken as not said.
pub fn request(page: Option<&str>, size: Option<&str>) -> PageRequest {
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok()).filter(|number| *number > 0);
    PageRequest { page: number(page).unwrap_or(1), size: number(size).unwrap_or(DEFAULT_SIZE).min(MAX_SIZE) }
}

/// A page of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "{T}Page")]
pub struct PageReply<T> {
    items: Vec<T>,
    pagination: Pagination,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Pagination {
    page: u32,
    page_size: u32,
    total_items: u64,
    total_pages: u64,
    /// Whether `total_items` is only near, or at least, the truth.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    total_is_estimate: bool,
}

impl<T> PageReply<T> {
    /// The page that was asked for, its rows shown by `show`.
    pub fn new<R>(asked: PageRequest, page: Page<R>, show: impl Fn(R) -> T) -> Self {
        let pagination = Pagination {
            page: asked.page,
            page_size: asked.size,
            total_items: page.total,
            total_pages: page.total.div_ceil(u64::from(asked.size.max(1))),
            total_is_estimate: page.total_is_estimate,
        };
        Self { items: page.rows.into_iter().map(show).collect(), pagination }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_makes_no_sense_is_taken_as_not_said() {
        let cases = [
            (None, None, 1, 15),
            (Some("3"), Some("100"), 3, 100),
            (Some("0"), Some("0"), 1, 15),
            (Some("-1"), Some("-5"), 1, 15),
            (Some("x"), Some(""), 1, 15),
            (Some("99999999999"), Some("1001"), 1, 1000),
        ];
        for (page, size, expected_page, expected_size) in cases {
            assert_eq!(
                request(page, size),
                PageRequest { page: expected_page, size: expected_size },
                "{page:?} {size:?}"
            );
        }
    }

    #[test]
    fn the_last_page_may_be_partly_full() {
        let shown = |total, estimate| {
            let page = Page { rows: vec![1], total, total_is_estimate: estimate };
            serde_json::to_value(PageReply::new(PageRequest { page: 2, size: 10 }, page, |row| row * 2)).unwrap()
        };
        assert_eq!(
            shown(21, false),
            json!({"items": [2], "pagination": {"page": 2, "page_size": 10, "total_items": 21, "total_pages": 3}})
        );
        assert_eq!(shown(20, false)["pagination"]["total_pages"], 2);
        assert_eq!(shown(0, false)["pagination"]["total_pages"], 0);
        assert_eq!(shown(100_000, true)["pagination"]["total_is_estimate"], true);
    }
}
