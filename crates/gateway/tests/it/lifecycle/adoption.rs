//! Databases of GPT-Load 1.4.9, opened in place.

use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::app::Builder;
use testkit::provider::MockProvider;
use testkit::servers::Engine;
use testkit::{App, http};

use super::ended;
use crate::support::{builder, on_sqlite};

mod answers;

const STANDARD: [&str; 7] = [
    "team-openai",
    "team-responses",
    "team-gemini",
    "team-anthropic",
    "spare-openai",
    "empty-openai",
    "spare-openai_copy",
];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../storage/tests/fixtures")).join(name)
}

/// What GPT-Load 1.4.9 said of its own database.
fn told(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(&format!("{name}.expected.json"))).unwrap()).unwrap()
}

/// The fixtures of the database that is tested.
fn fixtures() -> &'static [&'static str] {
    match Engine::of_tests() {
        Engine::Sqlite => &["sqlite", "sqlite-encrypted"],
        Engine::Postgres => &["postgres"],
        Engine::MariaDb => &["mariadb"],
    }
}

fn on_copy_of(name: &str) -> Builder {
    if name.starts_with("sqlite") {
        return on_sqlite().file("data/gpt-load.db", std::fs::read(fixture(&format!("{name}.db"))).unwrap());
    }
    let builder = builder();
    builder.database().load(&std::fs::read_to_string(fixture(&format!("{name}.sql"))).unwrap());
    builder
}

/// Sends every group's traffic to the provider.
async fn redirect_to(app: &App, provider: &MockProvider) {
    for group in app.api().data("/api/groups").await.as_array().unwrap() {
        if group["group_type"] == "standard" {
            let fields = json!({"upstreams": [{"url": provider.url(), "weight": 1}]});
            let (status, body) = app.api().put(&format!("/api/groups/{}", group["id"]), &fields).await;
            assert_eq!(status, 200, "{body}");
        }
    }
}

/// A call that the group's provider understands.
fn call(app: &App, group: &str, proxy_key: &str) -> http::Request {
    let post = |path: &str| app.proxied("POST", group, path, proxy_key);
    match group {
        "team-responses" => post("/v1/responses").json(&json!({"model": "a", "input": "hi"})),
        "team-gemini" => post("/v1beta/models/gemini-2.5-flash:generateContent").json(&json!({"contents": []})),
        "team-anthropic" => {
            post("/v1/messages").json(&json!({"model": "claude-sonnet-4", "max_tokens": 9, "messages": []}))
        }
        _ => post("/v1/chat/completions").json(&json!({"model": "gpt-4.1-mini", "messages": []})),
    }
}

#[tokio::test]
async fn check_looks_into_the_database_before_it_is_changed() {
    for name in fixtures() {
        let told = told(name);
        let key = told["encryption_key"].as_str().unwrap();
        let (code, output) = ended(on_copy_of(name).arg("check").env("ENCRYPTION_KEY", key)).await;
        let groups = told["groups"].as_array().unwrap().len();
        assert_eq!(code, Some(0), "{name}: {output}");
        assert!(output.contains(&format!("database: {groups} groups")), "{name}: {output}");
    }
}

#[tokio::test]
async fn every_group_serves_with_its_own_keys() {
    for name in fixtures() {
        let told = told(name);
        let provider = MockProvider::start();
        let app = on_copy_of(name).env("ENCRYPTION_KEY", told["encryption_key"].as_str().unwrap()).start().await;
        let copy = app.dir().join("data/gpt-load.db.before-migration");
        assert_eq!(copy.exists(), name.starts_with("sqlite"), "a copy of a file is kept");
        redirect_to(&app, &provider).await;
        for group in STANDARD {
            provider.forget();
            let reply = call(&app, group, "pk-team-one").fetch().await;
            let keys = told["keys"][group].as_array().unwrap();
            if keys.is_empty() {
                assert_eq!((reply.status, provider.count()), (503, 0), "{group}: {}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 200, "{name}, {group}: {}", reply.text());
            let used = provider.last_request().key.clone().unwrap();
            let of_group = keys.iter().any(|key| key["key_value"] == json!(used) && key["status"] == "active");
            assert!(of_group, "{used} is no active key of {group}");
        }
    }
}

#[tokio::test]
async fn proxy_keys_and_aggregates_of_the_database_work() {
    let provider = MockProvider::start();
    let app = on_copy_of(fixtures()[0]).start().await;
    redirect_to(&app, &provider).await;
    let cases = [
        ("team-openai", "gk-openai-b", 200),
        ("team-openai", "pk-team-two", 200),
        ("team-gemini", "gk-openai-b", 401),
        ("all-openai", "pk-team-two", 200),
        ("all-openai", testkit::app::AUTH_KEY, 401),
    ];
    for (group, key, status) in cases {
        let reply = call(&app, group, key).fetch().await;
        assert_eq!(reply.status, status, "{group} with {key}: {}", reply.text());
    }
    let sent = provider.requests().into_iter().find(|request| request.header("X-Team").is_some()).unwrap();
    assert_eq!(sent.header("X-Team"), Some("team-openai/127.0.0.1"), "the group's header rule");
    assert!(sent.text().contains("12345678901234567000"), "the group's override, digit for digit: {}", sent.text());
}

#[tokio::test]
async fn without_the_right_encryption_key_nothing_is_sent_and_it_is_said() {
    for (key, scenario) in [("", "key_not_configured"), ("another-encryption-key", "key_mismatch")] {
        let provider = MockProvider::start();
        let app = on_copy_of("sqlite-encrypted").env("ENCRYPTION_KEY", key).start().await;
        let output = app.output();
        assert!(output.contains("ENCRYPTION_KEY does not fit") && output.contains(scenario), "{output}");
        redirect_to(&app, &provider).await;
        for group in STANDARD {
            let reply = call(&app, group, "pk-team-one").fetch().await;
            assert_eq!(reply.status, 503, "{group}: {}", reply.text());
            assert_eq!(reply.json()["code"], "NO_KEYS_AVAILABLE");
        }
        let keys = app.api().data("/api/keys?group_id=1").await;
        let shown: Vec<_> = keys["items"].as_array().unwrap().iter().map(|key| key["key_value"].clone()).collect();
        assert!(shown.iter().all(|key| key == "failed-to-decrypt") && shown.len() == 15, "{shown:?}");
        let body = json!({"group_id": 1, "keys_text": "sk-ok-openai00"});
        let (status, tested) = app.api().post("/api/keys/test-multiple", &body).await;
        assert_eq!((status, &tested["data"]["results"][0]["is_valid"]), (200, &json!(false)), "{tested}");
        assert_eq!(provider.count(), 0, "ciphertext never leaves");
    }
}

#[tokio::test]
async fn plain_keys_serve_under_an_encryption_key_too_and_it_is_said() {
    let provider = MockProvider::start();
    let app = on_copy_of(fixtures()[0]).env("ENCRYPTION_KEY", "set-later-by-the-operator").start().await;
    assert!(app.output().contains("data_not_encrypted"), "{}", app.output());
    redirect_to(&app, &provider).await;
    assert_eq!(call(&app, "spare-openai", "pk-team-one").fetch().await.status, 200);
    assert_eq!(provider.last_request().key.as_deref(), Some("sk-ok-spare1"));
}

#[tokio::test]
async fn a_file_whose_writer_was_killed_is_opened_with_all_that_was_written() {
    let builder = on_copy_of("sqlite");
    builder.database().abandon("UPDATE groups SET display_name = 'in the write-ahead log' WHERE id = 1");
    assert!(builder.dir().join("data/gpt-load.db-wal").metadata().unwrap().len() > 0);
    let app = builder.start().await;
    let groups = app.api().data("/api/groups").await;
    let group = groups.as_array().unwrap().iter().find(|group| group["id"] == 1).unwrap();
    assert_eq!(group["display_name"], "in the write-ahead log");
}

#[tokio::test]
async fn log_rows_under_a_former_key_are_shown_without_it_and_are_no_mismatch() {
    let told = told("sqlite-encrypted");
    let builder = on_copy_of("sqlite-encrypted");
    let former = "UPDATE request_logs SET key_value = '00112233445566778899aabbccddeeff00112233445566778899aabb' \
                  WHERE key_value <> ''";
    builder.database().run([former]);
    let app = builder.env("ENCRYPTION_KEY", told["encryption_key"].as_str().unwrap()).start().await;
    assert!(!app.output().contains("ENCRYPTION_KEY"), "{}", app.output());
    let logs = app.logs("").await;
    let shown = logs.iter().filter(|row| row["key_value"] == "failed-to-decrypt").count();
    let of_keys = told["logs"].as_array().unwrap().iter().filter(|row| row["key_value"] != "").count();
    assert_eq!((logs.len(), shown), (told["logs"].as_array().unwrap().len(), of_keys));
    let keys = app.api().data("/api/keys?page_size=1000&group_id=1").await;
    assert!(keys["items"].as_array().unwrap().iter().all(|key| key["key_value"] != "failed-to-decrypt"));
}
