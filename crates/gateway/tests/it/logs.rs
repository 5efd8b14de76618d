//! The request log: what a row says, how rows are found, and that none is lost or doubled whatever happens to the program or the
//! database. Key counters and statistics agree with it.

use serde_json::Value;
use testkit::App;

mod bodies;
mod counters;
mod crash;
mod crowd;
mod filters;
mod odd;
mod outage;
mod rows;

/// The entries that `filter` lets through, newest first, once there are so many.
async fn entries(app: &App, count: usize, filter: &str) -> Vec<Value> {
    app.eventually(&format!("{count} log entries for {filter:?}"), async || {
        let entries = app.logs(filter).await;
        if entries.len() == count { Ok(entries) } else { Err(entries) }
    })
    .await
}

/// The one entry there is.
async fn entry(app: &App) -> Value {
    entries(app, 1, "").await.remove(0)
}

/// Several values of an entry.
fn values<const N: usize>(entry: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| entry[name].clone())
}
