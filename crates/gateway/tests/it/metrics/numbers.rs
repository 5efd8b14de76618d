//! What the numbers say after a few requests whose fate is known.

use serde_json::json;
use testkit::provider::errors::Kind;
use testkit::provider::{Answer, MockProvider, Script};
use testkit::{App, Gate};
use tokio::task::JoinSet;

use super::{Scrape, scrape};
use crate::support::{app_and_provider, builder, on_sqlite};

/// Scrapes until a sample has this value: entries are counted a moment after their request's end.
async fn once(app: &App, sample: &str, value: f64) -> Scrape {
    let look = async || {
        let scrape = scrape(app).await;
        let found = scrape.value(sample);
        if found == Some(value) { Ok(scrape) } else { Err(format!("{sample} is {found:?} in:\n{}", scrape.text)) }
    };
    app.eventually(&format!("{sample} to be {value}"), look).await
}

fn assert_values(scrape: &Scrape, expected: &[(&str, f64)]) {
    for (sample, value) in expected {
        assert_eq!(scrape.value(sample), Some(*value), "{sample} in:\n{}", scrape.text);
    }
}

#[tokio::test]
async fn requests_and_attempts_are_counted_by_group_and_outcome() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-limited-1", "sk-good"];
    let group = app.group("g").upstream(&provider.url()).keys(keys).create().await;
    let sorry = app.group("sorry").upstream(&provider.url()).keys(["sk-dead-1", "sk-spare"]);
    let sorry = sorry.config(json!({"blacklist_threshold": 1})).create().await;
    let empty = app.group("empty").upstream(&provider.url()).create().await;
    for _ in 0..4 {
        assert_eq!(group.chat("a-model-of-the-client").fetch().await.status, 200);
        assert_eq!(sorry.chat("gpt-4o").fetch().await.status, 200);
    }
    let mut stream = group.chat_stream("a-model-of-the-client").send().await;
    while stream.event().await.unwrap().is_some() {}
    assert_eq!(empty.chat("gpt-4o").fetch().await.status, 503);
    assert_eq!(app.proxied("GET", "nobody", "/v1/models", "pk-g").fetch().await.status, 404);
    assert_eq!(app.proxied("GET", "g", "/v1/models", "pk-wrong").fetch().await.status, 401);

    let told = once(&app, r#"gpt_load_requests_total{group="empty",outcome="unserved"}"#, 1.0).await;
    assert_values(
        &told,
        &[
            (r#"gpt_load_requests_total{group="g",outcome="ok"}"#, 5.0),
            (r#"gpt_load_requests_total{group="g",outcome="rate_limited"}"#, 0.0),
            (r#"gpt_load_attempts_total{attempt="1",group="sorry",outcome="key_refused"}"#, 1.0),
            (r#"gpt_load_attempts_total{attempt="1",group="g",outcome="rate_limited"}"#, 1.0),
            (r#"gpt_load_attempts_total{attempt="2",group="g",outcome="ok"}"#, 1.0),
            (r#"gpt_load_attempts_total{attempt="1",group="g",outcome="ok"}"#, 4.0),
            (r#"gpt_load_request_duration_seconds_count{group="g",stream="false"}"#, 4.0),
            (r#"gpt_load_request_duration_seconds_count{group="g",stream="true"}"#, 1.0),
            (r#"gpt_load_first_byte_seconds_bucket{group="g",le="+Inf"}"#, 5.0),
            (r#"gpt_load_keys{group="sorry",state="invalid"}"#, 1.0),
            (r#"gpt_load_keys_invalidated_total{group="sorry"}"#, 1.0),
            (r#"gpt_load_keys{group="sorry",state="active"}"#, 1.0),
            (r#"gpt_load_upstreams{group="g",state="healthy"}"#, 1.0),
            (r#"gpt_load_refused_requests_total{status="404"}"#, 1.0),
            (r#"gpt_load_refused_requests_total{status="401"}"#, 1.0),
        ],
    );
    for secret in ["sk-", "a-model-of-the-client", "pk-", "/v1/", "127.0.0.1"] {
        assert!(!told.text.contains(secret), "{secret} in:\n{}", told.text);
    }
}

#[tokio::test]
async fn what_is_under_way_and_what_is_sick_is_seen() {
    let (app, provider, gate) = (builder().start().await, MockProvider::start(), Gate::default());
    provider.on_key("sk-held", Answer::json(200, &json!({})).gate(&gate));
    provider.on_key("sk-sick", Script::fails(Kind::ServerError));
    let once_only = json!({"max_retries": 0});
    let held = app.group("held").upstream(&provider.url()).keys(["sk-held"]).create().await;
    let sick = app.group("sick").upstream(&provider.url()).keys(["sk-sick"]).config(once_only).create().await;
    for _ in 0..5 {
        assert_eq!(sick.chat("gpt-4o").fetch().await.status, 500);
    }
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { held.chat("gpt-4o").fetch().await.status });
    gate.reached(1).await;
    let told = once(&app, "gpt_load_requests_in_progress", 1.0).await;
    assert_values(
        &told,
        &[
            (r#"gpt_load_upstreams{group="sick",state="ejected_for_models"}"#, 1.0),
            (r#"gpt_load_upstreams{group="sick",state="healthy"}"#, 0.0),
            (r#"gpt_load_ejections_total{group="sick"}"#, 1.0),
            (r#"gpt_load_ejections_total{group="held"}"#, 0.0),
        ],
    );
    assert!(told.value("gpt_load_client_connections").unwrap() >= 2.0, "the one that waits, and this one");
    gate.open();
    assert_eq!(waiting.join_next().await.unwrap().unwrap(), 200);
    once(&app, "gpt_load_requests_in_progress", 0.0).await;
}

#[tokio::test]
async fn the_process_is_measured() {
    let told = scrape(&on_sqlite().start().await).await;
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
        "gpt_load_log_spool_bytes",
        "gpt_load_connections_limit",
        "gpt_load_database_connections",
    ] {
        assert!(told.value(name).unwrap() > 0.0, "{name} in:\n{}", told.text);
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let started = told.value("process_start_time_seconds").unwrap();
    assert!(started <= now && now - started < 600.0, "{started}");
}

#[tokio::test]
async fn a_group_that_is_deleted_is_told_of_no_more() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("gone").upstream(&provider.url()).keys(["sk-1"]).create().await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    once(&app, r#"gpt_load_requests_total{group="gone",outcome="ok"}"#, 1.0).await;
    assert_eq!(app.api().delete(&format!("/api/groups/{}", group.id)).await.0, 200);
    assert!(!scrape(&app).await.text.contains("gone\""));
}
