//! A disk that is full: requests go on, the log waits for room, and what there is no room for is said and still counted.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use serde_json::{Value, json};
use testkit::App;
use testkit::app::GroupHandle;
use testkit::provider::{Answer, MockProvider};
use testkit::servers::Engine;
use tokio::task::JoinSet;

use crate::support::BINARY;
use crate::support::keys::{key_of, key_state};
use crate::support::process::{limit, says};

/// What the program is given for its data.
const SIZE: &str = "16m";

/// How a disk becomes full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    /// A file system of a few megabytes, in a mount namespace of the program's own that ends with it.
    Small,
    /// No file may grow: the limit that any user may set.
    Limited,
}

impl Disk {
    /// A small file system if this machine lets us mount one.
    fn best() -> Self {
        let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        if probe.is_ok_and(|probe| probe.status.success()) { Self::Small } else { Self::Limited }
    }

    /// On SQLite: the database's disk is as full as the spool's.
    async fn start(self) -> App {
        let builder = match self {
            Self::Small => {
                let script = format!("mkdir data && mount -t tmpfs -o size={SIZE} tmpfs data && exec {BINARY}");
                App::builder_on(Engine::Sqlite, "unshare").arg("-rm").arg("/bin/sh").arg("-c").arg(&script)
            }
            Self::Limited => {
                App::builder_on(Engine::Sqlite, "/bin/bash").arg("-c").arg(&format!("trap '' XFSZ; exec {BINARY}"))
            }
        };
        let app = builder.start().await;
        app.set(json!({"request_log_write_interval_minutes": 0})).await;
        app
    }

    fn fill(self, app: &App) {
        match self {
            Self::Small => {
                let mut ballast = File::create(ballast(app)).unwrap();
                while ballast.write_all(&[0; 4096]).is_ok() {}
            }
            Self::Limited => limit(app, "--fsize=1:"),
        }
    }

    fn free(self, app: &App) {
        match self {
            Self::Small => std::fs::remove_file(ballast(app)).unwrap(),
            Self::Limited => limit(app, "--fsize=unlimited"),
        }
    }
}

/// A file on the program's own file system.
fn ballast(app: &App) -> PathBuf {
    format!("/proc/{}/cwd/data/ballast", app.pid()).into()
}

async fn group(app: &App, provider: &MockProvider, keys: &[String]) -> GroupHandle {
    let config = json!({"enable_request_body_logging": true, "blacklist_threshold": 1});
    app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await
}

/// So many calls, eight at a time, each with a body as large as the log keeps.
async fn calls(group: &GroupHandle, count: usize) {
    let body = Bytes::from(json!({"model": "m", "pad": "x".repeat(60_000)}).to_string());
    let request = group.request("POST", "/v1/chat/completions").body(body);
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let (request, mine) = (request.clone(), (caller..count).step_by(8).count());
        callers.spawn(async move {
            for _ in 0..mine {
                assert_eq!(request.fetch().await.status, 200);
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// Waits for so many rows in the log.
async fn stored(app: &App, count: usize) {
    let all = async || {
        let page = app.api().data("/api/logs?page_size=1").await;
        let total = page["pagination"]["total_items"].as_u64().unwrap();
        if total == count as u64 { Ok(()) } else { Err(total) }
    };
    app.eventually(&format!("{count} rows"), all).await;
}

async fn full_disk(disk: Disk) {
    let (app, provider) = (disk.start().await, MockProvider::start());
    let keys = [key_of("g", "one"), "sk-dead-0123456789".to_owned()];
    let group = group(&app, &provider, &keys[..1]).await;
    calls(&group, 5).await;
    stored(&app, 5).await;
    disk.fill(&app);
    calls(&group, 60).await;
    app.eventually("a word about it", async || says(&app, "spool can't be written") > 0).await;
    assert_eq!(app.api().get("/health").await.0, 200);
    assert!(app.logs("").await.len() < 65, "the log can still be read");
    calls(&group, 20).await;
    assert_eq!(says(&app, "spool can't be written"), 1, "once:\n{}", app.output());
    disk.free(&app);
    app.eventually("a word that it is over", async || says(&app, "spool can be written again") == 1).await;
    stored(&app, 85).await;
    let rows = app.logs("").await;
    let ids: BTreeSet<_> = rows.iter().map(|row| row["request_id"].to_string()).collect();
    assert_eq!(ids.len(), 85, "each once");
    assert!(rows.iter().all(|row| !row["request_body"].as_str().unwrap().is_empty()), "with its body");
    assert_eq!(app.key(&group, &keys[0]).await["request_count"], 85);
    let stats = app.api().data(&format!("/api/groups/{}/stats", group.id)).await;
    assert_eq!(stats["stats_24_hour"]["total_requests"], 85);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_costs_neither_requests_nor_rows() {
    full_disk(Disk::best()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_grow_cost_neither_requests_nor_rows() {
    full_disk(Disk::Limited).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_while_the_disk_is_full_stays_refused() {
    let disk = Disk::best();
    let (app, provider) = (disk.start().await, MockProvider::start());
    let keys = [key_of("g", "one"), "sk-dead-0123456789".to_owned()];
    let group = group(&app, &provider, &keys).await;
    disk.fill(&app);
    calls(&group, 16).await;
    assert!(key_state(&app, &group, &keys[1]).await.starts_with("invalid"), "known at once");
    disk.free(&app);
    let invalid = format!("/api/keys?status=invalid&group_id={}", group.id);
    let stored = async || app.api().data(&invalid).await["pagination"]["total_items"] == 1;
    app.eventually("the state to be stored", stored).await;
}

/// Memory for what waits; `HELD_BYTES` of `jobs/spool_logs/held.rs`.
const HELD_BYTES: u64 = 64 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_disk_is_bounded_and_bodies_go_first() {
    let disk = Disk::Limited;
    let (app, provider) = (disk.start().await, MockProvider::start());
    let key = key_of("g", "one");
    let group = group(&app, &provider, std::slice::from_ref(&key)).await;
    calls(&group, 8).await;
    stored(&app, 8).await;
    disk.fill(&app);
    let before = app.memory_bytes();
    let sent = 1200;
    calls(&group, sent).await;
    app.eventually("a word about bodies", async || says(&app, "no room for the log: rows") > 0).await;
    let grown = app.memory_bytes().saturating_sub(before);
    assert!(grown < 3 * HELD_BYTES, "{grown} bytes more for {sent} bodies of 60,000");
    disk.free(&app);
    stored(&app, 8 + sent).await;
    let has_body = |row: &Value| !row["request_body"].as_str().unwrap().is_empty();
    for (page, all) in [(1, true), (60, false)] {
        let rows = app.api().data(&format!("/api/logs?page_size=20&page={page}")).await["items"].take();
        assert_eq!(
            rows.as_array().unwrap().iter().all(has_body),
            all,
            "page {page}: the oldest have lost their bodies"
        );
    }
    assert_eq!(app.key(&group, &key).await["request_count"], 8 + sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_there_is_no_room_for_are_counted() {
    let disk = Disk::Limited;
    let (app, provider) = (disk.start().await, MockProvider::start());
    let key = key_of("g", "one");
    let group = group(&app, &provider, std::slice::from_ref(&key)).await;
    provider.otherwise(Answer::json(200, &json!({})));
    disk.fill(&app);
    let request = group.request("POST", &format!("/v1/{}", "x".repeat(15_000))).json(&json!({"model": "m"}));
    let request = request.header("user-agent", &"x".repeat(45_000));
    let sent = 1500;
    let mut connection = testkit::http::Connection::open(&app.addr().to_string()).await.unwrap();
    for _ in 0..sent {
        let reply = connection.request(&request).await.unwrap();
        let (reply, open) = reply.finish().await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        connection = open;
    }
    app.eventually("a word about rows", async || says(&app, "no room for the log: rows") > 0).await;
    disk.free(&app);
    let counted = async || {
        let count = app.key(&group, &key).await["request_count"].clone();
        if count == sent { Ok(()) } else { Err(count) }
    };
    app.eventually("every request to be counted", counted).await;
    let page = app.api().data("/api/logs?page_size=1").await;
    let rows = page["pagination"]["total_items"].as_u64().unwrap();
    assert!((500..sent).contains(&rows), "{rows} rows");
}
