//! `gpt-load migrate-keys`.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use testkit::App;
use testkit::app::Builder;
use testkit::database::Rows;
use testkit::provider::MockProvider;
use testkit::wait::eventually;

use super::ended;
use crate::support::{BINARY, builder, on_sqlite};

const OLD: &str = "the former encryption key";
const NEW: &str = "the new encryption key";

/// The command on the data folder and the database of `app`.
fn migrate(app: &App, options: &[&str]) -> Builder {
    let command = on(app, "").arg("migrate-keys");
    options.iter().fold(command, |command, option| command.arg(option))
}

/// The program once more.
fn on(app: &App, encryption_key: &str) -> Builder {
    app.beside(BINARY).env("ENCRYPTION_KEY", encryption_key)
}

async fn stop(app: &mut App) {
    app.terminate();
    assert!(app.wait_exit().await.success(), "{}", app.output());
}

/// Whether a server with this key serves with the keys of the group, all of them.
async fn assert_serves(app: &App, encryption_key: &str, provider: &MockProvider, keys: u64) {
    let mut server = on(app, encryption_key).start().await;
    assert!(!server.output().contains("ENCRYPTION_KEY"), "{}", server.output());
    provider.forget();
    let call = server.proxied("POST", "g", "/v1/chat/completions", testkit::app::AUTH_KEY);
    let reply = call.json(&json!({"model": "m", "messages": []})).fetch().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(provider.last_request().key.clone().unwrap().starts_with("sk-migrated"));
    let stats = server.api().data("/api/groups/1/stats").await;
    assert_eq!(stats["key_stats"]["active_keys"], keys);
    stop(&mut server).await;
}

fn key_columns(app: &App) -> Rows {
    let [rows] = app.database().run(["SELECT key_value, key_hash FROM api_keys ORDER BY id"]);
    rows
}

#[tokio::test]
async fn a_server_serves_with_the_key_it_was_migrated_to() {
    let provider = MockProvider::start();
    let mut app = builder().start().await;
    app.group("g").upstream(&provider.url()).keys(["sk-migrated1", "sk-migrated2"]).create().await;
    stop(&mut app).await;
    let plain = key_columns(&app);
    let steps: [(&[&str], &str); 4] = [
        (&["--to", OLD], OLD),
        (&["-from", OLD, "-to", NEW], NEW),
        (&["-from", OLD, "-to", NEW], NEW),
        (&["--from", NEW], ""),
    ];
    for (options, key_afterwards) in steps {
        let (code, output) = ended(migrate(&app, options)).await;
        assert!(code == Some(0) && output.contains("ok: "), "{options:?}: {output}");
        assert!(!output.contains(OLD) && !output.contains(NEW), "{output}");
        assert_eq!(key_columns(&app) == plain, key_afterwards.is_empty());
        assert_serves(&app, key_afterwards, &provider, 2).await;
    }
}

#[tokio::test]
async fn what_can_not_be_migrated_is_left_as_it_is() {
    let mut app = builder().env("ENCRYPTION_KEY", OLD).start().await;
    app.group("g").upstream("http://127.0.0.1:9").keys(["sk-migrated1"]).create().await;
    let options = ["--from", OLD, "--to", NEW];
    let (code, output) = ended(migrate(&app, &options)).await;
    assert!(code == Some(1) && output.contains("in use"), "{output}");
    stop(&mut app).await;
    let before = key_columns(&app);
    let cases: [(&[&str], &str); 6] = [
        (&["--from", "another key", "--to", NEW], "1 keys can be read neither"),
        (&["--from", "another key"], "1 keys can be read neither"),
        (&["--to", NEW], "1 keys can be read neither"),
        (&["--from", OLD, "--to", OLD], "the same key"),
        (&["--from", OLD, "--to", ""], "--to is empty"),
        (&[], "--from, --to or both"),
    ];
    for (options, said) in cases {
        let (code, output) = ended(migrate(&app, options)).await;
        assert!(code == Some(1) && output.contains(said), "{options:?}: {output}");
        assert_eq!(key_columns(&app), before, "{options:?}");
    }
}

#[tokio::test]
async fn entries_that_a_killed_server_left_in_its_spool_are_migrated_too() {
    let provider = MockProvider::start();
    let mut app = builder().start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-migrated1"]).create().await;
    for _ in 0..3 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    let spool = app.dir().join("data/spool");
    let bytes = || std::fs::read_dir(&spool).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>();
    eventually("entries in the spool", async || (bytes() > 300).then_some(())).await;
    app.kill9().await;
    let (code, output) = ended(migrate(&app, &["--to", NEW])).await;
    assert_eq!(code, Some(0), "{output}");
    let server = on(&app, NEW).start().await;
    let logs = server.logs("").await;
    assert!(!logs.is_empty() && logs.iter().all(|row| row["key_value"] == "sk-migrated1"), "{logs:?}");
}

#[tokio::test]
async fn killed_half_way_it_goes_on_where_it_was() {
    let provider = MockProvider::start();
    // Its triggers are the easiest to write.
    let mut app = on_sqlite().env("ENCRYPTION_KEY", OLD).start().await;
    let keys = (0..5000).map(|number| format!("sk-migrated{number}"));
    app.group("g").upstream(&provider.url()).keys(keys).create().await;
    stop(&mut app).await;
    let before = key_columns(&app);
    // One key of the second half takes for ever.
    let endless = "CREATE TRIGGER endless BEFORE UPDATE ON api_keys WHEN NEW.id = 3000 BEGIN SELECT (WITH RECURSIVE n(i) AS \
                   (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n); END";
    app.database().run([endless]);
    let mut child = command(app.dir(), &["migrate-keys", "--from", OLD, "--to", NEW]);
    let migrated = || key_columns(&app).iter().zip(&before).filter(|(now, before)| now != before).count();
    let done = eventually("a part to be migrated", async || Some(migrated()).filter(|done| *done > 0)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(done < 3000 && migrated() == done, "{done}");

    app.database().run(["DROP TRIGGER endless"]);
    let (code, output) = ended(migrate(&app, &["--from", OLD, "--to", NEW])).await;
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains(&format!("{} keys to migrate, {done} done before", 5000 - done)), "{output}");
    assert_serves(&app, NEW, &provider, 5000).await;
}

fn command(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}
