//! Tasks: import, deletion and validation of any number of keys, one at a time.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::gate::Gate;
use testkit::provider::{Answer, Script};
use testkit::wait::eventually_in;

use super::{assert_refused, names};
use crate::support::app_and_provider;

async fn status(app: &App) -> Value {
    app.api().data("/api/tasks/status").await
}

/// The task's status once it has ended.
async fn ended(app: &App) -> Value {
    let look = async || Some(status(app).await).filter(|status| status["is_running"] == false);
    app.eventually("the task to end", look).await
}

fn of(group: &GroupHandle, keys_text: &str) -> Value {
    json!({"group_id": group.id, "keys_text": keys_text})
}

#[tokio::test]
async fn an_import_tells_how_far_it_is_and_what_came_of_it() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-old-key"]).create().await;
    let idle = status(&app).await;
    assert_eq!(names(&idle), ["task_type", "is_running", "processed", "total", "started_at"]);
    assert_eq!((&idle["task_type"], &idle["started_at"]), (&json!(""), &json!("0001-01-01T00:00:00Z")));

    let new: Vec<_> = (0..12_000).map(|number| format!("sk-number-{number:05}")).collect();
    let text = format!("sk-old-key\n{}\nsk-number-00007 sk-number-11999", new.join("\n"));
    let started = app.api().create("/api/keys/add-async", &of(&group, &text)).await;
    assert_eq!((&started["task_type"], &started["group_name"]), (&json!("KEY_IMPORT"), &json!("g")));
    assert_eq!((&started["is_running"], &started["total"]), (&json!(true), &json!(12_003)));
    assert_eq!(group.chat("m").fetch().await.status, 200, "requests go on meanwhile");
    let ended = ended(&app).await;
    assert_eq!(ended["result"], json!({"added_count": 12_000, "ignored_count": 3}), "{ended}");
    assert_eq!((&ended["processed"], ended.get("error")), (&json!(12_003), None));
    assert!(ended["finished_at"].is_string() && ended["duration_seconds"].is_number(), "{ended}");
    let ignored = app.api().data("/api/tasks/ignored").await;
    let line = |line: u64, key: &str, reason: &str| json!({"line": line, "key": key, "reason": reason});
    let expected = [
        line(1, "****", "already_in_group"),
        line(12_002, "sk-n****0007", "repeated_in_text"),
        line(12_002, "sk-n****1999", "repeated_in_text"),
    ];
    assert_eq!(ignored["items"], json!(expected));
    let page = app.api().data(&format!("/api/keys?group_id={}", group.id)).await;
    assert_eq!(page["pagination"]["total_items"], 12_001);
}

#[tokio::test]
async fn keys_come_as_a_file_too() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let send = async |parts: &[(&str, &str)]| {
        let part =
            |(head, body): &(&str, &str)| format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
        let form = parts.iter().map(part).collect::<String>() + "--edge--\r\n";
        let request = app.api().request("POST", "/api/keys/add-async");
        let request = request.header("content-type", "multipart/form-data; boundary=edge").body(form);
        let reply = request.fetch().await;
        (reply.status, reply.json())
    };
    let id = group.id.to_string();
    let file = (r#"name="file"; filename="keys.txt""#, "\u{feff}sk-1\r\nsk-2\r\n\r\nsk-1\r\n");
    let (code, started) = send(&[file, (r#"name="group_id""#, &id)]).await;
    assert_eq!((code, &started["data"]["total"]), (200, &json!(3)), "{started}");
    assert_eq!(ended(&app).await["result"], json!({"added_count": 2, "ignored_count": 1}));
    assert_eq!(app.key(&group, "sk-1").await["status"], "active");
    assert_refused(&send(&[file]).await, 400, "BAD_REQUEST", &["group_id"]);
    assert_refused(&send(&[(r#"name="group_id""#, &id)]).await, 400, "VALIDATION_FAILED", &["file"]);
    assert_refused(&send(&[(r#"name="group_id""#, "x")]).await, 400, "VALIDATION_FAILED", &["group_id", "x"]);
}

#[tokio::test]
async fn keys_are_deleted_and_no_longer_used() {
    let (app, provider) = app_and_provider().await;
    let keys: Vec<_> = (0..2500).map(|number| format!("sk-{number:04}")).collect();
    let group = app.group("g").upstream(&provider.url()).keys(keys.clone()).create().await;
    let other = app.group("other").upstream(&provider.url()).keys(["sk-0000"]).create().await;
    let text = keys[..2499].join("\n") + "\nsk-0000 sk-nosuch";
    let started = app.api().create("/api/keys/delete-async", &of(&group, &text)).await;
    assert_eq!((&started["task_type"], &started["total"]), (&json!("KEY_DELETE"), &json!(2501)));
    assert_eq!(ended(&app).await["result"], json!({"deleted_count": 2499, "ignored_count": 2}));
    assert_eq!(group.chat("m").fetch().await.status, 200);
    assert_eq!(provider.count_for_key("sk-2499"), 1);
    assert_eq!(app.key(&other, "sk-0000").await["status"], "active");
}

#[tokio::test]
async fn a_validation_restores_and_blames_but_not_for_what_it_cannot_tell() {
    let (app, provider) = app_and_provider().await;
    let keys = ["sk-good-1", "sk-dead-2", "sk-limited-3", "sk-overloaded-4", "sk-dead-5", "sk-off-6"];
    let config = json!({"blacklist_threshold": 1});
    let group = app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await;
    app.api().create("/api/keys/disable-multiple", &of(&group, "sk-off-6")).await;
    let validate = async |body: Value| {
        let (code, body) = app.api().post("/api/keys/validate-group", &body).await;
        assert_eq!((code, &body["data"]["task_type"]), (200, &json!("KEY_VALIDATION")), "{body}");
        ended(&app).await
    };
    let all = validate(json!({"group_id": group.id})).await;
    assert_eq!(all["result"], json!({"total_keys": 5, "valid_keys": 2, "invalid_keys": 2, "unclear_keys": 1}));
    let states = async || {
        let mut states = Vec::new();
        for key in keys {
            let key = app.key(&group, key).await;
            states.push(format!("{} {}", key["status"].as_str().unwrap(), key["cooldown_until"].is_string()));
        }
        states
    };
    let expected = ["active false", "invalid false", "active true", "active false", "invalid false", "disabled false"];
    assert_eq!(states().await, expected);
    assert_eq!(provider.count_for_key("sk-off-6"), 0);

    provider.on_key("sk-dead-2", Script::ok());
    let known = format!("/api/keys?group_id={}&status=invalid", group.id);
    app.eventually("the database to know", async || app.api().data(&known).await["pagination"]["total_items"] == 2)
        .await;
    let invalid = validate(json!({"group_id": group.id, "status": "invalid"})).await;
    assert_eq!(invalid["result"], json!({"total_keys": 2, "valid_keys": 1, "invalid_keys": 1, "unclear_keys": 0}));
    assert_eq!(app.key(&group, "sk-dead-2").await["status"], "active");
}

#[tokio::test]
async fn one_task_at_a_time() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let gate = Gate::default();
    provider.otherwise(Answer::new(200).gate(&gate));
    let body = json!({"group_id": group.id});
    app.api().create("/api/keys/validate-group", &body).await;
    provider.wait_for(2).await;
    let running = status(&app).await;
    assert_eq!(
        (&running["is_running"], &running["processed"], &running["total"]),
        (&json!(true), &json!(0), &json!(2))
    );
    for (path, body) in [
        ("/api/keys/validate-group", body),
        ("/api/keys/add-async", of(&group, "sk-3")),
        ("/api/keys/delete-async", of(&group, "sk-1")),
        (&format!("/api/groups/{}/copy", group.id), json!({})),
    ] {
        assert_refused(&app.api().post(path, &body).await, 409, "TASK_IN_PROGRESS", &["running"]);
    }
    let groups = app.api().data("/api/groups").await;
    assert_eq!(groups.as_array().unwrap().len(), 1, "no group without its keys");
    gate.open();
    assert_eq!(ended(&app).await["result"]["valid_keys"], 2);
    app.api().create("/api/keys/add-async", &of(&group, "sk-3")).await;
    ended(&app).await;
}

#[tokio::test]
async fn a_task_that_cannot_begin_is_none() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    for call in ["add-async", "delete-async"] {
        let path = format!("/api/keys/{call}");
        assert_refused(&app.api().post(&path, &of(&group, " ,\n")).await, 400, "VALIDATION_FAILED", &["keys_text"]);
        let nowhere = json!({"group_id": 9999, "keys_text": "sk-1"});
        assert_refused(&app.api().post(&path, &nowhere).await, 404, "NOT_FOUND", &["9999"]);
        let wrong = json!({"group_id": "x", "keys_text": "sk-1"});
        assert_refused(&app.api().post(&path, &wrong).await, 400, "VALIDATION_FAILED", &["group_id"]);
    }
    let path = "/api/keys/validate-group";
    assert_refused(&app.api().post(path, &json!({"group_id": group.id})).await, 400, "VALIDATION_FAILED", &[]);
    let wrong = json!({"group_id": group.id, "status": "cooling"});
    assert_refused(&app.api().post(path, &wrong).await, 400, "VALIDATION_FAILED", &["status", "cooling"]);
    assert_eq!(status(&app).await["task_type"], "");
}

#[tokio::test]
async fn a_task_whose_server_died_or_stopped_says_so_after_the_restart() {
    let (mut app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).create().await;
    provider.otherwise(Answer::hang());
    for is_kill in [true, false] {
        provider.forget();
        app.api().create("/api/keys/validate-group", &json!({"group_id": group.id})).await;
        provider.wait_for(3).await;
        if !is_kill {
            app.terminate();
            assert!(app.wait_exit().await.success());
        }
        app.restart().await;
        // On a server it might be another node that runs it.
        let look = async || Some(status(&app).await).filter(|status| status["is_running"] == false);
        let status = eventually_in(Duration::from_secs(40), "the task to be taken for dead", look).await;
        assert_eq!((&status["task_type"], &status["resumable"]), (&json!("KEY_VALIDATION"), &json!(true)));
        assert!(status["error"].as_str().unwrap().contains("0 of 3"), "{status}");
        assert!(status["finished_at"].is_string() && status.get("result").is_none(), "{status}");
    }
}
