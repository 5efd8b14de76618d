//! Expressions that each database spells its own way.

use jiff::{Span, Timestamp};
use sea_query::{Cond, Expr, ExprTrait, Func, Iden, Query, SelectStatement};

use super::sqlite::time;

/// How the database at hand spells things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
}

impl Dialect {
    /// An instant, as a column of times takes it.
    pub(crate) fn time(self, instant: Timestamp) -> Expr {
        match self {
            Self::Sqlite => time::text(instant).into(),
        }
    }

    /// An hour, as the statistics take it.
    pub(crate) fn hour(self, hour: Timestamp) -> Expr {
        match self {
            Self::Sqlite => time::hour_text(hour).into(),
        }
    }

    /// A column of times as something that compares and sorts by instant, whoever wrote it.
    pub(crate) fn instant(self, column: impl Iden + Copy) -> Expr {
        match self {
            Self::Sqlite => Func::cust("julianday").arg(Expr::col(column)).into(),
        }
    }

    /// What [`instant`](Self::instant) of a column is compared with.
    pub(crate) fn instant_of(self, instant: Timestamp) -> Expr {
        match self {
            Self::Sqlite => Func::cust("julianday").arg(time::text(instant)).into(),
        }
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
                let near = |instant: Timestamp| time::text(instant);
                exact
                    .add(Expr::col(column).gte(near(from.saturating_sub(slack).unwrap_or(from))))
                    .add(Expr::col(column).lt(near(to.saturating_add(slack).unwrap_or(to))))
            }
        }
    }

    /// `column` is one of `ids`, of which there may be any number.
    pub(crate) fn is_among(self, column: impl Iden + Copy, ids: impl IntoIterator<Item = i64>) -> Expr {
        match self {
            // One parameter: a list of them would end at 32,766.
            Self::Sqlite => {
                let list: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
                let values = Query::select()
                    .column("value")
                    .from_function(Func::cust("json_each").arg(format!("[{}]", list.join(","))), "ids")
                    .take();
                Expr::col(column).in_subquery(values)
            }
        }
    }

    /// The rows of `page` as one JSON array of arrays, in the column `page`. For long lists: rows one by one cost three
    /// times as much.
    pub(crate) fn json_page(
        self,
        columns: impl IntoIterator<Item = impl Iden>,
        page: SelectStatement,
    ) -> SelectStatement {
        match self {
            Self::Sqlite => {
                let row = Func::cust("json_array").args(columns.into_iter().map(|column| Expr::col(column)));
                Query::select()
                    .expr_as(Func::cust("json_group_array").arg(row), "page")
                    .from_subquery(page, "rows")
                    .take()
            }
        }
    }

    /// A condition that most rows meet, so that an index on it would only be in the way of the one that sorts.
    pub(crate) fn common(self, condition: Expr) -> Expr {
        match self {
            // There is an index on each of many columns of 1.4.x, and no statistics to tell which is of use.
            Self::Sqlite => Func::cust("likely").arg(condition).into(),
        }
    }

    /// The sum of a column of whole numbers; 0 for no rows.
    pub(crate) fn sum(self, of: Expr) -> Expr {
        match self {
            Self::Sqlite => Func::coalesce([of.sum(), 0.into()]).into(),
        }
    }

    /// In an upsert: what the row holds and what it would have been given, added.
    pub(crate) fn plus_inserted(self, table: impl Iden, column: impl Iden + Copy) -> Expr {
        match self {
            Self::Sqlite => Expr::col((table, column)).add(Expr::col(("excluded", column))),
        }
    }
}
