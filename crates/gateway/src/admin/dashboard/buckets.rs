//! The stretch of time that charts show, and the parts that it is cut into.

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use serde::Deserialize;
use storage::stats::{end_of_hour, hours_before};

/// Days of the longest stretch.
const MONTH_DAYS: i32 = 30;

/// A stretch of time up to now.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub enum Range {
    /// 24 hours.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// 7 times 24 hours.
    #[serde(rename = "7d")]
    Week,
    /// 30 days.
    #[serde(rename = "30d")]
    Month,
}

/// Consecutive hours, or days as the server's time zone has them.
#[derive(Debug)]
pub struct Buckets {
    starts: Vec<Timestamp>,
    /// The end of the last.
    pub end: Timestamp,
}

impl Buckets {
    /// The parts of a stretch that ends with the hour that `now` is in.
    pub fn new(range: Range, now: Timestamp, zone: &TimeZone) -> Self {
        let end = end_of_hour(now);
        let hours = |count: i64| (1..=count).rev().map(|hours| hours_before(end, hours)).collect();
        let starts = match range {
            Range::Day => hours(24),
            Range::Week => hours(7 * 24),
            Range::Month => days(now, zone),
        };
        Self { starts, end }
    }

    /// The start of the first.
    pub fn start(&self) -> Timestamp {
        self.starts.first().copied().unwrap_or(self.end)
    }

    /// What counts of hours are in each of the parts.
    pub fn sums(&self, hours: impl Iterator<Item = (Timestamp, u64)>) -> Vec<u64> {
        let mut sums = vec![0; self.starts.len()];
        for (hour, count) in hours {
            let after = self.starts.partition_point(|start| *start <= hour);
            if let Some(sum) = after.checked_sub(1).and_then(|place| sums.get_mut(place)) {
                *sum += count;
            }
        }
        sums
    }

    /// The starts of the parts as text, RFC 3339.
    pub fn labels(&self, zone: &TimeZone) -> Vec<String> {
        self.starts.iter().map(|start| label(*start, zone)).collect()
    }
}

/// Today and the days before it.
fn days(now: Timestamp, zone: &TimeZone) -> Vec<Timestamp> {
    let today = zone.to_datetime(now).date();
    let start = |before: i32| {
        let day = today.checked_sub(Span::new().days(before)).ok()?;
        zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
    };
    (0..MONTH_DAYS).rev().filter_map(start).collect()
}

/// An offset of nothing is written `Z`, as 1.4.x does.
fn label(start: Timestamp, zone: &TimeZone) -> String {
    match zone.to_offset(start) {
        Offset::UTC => start.to_string(),
        offset => start.display_with_offset(offset).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(8))
    }

    #[test]
    fn an_hour_is_named_in_the_servers_time_zone() {
        let hour = at("2026-11-23T20:00:00Z");
        assert_eq!(label(hour, &TimeZone::UTC), "2026-11-23T20:00:00Z");
        assert_eq!(label(hour, &zone()), "2026-11-24T04:00:00+08:00");
    }

    #[test]
    fn hours_without_requests_are_zero() {
        let buckets = Buckets::new(Range::Day, at("2026-11-23T20:17:00Z"), &zone());
        assert_eq!((buckets.start(), buckets.end), (at("2026-11-22T21:00:00Z"), at("2026-11-23T21:00:00Z")));
        let hours = [("2026-11-22T20:00:00Z", 9), ("2026-11-22T21:00:00Z", 5), ("2026-11-23T20:00:00Z", 7)];
        let sums = buckets.sums(hours.into_iter().map(|(hour, count)| (at(hour), count)));
        assert_eq!((sums.len(), sums[0], sums[23], sums.iter().sum::<u64>()), (24, 5, 7, 12));
        assert_eq!(Buckets::new(Range::Week, at("2026-11-23T20:17:00Z"), &zone()).labels(&zone()).len(), 168);
    }

    #[test]
    fn days_are_cut_where_the_time_zone_cuts_them() {
        let buckets = Buckets::new(Range::Month, at("2026-11-23T20:17:00Z"), &zone());
        let labels = buckets.labels(&zone());
        assert_eq!(
            (labels.len(), &*labels[0], &*labels[29]),
            (30, "2026-10-26T00:00:00+08:00", "2026-11-24T00:00:00+08:00")
        );
        let hours = [("2026-11-23T15:00:00Z", 1), ("2026-11-23T16:00:00Z", 2), ("2026-11-23T20:00:00Z", 4)];
        let sums = buckets.sums(hours.into_iter().map(|(hour, count)| (at(hour), count)));
        assert_eq!(sums[28..], [1, 6]);
    }
}
