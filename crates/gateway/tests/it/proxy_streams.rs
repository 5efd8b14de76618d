//! Streams: chunk by chunk, first-event failover, endings, leaving clients, slow readers.
//!
//! | file | what it shows |
//! |---|---|
//! | `passing` | every piece is passed on when it arrives |
//! | `first_event` | an error in first place is a failed attempt |
//! | `endings` | what ends a stream, and what the client and the log see of it |
//! | `leaving` | clients that go away |
//! | `backpressure` | whoever does not read makes the other side wait |
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use serde_json::Value;
use testkit::app::{App, GroupBuilder, GroupHandle};
use testkit::provider::MockProvider;

mod backpressure;
mod endings;
mod first_event;
mod leaving;
mod passing;

/// A group in front of `provider`, with these keys.
fn keyed<'a>(app: &'a App, provider: &MockProvider, name: &str, keys: &[&str]) -> GroupBuilder<'a> {
    app.group(name).upstream(&provider.url()).keys(keys.iter().copied())
}

/// The newest row of this group in the log.
async fn row_of(app: &App, group: &GroupHandle) -> Value {
    let filter = format!("group_name={}", group.name);
    app.eventually("a row in the log", async || app.logs(&filter).await.into_iter().next()).await
}

/// Checks that the key is as good as new.
async fn assert_unblamed(app: &App, group: &GroupHandle, key: &str) {
    let key = app.key(group, key).await;
    let state = (&key["status"], &key["failure_count"], &key["cooldown_until"]);
    assert_eq!(state, (&"active".into(), &0.into(), &Value::Null), "{key}");
}
