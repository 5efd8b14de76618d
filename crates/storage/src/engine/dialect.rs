//! Expressions that each database spells its own way.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use sea_query::extension::postgres::PgExpr;
use sea_query::{Cond, Expr, ExprTrait, Func, Iden, LikeExpr, NullOrdering, Order, Query, SelectStatement};

use super::{mysql, time_text};

/// How the database at hand spells things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    /// With the zone that its times stand in.
    MySql(&'static TimeZone),
}

impl Dialect {
    /// An instant, as a column of times takes it.
    pub(crate) fn time(self, instant: Timestamp) -> Expr {
        match self {
            Self::Sqlite => time_text::text(instant).into(),
            Self::Postgres => cast(time_text::text(instant), "timestamptz"),
            Self::MySql(zone) => cast(mysql::time_text(instant, zone), "datetime(3)"),
        }
    }

    /// What the database's own clock shows, in milliseconds since 1970.
    pub(crate) fn now_ms(self) -> Expr {
        Expr::cust(match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS integer)",
            // As the row is looked at, be it after a wait for its lock.
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
            // What the clock of a zone shows may be two instants.
            Self::MySql(_) => "(timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) DIV 1000)",
        })
    }

    /// Whether others may have the database open, too.
    pub(crate) fn is_shared(self) -> bool {
        !matches!(self, Self::Sqlite)
    }

    /// An hour, as the statistics take it.
    pub(crate) fn hour(self, hour: Timestamp) -> Expr {
        match self {
            Self::Sqlite => time_text::hour_text(hour).into(),
            Self::Postgres | Self::MySql(_) => self.time(hour),
        }
    }

    /// A JSON text, as a column of JSON takes it.
    pub(crate) fn json(self, text: String) -> Expr {
        match self {
            Self::Sqlite | Self::MySql(_) => text.into(),
            Self::Postgres => cast(text, "jsonb"),
        }
    }

    /// A column of times as something that compares and sorts by instant, whoever wrote it.
    pub(crate) fn instant(self, column: impl Iden + Copy) -> Expr {
        match self {
            Self::Sqlite => Func::cust("julianday").arg(Expr::col(column)).into(),
            Self::Postgres | Self::MySql(_) => Expr::col(column),
        }
    }

    /// What [`instant`](Self::instant) of a column is compared with.
    pub(crate) fn instant_of(self, instant: Timestamp) -> Expr {
        match self {
            Self::Sqlite => Func::cust("julianday").arg(time_text::text(instant)).into(),
            Self::Postgres | Self::MySql(_) => self.time(instant),
        }
    }

    /// Sorts by a column of times, the latest first; of one instant, the greatest in the column `tie`.
    pub(crate) fn latest_first(self, query: &mut SelectStatement, column: impl Iden + Copy, tie: impl Iden + Copy) {
        query.order_by_expr(self.instant(column), Order::Desc);
        match self {
            // What came last. Every index ends in it, so that none has to be sorted after.
            Self::Sqlite => query.order_by("rowid", Order::Desc),
            Self::Postgres | Self::MySql(_) => query.order_by(tie, Order::Desc),
        };
    }

    /// Sorts by a column that may be null, with nulls at the end in either direction.
    pub(crate) fn nulls_last(self, query: &mut SelectStatement, column: impl Iden + Copy, order: Order) {
        match (self, &order) {
            // Null is the least of all there, and saying so in its words would keep it from using an index.
            (Self::MySql(_), Order::Desc) => query.order_by(column, order),
            _ => query.order_by_with_nulls(column, order, NullOrdering::Last),
        };
    }

    /// `from <= column < to`, for a column that has an index on what is stored rather than on the instant.
    pub(crate) fn within(self, column: impl Iden + Copy, from: Timestamp, to: Timestamp) -> Cond {
        let exact = Cond::all()
            .add(self.instant(column).gte(self.instant_of(from)))
            .add(self.instant(column).lt(self.instant_of(to)));
        match self {
            // Offsets reach 14 hours, and a `T` in the place of the space sorts after the whole day.
            Self::Sqlite => {
                let slack = Span::new().hours(48);
                let near = |instant: Timestamp| time_text::text(instant);
                exact
                    .add(Expr::col(column).gte(near(from.saturating_sub(slack).unwrap_or(from))))
                    .add(Expr::col(column).lt(near(to.saturating_add(slack).unwrap_or(to))))
            }
            Self::Postgres | Self::MySql(_) => exact,
        }
    }

    /// `column` contains `part`, taken literally but for the case of letters.
    pub(crate) fn contains(self, column: impl Iden + Copy, part: &str) -> Expr {
        match self {
            // What a backslash means depends on the mode of MySQL.
            Self::Sqlite | Self::MySql(_) => Expr::col(column).like(LikeExpr::new(pattern(part, '!')).escape('!')),
            // A backslash by itself; sea-query puts an ESCAPE after ILIKE in parentheses that are not understood.
            Self::Postgres => Expr::col(column).ilike(pattern(part, '\\')),
        }
    }

    /// `column` is one of `ids`, of which there may be any number.
    pub(crate) fn is_among(self, column: impl Iden + Copy, ids: impl IntoIterator<Item = i64>) -> Expr {
        // One parameter, or none: a list of them would end at 32,766 or 65,535.
        let list = |ids: Vec<String>| ids.join(",");
        let ids = ids.into_iter().map(|id| id.to_string()).collect();
        match self {
            Self::Sqlite => {
                let values = Query::select()
                    .column("value")
                    .from_function(Func::cust("json_each").arg(format!("[{}]", list(ids))), "ids")
                    .take();
                Expr::col(column).in_subquery(values)
            }
            Self::Postgres => {
                let array = cast(format!("{{{}}}", list(ids)), "bigint[]");
                Expr::col(column).eq(Func::cust("ANY").arg(array))
            }
            Self::MySql(_) => Expr::col(column).is_in(ids.into_iter().map(Expr::cust)),
        }
    }

    /// The rows of `page` as JSON arrays of arrays, in the column `page`; for [`json_rows`](super::json_rows). For long
    /// lists: SQLite's rows one by one cost three times as much.
    pub(crate) fn json_page(
        self,
        columns: impl IntoIterator<Item = impl Iden>,
        mut page: SelectStatement,
    ) -> SelectStatement {
        let columns = columns.into_iter().map(|column| Expr::col(column));
        match self {
            Self::Sqlite => {
                let row = Func::cust("json_array").args(columns);
                Query::select()
                    .expr_as(Func::cust("json_group_array").arg(row), "page")
                    .from_subquery(page, "rows")
                    .take()
            }
            Self::Postgres => {
                let row = Func::cust("json_build_array").args(columns);
                let rows = Func::cust("json_build_array").arg(row);
                page.clear_selects().expr_as(cast(rows, "text"), "page").take()
            }
            Self::MySql(_) => {
                let row = Func::cust("json_array").args(columns);
                page.clear_selects().expr_as(Func::cust("json_array").arg(row), "page").take()
            }
        }
    }

    /// A condition that most rows meet, so that an index on it would only be in the way of the one that sorts.
    pub(crate) fn common(self, condition: Expr) -> Expr {
        match self {
            // There is an index on each of many columns of 1.4.x, and no statistics to tell which is of use.
            // What stands behind a plus is looked up by none.
            Self::Sqlite => Expr::cust_with_expr("+(?)", condition),
            Self::Postgres | Self::MySql(_) => condition,
        }
    }

    /// A condition on the rows that come after an id, found by walking from there.
    pub(crate) fn in_order_of_ids(self, condition: Expr) -> Expr {
        match self {
            // It would walk the condition's own index from the beginning, past all that is deleted and not yet cleared away.
            Self::MySql(_) => Expr::cust_with_expr("(?)+0", condition),
            Self::Sqlite | Self::Postgres => condition,
        }
    }

    /// The sum of a column of whole numbers; 0 for no rows.
    pub(crate) fn sum(self, of: Expr) -> Expr {
        let sum = Func::coalesce([of.sum(), 0.into()]);
        match self {
            Self::Sqlite => sum.into(),
            Self::Postgres => cast(sum, "bigint"),
            Self::MySql(_) => cast(sum, "signed"),
        }
    }

    /// In an upsert: what the row holds and what it would have been given, added.
    pub(crate) fn plus_inserted(self, table: impl Iden, column: impl Iden + Copy) -> Expr {
        let held = Expr::col((table, column));
        match self {
            Self::Sqlite | Self::Postgres => held.add(Expr::col(("excluded", column))),
            Self::MySql(_) => held.add(Func::cust("VALUES").arg(Expr::col(column))),
        }
    }
}

/// The pattern of LIKE for texts that contain `part`.
fn pattern(part: &str, escape: char) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_') || c == escape {
            pattern.push(escape);
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn cast(of: impl Into<Expr>, to: &'static str) -> Expr {
    Func::cast_as(of, to).into()
}
