//! A new process that can't serve changes nothing for the one that does.

use std::process::Command;

use serde_json::json;
use testkit::App;
use testkit::provider::{Answer, MockProvider};

use super::{put_in_place, replaceable};
use crate::support::BINARY;
use crate::support::traffic::Traffic;

/// Tries to upgrade; what the command says when that fails.
async fn refused(app: &App) -> String {
    let ended = app.beside(BINARY).arg("upgrade").try_start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.output);
    ended.output
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_can_not_start_leaves_the_old_one_serving() {
    let (mut app, provider) = (replaceable().start().await, MockProvider::start());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let mut traffic = Traffic::start(app.addr(), &group.chat("gpt-4o"));
    let before = app.pid();
    for (script, reason) in [
        ("#!/bin/sh\nexit 3\n", "exit status: 3"),
        ("#!/bin/sh\nkill -9 $$\n", "signal: 9"),
        ("#!/nowhere\n", "can't be started"),
    ] {
        put_in_place(&app, script);
        let said = refused(&app).await;
        assert!(said.contains("this server goes on") && said.contains(reason), "{reason} in {said}");
        traffic.goes_on(20).await;
    }
    put_in_place(&app, &format!("#!/bin/sh\nexec env HTTP_PROXY=gopher://somewhere {BINARY} \"$@\"\n"));
    let said = refused(&app).await;
    assert!(said.contains("HTTP_PROXY") && app.output().contains("this server goes on"), "{said}");
    traffic.goes_on(20).await;
    assert_eq!(app.pid(), before);

    put_in_place(&app, &format!("#!/bin/sh\nexec {BINARY} \"$@\"\n"));
    app.replace().await.ended().await;
    traffic.goes_on(20).await;
    traffic.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_not_broken_off() {
    let (app, provider) = (replaceable().start().await, MockProvider::start());
    provider.on_key("sk-hang", Answer::hang());
    let group = app.group("g").upstream(&provider.url()).keys(["sk-hang"]).create().await;
    let (status, task) = app.api().post("/api/keys/validate-group", &json!({"group_id": group.id})).await;
    assert_eq!(status, 200, "{task}");
    assert!(refused(&app).await.contains("a task runs"));
}

#[tokio::test]
async fn there_must_be_a_server() {
    let app = replaceable().start().await;
    let mut app = app;
    app.kill9().await;
    assert!(refused(&app).await.contains("no server runs"));
    let ended = app.beside(BINARY).arg("serve").arg("--takeover").try_start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.output);
    assert!(ended.output.contains("--takeover"), "{}", ended.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_meanwhile_ends_both() {
    let mut app = replaceable().start().await;
    put_in_place(&app, "#!/bin/sh\necho $$ > started\nexec sleep 1000\n");
    assert!(Command::new("kill").args(["-s", "USR2", &app.pid().to_string()]).status().unwrap().success());
    let started = app.dir().join("started");
    let pid = async || std::fs::read_to_string(&started).ok()?.trim().parse::<u32>().ok();
    let pid = app.eventually("the new program to begin", pid).await;
    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
    let is_gone = async || !std::path::Path::new(&format!("/proc/{pid}")).exists();
    app.eventually("the new program to end", is_gone).await;
}
