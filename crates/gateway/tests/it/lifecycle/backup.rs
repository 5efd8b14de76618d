//! `gpt-load export` and `gpt-load import`.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use testkit::App;
use testkit::app::Builder;
use testkit::provider::MockProvider;

use super::ended;
use crate::support::{BINARY, builder};

const PASSPHRASE: &str = "correct horse battery staple";

/// A command on the data folder of `app`.
fn command(app: &App, arguments: &[&str]) -> Builder {
    arguments.iter().fold(app.beside(BINARY), |command, argument| command.arg(argument))
}

/// A server that has stopped, with a group, an aggregate of it and a setting.
async fn stopped_with_a_group(provider: &MockProvider) -> App {
    let mut app = builder().start().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-saved-1", "sk-saved-2"]).create().await;
    let all = json!({"name": "all", "group_type": "aggregate", "channel_type": "openai"});
    let all = app.api().create("/api/groups", &all).await["id"].clone();
    let member = json!({"sub_groups": [{"group_id": group.id, "weight": 5}]});
    assert_eq!(app.api().post(&format!("/api/groups/{all}/sub-groups"), &member).await.0, 200);
    app.set(json!({"max_retries": 7})).await;
    stop(&mut app).await;
    app
}

async fn stop(app: &mut App) {
    app.terminate();
    assert!(app.wait_exit().await.success(), "{}", app.output());
}

fn as_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_new_machine_serves_what_another_has_exported() {
    let provider = MockProvider::start();
    let from = stopped_with_a_group(&provider).await;
    let file = from.dir().join("saved.jsonl");
    let export = command(&from, &["export", "--out", as_text(&file)]).env("BACKUP_PASSPHRASE", PASSPHRASE);
    let (code, output) = ended(export).await;
    assert!(code == Some(0) && output.contains("2 groups, 1 links to sub-groups, 2 keys"), "{output}");
    let saved = std::fs::read_to_string(&file).unwrap();
    assert!(!saved.contains("sk-") && !output.contains(PASSPHRASE) && !output.contains("sk-"), "{output}");

    let folder = tempfile::tempdir().unwrap();
    let dsn = folder.path().join("other.db");
    let other = || builder().env("DATABASE_DSN", as_text(&dsn)).env("ENCRYPTION_KEY", "the key of the new machine");
    let import = other().env("BACKUP_PASSPHRASE", PASSPHRASE).arg("import").arg("--in").arg(as_text(&file));
    let (code, output) = ended(import).await;
    assert!(code == Some(0) && output.contains("ok: imported 2 groups"), "{output}");

    let server = other().start().await;
    for group in ["g", "all"] {
        let call = server.proxied("POST", group, "/v1/chat/completions", testkit::app::AUTH_KEY);
        let reply = call.json(&json!({"model": "m", "messages": []})).fetch().await;
        assert_eq!(reply.status, 200, "{group}: {}", reply.text());
        assert!(provider.last_request().key.clone().unwrap().starts_with("sk-saved-"));
    }
    let settings = server.api().data("/api/settings").await.to_string();
    assert!(settings.contains("\"name\":\"Retries\",\"value\":7"), "{settings}");
}

#[tokio::test]
async fn what_can_not_be_done_is_said_and_leaves_nothing_behind() {
    let provider = MockProvider::start();
    let app = stopped_with_a_group(&provider).await;
    let (file, cut) = (app.dir().join("saved.jsonl"), app.dir().join("cut.jsonl"));
    let (file, gone) = (as_text(&file), app.dir().join("gone.jsonl"));
    assert_eq!(ended(command(&app, &["export", "--out", file, "--plain"])).await.0, Some(0));
    let saved = std::fs::read(file).unwrap();
    std::fs::write(&cut, &saved[..saved.len() - 5]).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["export", "--out", file, "--plain"], "exists already"),
        (&["export", "--out", "/nowhere/saved.jsonl", "--plain"], "/nowhere/saved.jsonl.partial can't be written"),
        (&["export", "--out", "sealed.jsonl"], "set BACKUP_PASSPHRASE: there is no terminal"),
        (&["import", "--in", as_text(&gone)], "gone.jsonl can't be opened"),
        (&["import", "--in", as_text(&cut)], "the backup was cut"),
        (&["import", "--in", file], "2 groups of the backup exist already: all, g"),
    ];
    for (arguments, said) in cases {
        let setsid = builder_without_terminal(&app, arguments);
        let (code, output) = ended(setsid).await;
        assert!(code == Some(1) && output.contains(said), "{arguments:?}: {output}");
    }
    let (code, output) = ended(command(&app, &["import", "--in", file, "--keep-existing"])).await;
    assert!(code == Some(0) && output.contains("left as they are: all, g"), "{output}");
    let server = command(&app, &[]).start().await;
    let stats = server.api().data("/api/groups/1/stats").await;
    assert_eq!(stats["key_stats"]["total_keys"], 2);
    let (code, output) = ended(command(&app, &["export", "--out", "more.jsonl", "--plain"])).await;
    assert!(code == Some(1) && output.contains("in use"), "{output}");
    let mut files: Vec<_> = std::fs::read_dir(app.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["cut.jsonl", "data", "saved.jsonl"]);
}

/// The command in a session of its own, which has no terminal even where the tests have one.
fn builder_without_terminal(app: &App, arguments: &[&str]) -> Builder {
    let command = app.beside("/usr/bin/setsid").arg("--wait").arg(BINARY);
    arguments.iter().fold(command, |command, argument| command.arg(argument))
}

/// Runs a command on a terminal of its own and types a line after each prompt. Prints what the terminal showed.
const ON_A_TERMINAL: &str = "
import os, pty, sys
lines, command = sys.argv[1].split('|'), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown = b''
def read():
    global shown
    try:
        more = os.read(terminal, 1000)
    except OSError:
        more = b''
    shown += more
    return more
for number, line in enumerate(lines, 1):
    while shown.count(b': ') < number and read():
        pass
    os.write(terminal, line.encode() + b'\\n')
while read():
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

/// Exit code, and what the terminal showed.
fn on_a_terminal(folder: &Path, typed: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let mut python = Command::new("python3");
    python.args(["-c", ON_A_TERMINAL, typed, BINARY]).args(arguments).current_dir(folder).env_clear();
    let output = python.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn a_passphrase_that_is_typed_is_not_shown() {
    let provider = MockProvider::start();
    let app = stopped_with_a_group(&provider).await;
    let export = ["export", "--out", "saved.jsonl"];
    let (code, shown) = on_a_terminal(app.dir(), "one thing|another", &export);
    assert!(code == Some(1) && shown.contains("not the same"), "{shown}");
    let (code, shown) = on_a_terminal(app.dir(), "|", &export);
    assert!(code == Some(1) && shown.contains("empty"), "{shown}");
    let (code, shown) = on_a_terminal(app.dir(), &format!("{PASSPHRASE}|{PASSPHRASE}"), &export);
    assert!(code == Some(0) && !shown.contains("horse"), "{shown}");
    let import = ["import", "--in", "saved.jsonl", "--keep-existing"];
    let (code, shown) = on_a_terminal(app.dir(), "wrong", &import);
    assert!(code == Some(1) && shown.contains("the passphrase is wrong"), "{shown}");
    let (code, shown) = on_a_terminal(app.dir(), PASSPHRASE, &import);
    assert!(code == Some(0) && !shown.contains("horse"), "{shown}");
}
