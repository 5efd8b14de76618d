//! The first start in an empty folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use testkit::app::{AUTH_KEY, Api};
use testkit::provider::MockProvider;

use super::builder_without;
use crate::support::{builder, on_sqlite};

#[tokio::test]
async fn without_an_admin_key_one_is_made_printed_once_and_kept() {
    let mut app = builder_without(&["AUTH_KEY"]).start().await;
    let key = app.eventually("the admin key", async || printed_key(&app.output())).await;
    assert!(key.starts_with("sk-") && key.len() > 20, "{key}");
    assert!(app.output().contains(&format!("listening on {}", app.url(""))), "{}", app.output());
    assert_eq!(Api::new(app.addr(), &key).get("/api/groups").await.0, 200);
    assert_eq!(app.api().get("/api/groups").await.0, 401, "another key");
    assert_eq!(mode(&app.dir().join("data/auth-key")), 0o600);

    app.restart().await;
    assert_eq!(Api::new(app.addr(), &key).get("/api/groups").await.0, 200, "the same key");
    app.terminate();
    assert!(app.wait_exit().await.success());
    assert!(!app.output().contains(&key), "printed once only:\n{}", app.output());
}

#[tokio::test]
async fn an_admin_key_that_is_given_is_neither_printed_nor_written() {
    let mut app = builder().start().await;
    assert_eq!(app.api().get("/api/groups").await.0, 200);
    app.terminate();
    assert!(app.wait_exit().await.success());
    assert!(!app.output().contains(AUTH_KEY) && printed_key(&app.output()).is_none(), "{}", app.output());
    assert!(!app.dir().join("data/auth-key").exists());
}

#[tokio::test]
async fn what_it_writes_is_for_its_user_only() {
    let mut app = on_sqlite().start().await;
    app.terminate();
    assert!(app.wait_exit().await.success());
    for (path, expected) in
        [("data", 0o700), ("data/gpt-load.db", 0o600), ("data/spool", 0o700), ("data/gpt-load.lock", 0o600)]
    {
        assert_eq!(mode(&app.dir().join(path)), expected, "{path}");
    }
}

#[tokio::test]
async fn with_an_encryption_key_no_provider_key_lies_in_the_data_folder_in_the_clear() {
    let provider = MockProvider::start();
    // Its database lies there, too.
    let mut app = on_sqlite().env("ENCRYPTION_KEY", "an encryption key of the test").start().await;
    app.set(json!({"request_log_write_interval_minutes": 0})).await;
    let keys = ["sk-clear-text-0001", "sk-dead-clear-text-0002"];
    let group =
        app.group("g").upstream(&provider.url()).keys(keys).config(json!({"blacklist_threshold": 1})).create().await;
    for _ in 0..3 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    app.eventually("the rows", async || app.logs("").await.len() == 4).await;
    let is_stored = async || {
        let [invalid] = app.database().run(["SELECT count(*) FROM api_keys WHERE status = 'invalid'"]);
        if invalid == [[json!(1)]] { Ok(()) } else { Err(invalid) }
    };
    app.eventually("the bad key to be stored as such", is_stored).await;
    app.kill9().await;
    let mut looked_at = 0;
    for folder in ["data", "data/spool"] {
        for file in std::fs::read_dir(app.dir().join(folder)).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            looked_at += bytes.len();
            assert!(!String::from_utf8_lossy(&bytes).contains("clear-text"));
        }
    }
    assert!(looked_at > 10_000, "{looked_at} bytes");
    app.restart().await;
    assert_eq!(group.chat("m").fetch().await.status, 200);
    app.eventually("the rows", async || app.logs("key_value=sk-clear-text-0001").await.len() == 4).await;
    assert_eq!(app.key(&group, "sk-dead-clear-text-0002").await["status"], "invalid");
}

fn printed_key(output: &str) -> Option<String> {
    let line = output.lines().find(|line| line.contains("admin key"))?;
    Some(line.rsplit_once(' ')?.1.to_owned())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
