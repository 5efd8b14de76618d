//! Whether log, counters and statistics say exactly what the provider saw and the clients got.

use std::collections::BTreeMap;

use testkit::database::Database;

use crate::book::{Book, Got, Manner, Page, Seen};
use crate::provider::Kind;

mod sums;

pub(crate) use sums::{check_counters, check_hours, check_states};

/// A row of the log.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    attempt: u64,
    is_final: bool,
    status: u16,
    success: bool,
    /// Empty if none was used.
    key: String,
}

/// Statuses under which a request is logged whose client went away or broke off.
const GONE: [u16; 3] = [499, 408, 400];

/// Everything that does not agree, request by request.
pub(crate) fn check_requests(database: &Database, book: &Book) -> Vec<String> {
    let mut log = read(database);
    let mut faults = Vec::new();
    for (number, page) in book.pages().iter() {
        let rows = log.remove(number).unwrap_or_default();
        if let Err(what) = check(page, &rows) {
            faults.push(format!("request {number}: {what}\n    {page:?}\n    {rows:?}"));
        }
    }
    faults.extend(log.keys().map(|number| format!("rows of request {number}, which nobody made")));
    faults
}

/// Rows by the number at the end of their path.
fn read(database: &Database) -> BTreeMap<u64, Vec<Row>> {
    let query = "SELECT request_path, request_id, attempt, request_type, status_code, is_success, key_value \
                 FROM request_logs ORDER BY request_id, attempt";
    let [rows] = database.run([query]);
    let mut log = BTreeMap::<u64, Vec<Row>>::new();
    for row in &rows {
        let text = |at: usize| row[at].as_str().unwrap_or_default().to_owned();
        let number = text(0).rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
        log.entry(number).or_default().push(Row {
            id: text(1),
            attempt: row[2].as_u64().unwrap_or_default(),
            is_final: row[3] == "final",
            status: row[4].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default(),
            success: row[5] != 0,
            key: text(6),
        });
    }
    log
}

fn check(page: &Page, rows: &[Row]) -> Result<(), String> {
    let none = rows.is_empty() && page.seen.is_empty();
    match (page.manner, &page.got) {
        (Manner::Barred, _) => require(none, "it got in"),
        (Manner::Leaves, _) if none => Ok(()),
        (Manner::Stays, None) => Err("its client got no answer".to_owned()),
        // There is no such group any more; the provider never says so.
        (Manner::Stays, Some(got)) if got.status == 404 && !page.lasting => require(none, "it got in"),
        (manner, got) => {
            let last = one_final_row_at_the_end(rows)?;
            rows_are_what_was_seen(rows, page)?;
            if manner == Manner::Stays {
                got.as_ref().map_or(Ok(()), |got| the_client_got_it(got, last))?;
            }
            Ok(())
        }
    }
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn one_final_row_at_the_end(rows: &[Row]) -> Result<&Row, String> {
    let last = rows.last().ok_or("no row")?;
    let numbered = rows.iter().zip(1..).all(|(row, number)| row.attempt == number && row.id == last.id);
    require(numbered, "its rows are not numbered from 1 under one id")?;
    let finals = rows.iter().filter(|row| row.is_final).count();
    require(finals == 1 && last.is_final, "not one final row, at the end")?;
    Ok(last)
}

/// Each row with a key is one call that the provider saw, in the same order. The last row has the status that the client got; if the
/// provider had answered before and not the last time, that is the answer before.
///
/// Exceptions:
/// - a call that ended without a byte on a connection used before: it is made again on a fresh one, and that is no attempt of its own;
/// - the last attempt of a client that has gone: it may have been ended before the provider had read it.
fn rows_are_what_was_seen(rows: &[Row], page: &Page) -> Result<(), String> {
    let mut seen = page.seen.iter().peekable();
    for row in rows.iter().filter(|row| !row.key.is_empty()) {
        let gone = page.manner == Manner::Leaves && row.is_final && GONE.contains(&row.status) && !row.success;
        loop {
            let Some(call) = seen.next() else {
                return require(gone, &format!("the provider has not seen attempt {}", row.attempt));
            };
            let again = made_again(call) && seen.peek().is_some_and(|next| next.key == call.key);
            if again {
                continue;
            }
            require(call.key == row.key, &format!("attempt {} had another key", row.attempt))?;
            let cut_short = gone && (made_again(call) || seen.peek().is_none());
            let told = told_at_last(row, call, &page.seen);
            let fits = logged_as(told, row.is_final).contains(&(row.status, row.success));
            require(fits || cut_short, &format!("attempt {} does not fit {:?}", row.attempt, call.kind))?;
            break;
        }
    }
    require(seen.next().is_none(), "the provider has seen more")?;
    let refused = rows.iter().filter(|row| row.key.is_empty()).all(|row| rows.len() == 1 && !row.success);
    require(refused, "a row without key is not alone")
}

/// What the client is told by the row of this call.
fn told_at_last(row: &Row, call: &Seen, seen: &[Seen]) -> Kind {
    let no_answer = [Kind::Close, Kind::Reset, Kind::MidHead, Kind::BrokenStream, Kind::Hang];
    let before = seen.iter().map(|call| call.kind).rfind(|kind| !no_answer.contains(kind));
    before.filter(|_| row.is_final && no_answer.contains(&call.kind)).unwrap_or(call.kind)
}

fn made_again(call: &Seen) -> bool {
    call.reused && matches!(call.kind, Kind::Close | Kind::Reset)
}

/// Status and success of the row of an attempt that was answered so.
fn logged_as(kind: Kind, is_final: bool) -> &'static [(u16, bool)] {
    match kind {
        Kind::Good | Kind::Late | Kind::Hinted => &[(200, true)],
        Kind::Tunnel => &[(101, true)],
        Kind::Limited | Kind::LimitedNamed => &[(429, false)],
        // Clients are not told that a key was refused.
        Kind::Refused if is_final => &[(503, false)],
        Kind::Refused => &[(401, false)],
        Kind::Mistake => &[(400, false)],
        Kind::Hang => &[(504, false)],
        Kind::Cut => &[(200, false)],
        // As the answer that goes to the client, else as what its first event stands for.
        Kind::ErrorEvent | Kind::EmptyStream if is_final => &[(200, false)],
        Kind::Failed | Kind::FailedCut | Kind::ErrorEvent => &[(500, false)],
        Kind::Close | Kind::Reset | Kind::MidHead | Kind::BrokenStream | Kind::EmptyStream => &[(502, false)],
    }
}

fn the_client_got_it(got: &Got, last: &Row) -> Result<(), String> {
    require(got.status == last.status, "its client got another status")?;
    require(got.id.as_deref() == Some(&*last.id), "its client got another id")?;
    require(got.whole || !last.success, "its client did not get all of it")
}
