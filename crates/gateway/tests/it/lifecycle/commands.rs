//! The command line, and `gpt-load check`.

use serde_json::json;
use testkit::app::Builder;
use testkit::database::Database;
use testkit::servers::Engine;

use super::ended;
use crate::support::{BINARY, builder, on_sqlite};

#[tokio::test]
async fn help_and_version_are_printed() {
    for arguments in [&["--help"][..], &["help"]] {
        let (code, output) = ended(with(arguments)).await;
        assert_eq!(code, Some(0), "{output}");
        for word in ["check", "serve"] {
            assert!(output.contains(word), "{word} in {output}");
        }
    }
    let (code, output) = ended(with(&["--help"])).await;
    assert_eq!(code, Some(0));
    for variable in ["AUTH_KEY", "DATABASE_DSN", "SERVER_DRAIN_DELAY", "./data/gpt-load.db"] {
        assert!(output.contains(variable), "{variable} in {output}");
    }
    let (code, output) = ended(with(&["--version"])).await;
    assert_eq!((code, output), (Some(0), format!("gpt-load {}\n", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn what_is_no_command_ends_with_1_and_says_so() {
    for argument in ["serv", "--port", "check2"] {
        let (code, output) = ended(with(&[argument])).await;
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains(argument) && output.contains("--help"), "{output}");
    }
}

#[tokio::test]
async fn check_says_that_all_is_well() {
    let (code, output) = ended(with(&["check"])).await;
    assert_eq!(code, Some(0), "{output}");
    for told in ["ok: ", "127.0.0.1", "database: empty", "plain text"] {
        assert!(output.contains(told), "{told} in {output}");
    }
    let encrypted = with(&["check"]).env("ENCRYPTION_KEY", "a key of more than 16 characters").env("LOG_LEVEL", "loud");
    let (code, output) = ended(encrypted.env("REDIS_DSN", "redis://:hunter2@127.0.0.1:1/0")).await;
    assert_eq!(code, Some(0), "{output}");
    for warned in ["warning: LOG_LEVEL = \"loud\"", "encrypted"] {
        assert!(output.contains(warned) && !output.contains("hunter2"), "{warned} in {output}");
    }
    let is_alone = Engine::of_tests() == Engine::Sqlite;
    assert_eq!(output.contains("warning: REDIS_DSN"), is_alone, "only a file has no other nodes: {output}");
}

#[tokio::test]
async fn check_looks_into_the_database() {
    let mut app = builder().env("ENCRYPTION_KEY", "the key of this database").start().await;
    app.group("g").upstream("http://127.0.0.1:9").keys(["sk-1"]).create().await;
    app.terminate();
    assert!(app.wait_exit().await.success());
    for (key, fits) in [("the key of this database", true), ("another key, by mistake", false)] {
        let (code, output) = ended(app.beside(BINARY).arg("check").env("ENCRYPTION_KEY", key)).await;
        assert_eq!((code, output.contains("key_mismatch")), (Some(0), !fits), "{output}");
        assert!(output.contains("1 groups") && !output.contains(key), "{output}");
    }
}

#[tokio::test]
async fn check_names_a_database_that_can_not_be_used() {
    let cases = [
        ("/dev/null/gpt-load.db", "/dev/null"),
        ("./file/gpt-load.db", "./file"),
        ("./folder", "./folder"),
        ("./file", "not a database"),
        ("postgres://user:hunter2@127.0.0.1:1/db", "127.0.0.1:1"),
        ("redis://user:hunter2@127.0.0.1/0", "redis://"),
    ];
    for (dsn, named) in cases {
        let builder = with(&["check"]).file("file", "this is a text, and long enough to be looked at. ".repeat(40));
        let (code, output) = ended(builder.file("folder/x", "").env("DATABASE_DSN", dsn)).await;
        assert_eq!(code, Some(2), "{dsn}: {output}");
        assert!(output.contains(named) && !output.contains("hunter2"), "{dsn}: {output}");
    }
}

#[tokio::test]
async fn check_tells_that_the_data_folder_is_in_use() {
    let app = on_sqlite().start().await;
    let (code, output) = ended(app.beside(BINARY).arg("check")).await;
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains("in use") && output.contains(&app.pid().to_string()), "{output}");
}

#[tokio::test]
async fn vacuum_gives_unused_space_back_once_the_server_is_down() {
    let mut app = builder().start().await;
    let keys = (0..1000).map(|number| format!("sk-{number:040}"));
    let group = app.group("g").upstream("http://127.0.0.1:9").keys(keys).create().await;
    app.api()
        .create("/api/keys/disable-multiple", &json!({"group_id": group.id, "keys_text": format!("sk-{:040}", 7)}))
        .await;
    let (code, output) = ended(app.beside(BINARY).arg("vacuum")).await;
    assert!(code == Some(1) && output.contains("in use"), "{output}");
    app.terminate();
    assert!(app.wait_exit().await.success());
    app.database().run(["DELETE FROM api_keys WHERE status <> 'disabled'"]);
    let size = || match app.database() {
        Database::File(file) => file.metadata().unwrap().len(),
        Database::Server(_) => 0,
    };
    let before = size();
    let (code, output) = ended(app.beside(BINARY).arg("vacuum")).await;
    assert!(code == Some(0) && output.contains("ok: "), "{output}");
    assert!(size() < before || before == 0, "{} of {before} bytes", size());
    app.restart().await;
    let keys = app.api().data(&format!("/api/keys?group_id={}", group.id)).await;
    assert_eq!((&keys["pagination"]["total_items"], &keys["items"][0]["status"]), (&json!(1), &json!("disabled")));
}

fn with(arguments: &[&str]) -> Builder {
    arguments.iter().fold(builder(), |builder, argument| builder.arg(argument))
}
