//! A database that can't be written to for a while: no row is lost, no request waits.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use testkit::App;
use testkit::app::GroupHandle;
use testkit::provider::MockProvider;
use testkit::servers::Engine;
use tokio::time::{Instant, sleep};

use super::entries;
use crate::support::{BINARY, app_and_provider};

async fn one_group() -> (App, MockProvider, GroupHandle) {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    (app, provider, group)
}

async fn call(group: &GroupHandle, times: usize) {
    for _ in 0..times {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    }
}

#[tokio::test]
async fn a_locked_database_delays_no_request_and_loses_no_row() {
    let (app, _provider, group) = one_group().await;
    call(&group, 3).await;
    entries(&app, 3, "").await;
    let lock = app.database().lock();
    call(&group, 40).await;
    assert_eq!(app.logs("").await.len(), 3, "the log can still be read");
    drop(lock);
    entries(&app, 43, "").await;
    let [used] = app.database().run(["SELECT sum(request_count) FROM api_keys"]);
    assert_eq!(used, [[json!(43)]]);
}

#[tokio::test]
async fn an_outage_longer_than_any_patience_is_told_and_made_up_for() {
    let (app, _provider, group) = one_group().await;
    call(&group, 1).await;
    entries(&app, 1, "").await;
    let lock = app.database().lock();
    let (mut sent, patience) = (1, Instant::now() + Duration::from_secs(45));
    while !app.output().contains("log entries wait in the spool") {
        assert!(Instant::now() < patience, "no word of the outage:\n{}", app.output());
        call(&group, 1).await;
        sent += 1;
        sleep(Duration::from_millis(250)).await;
    }
    drop(lock);
    entries(&app, sent, "").await;
    let statements = ["SELECT count(DISTINCT request_id) FROM request_logs", "SELECT sum(request_count) FROM api_keys"];
    let [rows, used] = app.database().run(statements);
    assert_eq!((rows, used), (vec![vec![json!(sent)]], vec![vec![json!(sent)]]));
}

#[tokio::test]
async fn states_of_keys_are_stored_once_the_database_is_back() {
    let (mut app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-dead-1", "sk-2"]).config(config).create().await;
    let lock = app.database().lock();
    call(&group, 2).await;
    assert_eq!(app.key(&group, "sk-dead-1").await["status"], "invalid", "known at once");
    drop(lock);
    let invalid = format!("/api/keys?status=invalid&group_id={}", group.id);
    app.eventually("the state to be stored", async || app.api().data(&invalid).await["pagination"]["total_items"] == 1)
        .await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(app.key(&group, "sk-dead-1").await["status"], "invalid");
}

/// No file may grow beyond this many KiB while the disk is full.
const FULL_KIB: usize = 1024;

#[tokio::test]
async fn a_full_disk_costs_neither_requests_nor_rows() {
    let provider = MockProvider::start();
    let limited = format!("trap '' XFSZ; ulimit -S -f {FULL_KIB}; exec {BINARY}");
    // The database's own disk, too.
    let app = App::builder_on(Engine::Sqlite, "/bin/bash").arg("-c").arg(&limited).start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let config = json!({"enable_request_body_logging": true});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    let padding = "x".repeat(60_000);
    let sent = 2 * FULL_KIB / 60;
    for number in 0..sent {
        let request =
            group.request("POST", "/v1/chat/completions").json(&json!({"model": format!("m{number}"), "pad": padding}));
        assert_eq!(request.fetch().await.status, 200);
    }
    app.eventually("a word about it", async || app.output().contains("spool can't be written")).await;
    assert!(app.logs("").await.len() < sent);
    let lifted = Command::new("prlimit").args(["--pid", &app.pid().to_string(), "--fsize=unlimited"]).status();
    assert!(lifted.expect("prlimit is there").success());
    let rows = entries(&app, sent, "").await;
    let models: BTreeSet<_> = rows.iter().map(|row| row["model"].to_string()).collect();
    assert_eq!(models.len(), sent, "each once");
    assert_eq!(app.key(&group, "sk-1").await["request_count"], sent);
}

#[tokio::test]
async fn the_program_stops_in_time_although_the_database_is_locked() {
    let (mut app, _provider, group) = one_group().await;
    let lock = app.database().lock();
    call(&group, 10).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0));
    drop(lock);
    app.restart().await;
    entries(&app, 10, "").await;
}
