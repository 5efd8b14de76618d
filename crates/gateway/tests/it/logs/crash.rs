//! `kill -9` at full speed: what was answered more than 200 ms before is in the log, once, and the sums agree with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::App;
use testkit::app::GroupHandle;
use testkit::http::{Connection, Request};
use tokio::task::JoinSet;

use crate::support::app_and_provider;

const CLIENTS: usize = 16;
/// The promise is 50 ms; the rest is for a machine that has more to do than this.
const SAFE_AFTER: Duration = Duration::from_millis(200);

/// Ids of answered requests, and when the answer was there.
type Book = Arc<Mutex<Vec<(String, Instant)>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_and_nothing_is_doubled() {
    let (mut app, provider) = app_and_provider().await;
    // One of three attempts fails, so that there are rows of retries too.
    let keys = ["sk-a", "sk-b", "sk-dead-c"];
    let config = json!({"blacklist_threshold": 0});
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    let mut promised = BTreeSet::new();
    for at_least in [200, 1, 400, 100] {
        promised.extend(killed_under_load(&mut app, &group, at_least).await);
        app.restart().await;
    }
    app.eventually("all promised rows", async || {
        let missing = missing(&app, &promised);
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    })
    .await;

    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    assert_eq!(missing(&app, &promised), Vec::<String>::new());
    sums_agree(&app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_the_middle_of_starting_lose_nothing_either() {
    let (mut app, provider) = app_and_provider().await;
    app.set(json!({"request_log_write_interval_minutes": 1440})).await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-a"]).create().await;
    let promised = killed_under_load(&mut app, &group, 600).await;
    for _ in 0..4 {
        // Listening, it is just storing what it found.
        app.restart().await;
        app.kill9().await;
    }
    app.restart().await;
    app.eventually("all promised rows", async || missing(&app, &promised).is_empty()).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    sums_agree(&app);
}

/// Has clients call as fast as they can until the rows of so many answers are promised, and kills the program in the middle of it.
/// Returns the ids of all whose rows are.
async fn killed_under_load(app: &mut App, group: &GroupHandle, at_least: usize) -> BTreeSet<String> {
    let book = Book::default();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(call_until_cut(app.addr(), group.chat("gpt-4o"), Arc::clone(&book)));
    }
    app.eventually("answers", async || promised_at(Instant::now(), &book).len() >= at_least).await;
    let killed = Instant::now();
    app.kill9().await;
    clients.join_all().await;
    promised_at(killed, &book)
}

fn promised_at(now: Instant, book: &Book) -> BTreeSet<String> {
    let book = book.lock().unwrap();
    book.iter().filter(|(_, at)| now.duration_since(*at) > SAFE_AFTER).map(|(id, _)| id.clone()).collect()
}

/// One request after the other on one connection.
async fn call_until_cut(addr: SocketAddr, request: Request, book: Book) {
    let mut connection = Connection::open(&addr.to_string()).await.unwrap();
    loop {
        let Ok(response) = connection.request(&request).await else { return };
        assert_eq!(response.status, 200);
        let id = response.headers.get("x-gpt-load-request-id").unwrap().to_owned();
        let Ok((_, next)) = response.finish().await else { return };
        book.lock().unwrap().push((id, Instant::now()));
        connection = next;
    }
}

fn missing(app: &App, promised: &BTreeSet<String>) -> Vec<String> {
    let [rows] = app.database().run(["SELECT request_id FROM request_logs WHERE request_type = 'final'"]);
    let stored: BTreeSet<_> = rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    promised.difference(&stored).cloned().collect()
}

/// No row twice, every retry followed by its final row, and counters and statistics what the rows add up to.
fn sums_agree(app: &App) {
    let [rows, logged, counted, hours] = app.database().run([
        "SELECT request_id, attempt, request_type FROM request_logs ORDER BY request_id, attempt",
        "SELECT key_hash, count(*) FROM request_logs WHERE is_success GROUP BY key_hash",
        "SELECT key_hash, request_count FROM api_keys WHERE request_count > 0",
        "SELECT sum(success_count), sum(failure_count) FROM group_hourly_stats",
    ]);
    let mut by_request: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for row in &rows {
        let attempt = (row[1].as_u64().unwrap(), row[2].as_str().unwrap());
        by_request.entry(row[0].as_str().unwrap()).or_default().push(attempt);
    }
    for (id, attempts) in &by_request {
        let numbers: Vec<_> = attempts.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=attempts.len() as u64).collect::<Vec<_>>(), "attempts of {id}");
        let finals = attempts.iter().filter(|(_, kind)| *kind == "final").count();
        assert!(finals <= 1, "{id}: {attempts:?}");
    }
    let finals = rows.iter().filter(|row| row[2] == "final").count();
    let sorted =
        |rows: &[Vec<Value>]| rows.iter().map(|row| (row[0].to_string(), row[1].as_u64())).collect::<BTreeMap<_, _>>();
    assert_eq!(sorted(&logged), sorted(&counted), "successes by key: in the log, and counted");
    assert_eq!(hours, [[json!(finals), json!(0)]], "requests by hour");
}
