//! Whether what is counted agrees with the rows of the log.

use std::collections::BTreeMap;

use testkit::database::Database;

use crate::book::Book;
use crate::provider::{Kind, Nature};
use crate::world::{THRESHOLD, World};

/// Rows that should not be there: of each statement, none.
const ODD: [(&str, &str); 3] = [
    ("rows twice", "SELECT request_id, attempt, count(*) FROM request_logs GROUP BY 1, 2 HAVING count(*) > 1"),
    (
        "keys with another request_count than successes in the log",
        "SELECT * FROM (SELECT k.id, k.key_value, k.request_count AS counted, \
            (SELECT count(*) FROM request_logs l WHERE l.key_hash = k.key_hash AND l.is_success) AS logged \
         FROM api_keys k) WHERE counted <> logged",
    ),
    (
        "keys last used at another time than their last success",
        "SELECT * FROM (SELECT k.id, k.last_used_at AS used, \
            (SELECT max(timestamp) FROM request_logs l WHERE l.key_hash = k.key_hash AND l.is_success) AS logged \
         FROM api_keys k) WHERE used IS NOT logged",
    ),
];

/// By hour and group, as the log has it and as the statistics have it: what is only in one of them.
const HOURS: &str = "
    WITH finals AS (
        SELECT substr(timestamp, 1, 13) AS hour, group_id, parent_group_id, is_success FROM request_logs
        WHERE request_type = 'final'),
    each AS (
        SELECT hour, group_id AS g, is_success FROM finals
        UNION ALL SELECT hour, parent_group_id, is_success FROM finals WHERE parent_group_id > 0),
    logged AS (SELECT hour, g, sum(is_success), sum(NOT is_success) FROM each GROUP BY 1, 2),
    counted AS (SELECT substr(time, 1, 13), group_id, success_count, failure_count FROM group_hourly_stats)
    SELECT * FROM (
        SELECT 'logged', * FROM (SELECT * FROM logged EXCEPT SELECT * FROM counted)
        UNION ALL SELECT 'counted', * FROM (SELECT * FROM counted EXCEPT SELECT * FROM logged))";

/// Hourly statistics against the rows of the log. Those of an aggregate go with it.
pub(crate) fn check_hours(database: &Database, world: &World) -> Vec<String> {
    let gone = world.gone.lock().expect("nobody panics with it");
    let [odd] = database.run([HOURS]);
    let there = odd.iter().filter(|row| row[2].as_u64().is_none_or(|group| !gone.contains(&group)));
    there.map(|row| format!("hour, group, successes and failures that are only {row:?}")).collect()
}

/// Counters of keys against the rows of the log.
pub(crate) fn check_counters(database: &Database) -> Vec<String> {
    let odd = database.run(ODD.map(|(_, statement)| statement));
    let found = ODD.iter().zip(&odd).filter(|(_, rows)| !rows.is_empty());
    found.map(|((what, _), rows)| format!("{} {what}: {:?}", rows.len(), &rows[..rows.len().min(5)])).collect()
}

/// States and failures of keys against what the provider said of them and the log holds.
///
/// A refusal counts unless its client had gone before it was judged: such an attempt is logged as 499.
pub(crate) fn check_states(database: &Database, world: &World) -> Vec<String> {
    let seen = refusals(&world.book);
    let lasting: Vec<_> = world.groups().iter().filter(|group| group.lasting).map(|group| group.id).collect();
    let touched = world.touched.lock().expect("nobody panics with it");
    let [keys] = database.run([KEYS]);
    let mut faults = Vec::new();
    for row in &keys {
        let (key, status) = (row[0].as_str().unwrap_or_default(), row[2].as_str().unwrap_or_default());
        let in_lasting = row[1].as_u64().is_some_and(|id| lasting.contains(&id));
        let dead = Nature::of(key) == Nature::Dead;
        if dead && (!in_lasting || touched.contains(key)) {
            continue;
        }
        let seen = seen.get(key).copied().unwrap_or_default();
        // Other keys have rows that tell of refusals before theirs.
        let logged = row[4].as_u64().filter(|_| dead).unwrap_or_default();
        let failures = row[3].as_u64().unwrap_or(u64::MAX);
        let expected = if failures >= THRESHOLD { "invalid" } else { "active" };
        if status != expected || !(logged..=seen).contains(&failures) {
            faults.push(format!("key {key}: {status}, {failures} failures; refused {seen} times, {logged} in the log"));
        }
    }
    faults
}

/// Keys, and how often the log says that each was refused.
const KEYS: &str = "
    SELECT key_value, group_id, status, failure_count,
        (SELECT count(*) FROM request_logs l WHERE l.key_hash = k.key_hash AND status_code IN (401, 503))
    FROM api_keys k";

/// How often the provider has refused each key.
fn refusals(book: &Book) -> BTreeMap<String, u64> {
    let mut refusals = BTreeMap::new();
    let pages = book.pages();
    for call in pages.values().flat_map(|page| &page.seen).filter(|call| call.kind == Kind::Refused) {
        *refusals.entry(call.key.clone()).or_default() += 1;
    }
    refusals
}
