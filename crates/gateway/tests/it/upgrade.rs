//! A new process takes over from the one that serves: no connection refused, no stream cut, no row of the log lost or doubled.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};
use testkit::app::{Builder, GroupHandle};
use testkit::provider::{Answer, MockProvider};
use testkit::{App, Gate};

use crate::support::BINARY;

mod activated;
mod failing;
mod lossless;
mod staying;

/// A program whose file can be replaced, in a folder of its own.
fn replaceable() -> Builder {
    let builder = App::builder("./gpt-load");
    symlink(BINARY, builder.dir().join("gpt-load")).unwrap();
    builder
}

/// Puts another file in the place of the program's.
fn put_in_place(app: &App, script: &str) {
    let (new, program) = (app.dir().join("new"), app.dir().join("gpt-load"));
    std::fs::write(&new, script).unwrap();
    std::fs::set_permissions(&new, Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(new, program).unwrap();
}

/// A running program that writes its log to the database at once, and a group whose streams the provider holds back after their first
/// event until told.
async fn with_streams(builder: Builder) -> (App, MockProvider, GroupHandle, Gate) {
    let (app, provider, gate) = (builder.start().await, MockProvider::start(), Gate::default());
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    provider.on_key("sk-stream", Answer::events(["data: 1\n\n", "data: 2\n\n"]).gate_before(1, &gate));
    let group = app.group("streams").upstream(&provider.url()).keys(["sk-stream"]).create().await;
    (app, provider, group, gate)
}

/// Request id and number of each attempt in the log. Panics if one stands there twice.
async fn attempts(app: &App) -> BTreeSet<(String, u64)> {
    let (mut found, mut page) = (BTreeSet::new(), 1);
    loop {
        let data = app.api().data(&format!("/api/logs?page_size=1000&page={page}")).await;
        let items = data["items"].as_array().unwrap();
        for item in items {
            let attempt = (item["request_id"].as_str().unwrap().to_owned(), item["attempt"].as_u64().unwrap());
            assert!(found.insert(attempt), "twice: {item}");
        }
        if items.len() < 1000 {
            return found;
        }
        page += 1;
    }
}

/// Waits until the log has so many attempts, each once.
async fn logged(app: &App, count: u64) {
    let enough = async || {
        let found = app.api().data("/api/logs").await["pagination"]["total_items"].as_u64().unwrap();
        if found >= count { Ok(()) } else { Err(format!("{found} of {count}")) }
    };
    app.eventually("all attempts to be in the log", enough).await;
    assert_eq!(attempts(app).await.len() as u64, count);
    let stats: Value = app.api().data("/api/dashboard/stats").await;
    assert_eq!(stats["request_count"]["value"], count, "{stats}");
}
