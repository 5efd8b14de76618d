//! A wall clock that is set forward and back while the program runs: what is timed goes on by a clock of its own.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::App;
use testkit::app::GroupHandle;
use testkit::provider::errors::openai;
use testkit::provider::{MockProvider, Script};

use crate::support::BINARY;
use crate::support::clock::faketime;
use crate::support::keys::{key_of, key_state};

/// A program that reads the wall clock from a file.
struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Starts the program with the clock as it is.
    async fn start() -> (App, Self) {
        let builder = App::builder(BINARY).file("clock", "+0");
        let file = builder.dir().join("clock");
        let app = builder
            .env("LD_PRELOAD", &faketime())
            .env("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .start()
            .await;
        app.set(json!({"request_log_write_interval_minutes": 0})).await;
        (app, Self { file })
    }

    /// Sets it, in the words of libfaketime: `+2d` is two days ahead of the true time.
    fn set(&self, offset: &str) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, offset).unwrap();
        std::fs::rename(next, &self.file).unwrap();
    }
}

async fn call(group: &GroupHandle, times: usize) {
    for _ in 0..times {
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

async fn rows(app: &App, count: usize) -> Vec<Value> {
    let all = async || {
        let rows = app.logs("").await;
        if rows.len() == count { Ok(rows) } else { Err(rows) }
    };
    app.eventually(&format!("{count} rows"), all).await
}

/// The day the program thinks it is.
async fn today(app: &App) -> String {
    let (_, health) = app.api().get("/health").await;
    health["timestamp"].as_str().unwrap()[..10].to_owned()
}

const JUMPS: [&str; 4] = ["+2d", "-2d", "+400d", "+0"];

#[tokio::test]
async fn rests_and_ejections_do_not_jump() {
    let (app, clock) = Clock::start().await;
    let (limited, sick) = (MockProvider::start(), MockProvider::start());
    let keys = [key_of("g", "one"), key_of("g", "two")];
    let group = app.group("g").upstream(&limited.url()).keys(&keys).config(json!({"max_retries": 1})).create().await;
    limited.on_key(&keys[0], openai::rate_limited("gpt-4o", 3600));
    sick.otherwise(openai::server_error());
    let sites = app.group("sites").upstream(&sick.url()).upstream(&limited.url()).keys(["sk-3"]).create().await;
    call(&group, 2).await;
    call(&sites, 20).await;
    assert_eq!((limited.count_for_key(&keys[0]), sick.count()), (1, 5));
    let before = today(&app).await;
    for jump in JUMPS {
        clock.set(jump);
        assert_eq!(today(&app).await == before, jump == "+0", "the clock is set to {jump}");
        call(&group, 4).await;
        call(&sites, 4).await;
        assert_eq!(key_state(&app, &group, &keys[0]).await, "active 0 cooling gpt-4o", "{jump}");
    }
    assert_eq!(limited.count_for_key(&keys[0]), 1, "it rests on");
    assert_eq!(sick.count(), 5, "it is ejected still");
}

#[tokio::test]
async fn rows_counters_and_statistics_agree_whatever_the_clock_says() {
    let (app, clock) = Clock::start().await;
    let provider = MockProvider::start();
    let key = key_of("g", "one");
    let group = app.group("g").upstream(&provider.url()).keys([&key]).create().await;
    for (jumps, jump) in JUMPS.iter().enumerate() {
        clock.set(jump);
        call(&group, 5).await;
        rows(&app, 5 * (jumps + 1)).await;
    }
    assert_eq!(app.key(&group, &key).await["request_count"], 20);
    let listed = rows(&app, 20).await;
    let times: Vec<_> = listed.iter().map(|row| time(&row["timestamp"])).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first: {times:?}");
    assert!(listed.iter().all(|row| row["duration_ms"].as_i64().unwrap() < 60_000), "by the other clock: {listed:?}");
    let stats = app.api().data(&format!("/api/groups/{}/stats", group.id)).await;
    assert_eq!(stats["stats_30_day"]["total_requests"], 10, "those of the last 30 days, none that are ahead");
}

#[tokio::test]
async fn a_rest_is_never_longer_than_a_day_after_a_restart() {
    let (mut app, clock) = Clock::start().await;
    let provider = MockProvider::start();
    let keys = [key_of("g", "one"), key_of("g", "two")];
    let group = app.group("g").upstream(&provider.url()).keys(&keys).create().await;
    provider.on_key(&keys[0], openai::rate_limited("gpt-4o", 3600));
    clock.set("+400d");
    call(&group, 2).await;
    let resting = format!("/api/keys?status=cooling&group_id={}", group.id);
    assert_eq!(app.api().data(&resting).await["pagination"]["total_items"], 1);
    // It is written within 200 ms; to stop is to wait for that.
    app.terminate();
    app.wait_exit().await;
    clock.set("+0");
    app.restart().await;
    let key = app.key(&group, &keys[0]).await;
    let until = time(&key["cooldown_until"]);
    assert!(until < Timestamp::now() + SignedDuration::from_hours(25), "{until}");
    provider.otherwise(Script::ok());
    call(&group, 4).await;
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}
