//! Lists by pages.

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1; 0 is taken as 1.
    pub page: u32,
    /// Rows a page.
    pub size: u32,
}

impl PageRequest {
    pub(crate) fn offset(self) -> u64 {
        let rows = u64::from(self.page.saturating_sub(1)) * u64::from(self.size);
        Ord::min(rows, i64::MAX.unsigned_abs())
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// Rows of the whole list.
    pub total: u64,
    /// Whether `total` is only near, or at least, the truth.
    pub total_is_estimate: bool,
}
