//! Keys: added, deleted, annotated, exported. What is done to one group's keys is done to no other's.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};

use super::{assert_refused, names};
use crate::support::app_and_provider;

/// The secrets of a group, in the order they came.
async fn secrets(app: &App, group: &GroupHandle) -> Vec<String> {
    let page = app.api().data(&format!("/api/keys?page_size=1000&sort=id&order=asc&group_id={}", group.id)).await;
    page["items"].as_array().unwrap().iter().map(|key| key["key_value"].as_str().unwrap().to_owned()).collect()
}

fn of(group: &GroupHandle, keys_text: &str) -> Value {
    json!({"group_id": group.id, "keys_text": keys_text})
}

#[tokio::test]
async fn keys_are_read_from_any_text_and_serve_at_once() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let add = async |text: &str| app.api().create("/api/keys/add-multiple", &of(&group, text)).await;
    let counts =
        |added, ignored, total| json!({"added_count": added, "ignored_count": ignored, "total_in_group": total});
    assert_eq!(add("sk-1\nsk-2,sk-3;sk-4\tsk-5  sk-6\r\n\n").await, counts(6, 0, 6));
    assert_eq!(add(r#"["sk-7", " sk-8 ", "", "sk-7"]"#).await, counts(2, 2, 8));
    assert_eq!(add("sk-1 sk-9 sk-9").await, counts(1, 2, 9));
    assert_eq!(add("sk-1 sk-2").await, counts(0, 2, 9));
    let expected: Vec<_> = (1..=9).map(|number| format!("sk-{number}")).collect();
    assert_eq!(secrets(&app, &group).await, expected);
    for _ in 0..9 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert!(expected.iter().all(|key| provider.count_for_key(key) == 1), "{}", provider.stats());
    for nothing in ["", " \n,;", "[]"] {
        let refused = app.api().post("/api/keys/add-multiple", &of(&group, nothing)).await;
        assert_refused(&refused, 400, "VALIDATION_FAILED", &["keys_text"]);
    }
    let nowhere = json!({"group_id": 9999, "keys_text": "sk-1"});
    assert_refused(&app.api().post("/api/keys/add-multiple", &nowhere).await, 404, "NOT_FOUND", &["9999"]);
}

#[tokio::test]
async fn a_call_takes_5000_keys() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let text = |count: usize| (0..count).map(|number| format!("sk-{number:05}")).collect::<Vec<_>>().join("\n");
    for call in ["add-multiple", "restore-multiple", "test-multiple", "delete-multiple"] {
        let refused = app.api().post(&format!("/api/keys/{call}"), &of(&group, &text(5001))).await;
        assert_refused(&refused, 400, "VALIDATION_FAILED", &["5001", "5000"]);
    }
    let added = app.api().create("/api/keys/add-multiple", &of(&group, &text(5000))).await;
    assert_eq!(added, json!({"added_count": 5000, "ignored_count": 0, "total_in_group": 5000}));
    let deleted = app.api().create("/api/keys/delete-multiple", &of(&group, &text(4999))).await;
    assert_eq!(deleted, json!({"deleted_count": 4999, "ignored_count": 0, "total_in_group": 1}));
    assert_eq!(secrets(&app, &group).await, ["sk-04999"]);
}

#[tokio::test]
async fn deleted_keys_are_never_used_again_and_other_groups_keep_theirs() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).create().await;
    let other = app.group("other").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let deleted = app.api().create("/api/keys/delete-multiple", &of(&group, "sk-1 sk-2 sk-2 sk-9")).await;
    assert_eq!(deleted, json!({"deleted_count": 2, "ignored_count": 2, "total_in_group": 1}));
    assert_eq!(
        (secrets(&app, &group).await, secrets(&app, &other).await),
        (vec!["sk-3".into()], vec!["sk-1".into(), "sk-2".into()])
    );
    for _ in 0..4 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    assert_eq!(provider.count_for_key("sk-3"), 4);

    let (status, cleared) = app.api().post("/api/keys/clear-all", &json!({"group_id": group.id})).await;
    assert_eq!((status, &cleared), (200, &json!({"code": 0, "message": "1 keys cleared"})));
    assert_eq!(group.chat("m").fetch().await.status, 503);
    assert_eq!((secrets(&app, &group).await.len(), secrets(&app, &other).await.len()), (0, 2));
    let again = app.api().create("/api/keys/add-multiple", &of(&group, "sk-1")).await;
    assert_eq!(again["added_count"], 1);
    assert_eq!(group.chat("m").fetch().await.status, 200);
    assert_refused(&app.api().post("/api/keys/clear-all", &json!({"group_id": 9999})).await, 404, "NOT_FOUND", &[]);
}

#[tokio::test]
async fn a_key_object_has_all_its_fields() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-good"]).create().await;
    let key = app.key(&group, "sk-good").await;
    let expected = json!({
        "id": key["id"], "group_id": group.id, "key_value": "sk-good", "key_hash": key["key_hash"], "notes": "",
        "status": "active", "request_count": 0, "failure_count": 0, "last_used_at": null, "cooldown_until": null,
        "cooling_models": [], "last_error": null, "last_error_at": null, "last_status": null,
        "next_check_at": null, "created_at": key["created_at"], "updated_at": key["updated_at"],
    });
    assert_eq!(key, expected);
    assert_eq!(key["key_hash"].as_str().unwrap().len(), 64, "SHA-256 in hex");
}

#[tokio::test]
async fn notes_are_kept_up_to_255_characters() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2"]).create().await;
    let path = format!("/api/keys/{}/notes", app.key(&group, "sk-1").await["id"]);
    let longest = "客".repeat(255);
    for notes in ["of team A", &longest, ""] {
        let (status, body) = app.api().put(&path, &json!({"notes": notes})).await;
        assert_eq!((status, names(&body)), (200, vec!["code", "message"]), "{body}");
        assert_eq!(app.key(&group, "sk-1").await["notes"], notes);
    }
    let too_long = app.api().put(&path, &json!({"notes": "客".repeat(256)})).await;
    assert_refused(&too_long, 400, "VALIDATION_FAILED", &["notes", "255"]);
    assert_eq!(app.key(&group, "sk-2").await["notes"], "", "another key");
    assert_refused(&app.api().put("/api/keys/9999/notes", &json!({"notes": ""})).await, 404, "NOT_FOUND", &["9999"]);
}

#[tokio::test]
async fn export_gives_a_file_with_one_key_a_line() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"blacklist_threshold": 1});
    let group =
        app.group("team-a").upstream(&provider.url()).keys(["sk-1", "sk-dead-2", "sk-3"]).config(config).create().await;
    app.group("other").upstream(&provider.url()).keys(["sk-other"]).create().await;
    for _ in 0..3 {
        assert_eq!(group.chat("m").fetch().await.status, 200);
    }
    let export = async |query: &str| {
        let request =
            testkit::http::Request::get(&app.url(&format!("/api/keys/export?key={}&{query}", testkit::app::AUTH_KEY)));
        request.fetch().await
    };
    let of_group = |status: &str| format!("group_id={}&status={status}", group.id);
    app.eventually("the invalid key to be exported", async || {
        export(&of_group("invalid")).await.text() == "sk-dead-2\n"
    })
    .await;
    for (status, name, lines) in [
        ("all", "keys-team-a-all.txt", "sk-1\nsk-dead-2\nsk-3\n"),
        ("", "keys-team-a-all.txt", "sk-1\nsk-dead-2\nsk-3\n"),
        ("active", "keys-team-a-active.txt", "sk-1\nsk-3\n"),
        ("disabled", "keys-team-a-disabled.txt", ""),
    ] {
        let file = export(&of_group(status)).await;
        assert_eq!((file.status, file.text().as_str()), (200, lines), "{status}");
        assert!(file.headers.get("content-type").unwrap().starts_with("text/plain"), "{status}");
        let disposition = file.headers.get("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment") && disposition.contains(name), "{disposition}");
    }
    for (query, status) in [(of_group("some"), 400), ("group_id=9999".to_owned(), 404), (String::new(), 400)] {
        assert_eq!(export(&query).await.status, status, "{query}");
    }
}
