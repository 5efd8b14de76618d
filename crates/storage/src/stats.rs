//! Hourly statistics.
//!
//! Hours are cut in UTC. 1.4.x wrote them with the offset of its server, so one hour may have two rows: they are added
//! up.

use std::collections::BTreeMap;

use domain::ids::GroupId;
use jiff::{Span, Timestamp};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use crate::engine::Row;
use crate::schema::GroupHourlyStats;
use crate::{Db, StorageError};

/// Requests that got their final answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCount {
    /// All of them.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
}

/// Requests of a group in the current hour and those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// 24 hours.
    pub day: RequestCount,
    /// 7 times 24 hours.
    pub week: RequestCount,
    /// 30 times 24 hours.
    pub month: RequestCount,
}

/// One hour of one or more groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// Start of the hour.
    pub hour: Timestamp,
    /// Successes.
    pub succeeded: u64,
    /// Failures.
    pub failed: u64,
}

impl Db {
    /// Requests of some groups. A group without any is not in the map.
    pub async fn group_stats(
        &self,
        groups: &[GroupId],
        now: Timestamp,
    ) -> Result<BTreeMap<GroupId, Windows>, StorageError> {
        let end = end_of_hour(now);
        let mut stats: BTreeMap<GroupId, Windows> = BTreeMap::new();
        for days in [1, 7, 30] {
            let query = self
                .sums(hours_before(end, days * 24), end)
                .column(GroupHourlyStats::GroupId)
                .and_where(self.of_groups(groups))
                .group_by_col(GroupHourlyStats::GroupId)
                .take();
            for row in self.engine().fetch(&query).await? {
                let windows = stats.entry(GroupId(row.int(GroupHourlyStats::GroupId)?)).or_default();
                let window = match days {
                    1 => &mut windows.day,
                    7 => &mut windows.week,
                    _ => &mut windows.month,
                };
                *window = count(&row)?;
            }
        }
        Ok(stats)
    }

    /// Requests of some groups, or of all but some, from `from` until before `to`.
    pub async fn request_count(
        &self,
        groups: &GroupChoice,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<RequestCount, StorageError> {
        let query = self.sums(from, to).and_where(self.chosen(groups)).take();
        self.engine().fetch(&query).await?.first().map_or(Ok(RequestCount::default()), count)
    }

    /// The hours from `from` until before `to` that have requests, in order.
    pub async fn hourly_counts(
        &self,
        groups: &GroupChoice,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<HourCount>, StorageError> {
        let query = self
            .sums(from, to)
            .column(GroupHourlyStats::Time)
            .and_where(self.chosen(groups))
            .group_by_col(GroupHourlyStats::Time)
            .order_by(GroupHourlyStats::Time, Order::Asc)
            .take();
        let mut hours: BTreeMap<Timestamp, RequestCount> = BTreeMap::new();
        for row in self.engine().fetch(&query).await? {
            let hour = hours.entry(row.time(GroupHourlyStats::Time)?).or_default();
            let more = count(&row)?;
            hour.total += more.total;
            hour.failed += more.failed;
        }
        let hour = |(hour, count): (_, RequestCount)| HourCount {
            hour,
            succeeded: count.total - count.failed,
            failed: count.failed,
        };
        Ok(hours.into_iter().map(hour).collect())
    }

    /// The hours from `from` until before `to` in which a group has requests, of every group. An hour may come in two parts.
    pub async fn hourly_counts_by_group(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(GroupId, HourCount)>, StorageError> {
        let query = self
            .sums(from, to)
            .columns([GroupHourlyStats::GroupId, GroupHourlyStats::Time])
            .group_by_columns([GroupHourlyStats::GroupId, GroupHourlyStats::Time])
            .take();
        let read = |row: &Row| {
            let RequestCount { total, failed } = count(row)?;
            let hour = row.time(GroupHourlyStats::Time)?;
            let group = GroupId(row.int(GroupHourlyStats::GroupId)?);
            Ok((group, HourCount { hour, succeeded: total - failed, failed }))
        };
        self.engine().fetch(&query).await?.iter().map(read).collect()
    }

    fn sums(&self, from: Timestamp, to: Timestamp) -> SelectStatement {
        let sum = |column| self.dialect().sum(Expr::col(column));
        Query::select()
            .expr_as(sum(GroupHourlyStats::SuccessCount), "succeeded")
            .expr_as(sum(GroupHourlyStats::FailureCount), "failed")
            .from(GroupHourlyStats::Table)
            .cond_where(self.dialect().within(GroupHourlyStats::Time, from, to))
            .take()
    }

    fn of_groups(&self, groups: &[GroupId]) -> Expr {
        self.dialect().is_among(GroupHourlyStats::GroupId, groups.iter().map(|id| id.0))
    }

    fn chosen(&self, groups: &GroupChoice) -> Expr {
        match groups {
            GroupChoice::Only(groups) => self.of_groups(groups),
            GroupChoice::AllBut(groups) => self.of_groups(groups).not(),
        }
    }
}

/// Whose requests are counted. Totals leave the aggregates out: their requests are counted with their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChoice {
    /// These groups.
    Only(Vec<GroupId>),
    /// Every group, deleted ones too, but these.
    AllBut(Vec<GroupId>),
}

fn count(row: &Row) -> Result<RequestCount, StorageError> {
    let (succeeded, failed) = (row.int("succeeded")?.unsigned_abs(), row.int("failed")?.unsigned_abs());
    Ok(RequestCount { total: succeeded + failed, failed })
}

/// The end of the hour that `instant` is in.
#[must_use]
pub fn end_of_hour(instant: Timestamp) -> Timestamp {
    let hour = instant.as_second().div_euclid(3600);
    Timestamp::from_second((hour + 1) * 3600).unwrap_or(instant)
}

/// The same minute so many hours earlier.
#[must_use]
pub fn hours_before(instant: Timestamp, hours: i64) -> Timestamp {
    instant.checked_sub(Span::new().hours(hours)).unwrap_or(instant)
}
