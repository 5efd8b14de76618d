//! Keys: adding, listing, noting, exporting.

use std::time::Duration;

use domain::classify::rest::Quota;
use domain::key::KeyStatus;
use domain::notice::Failures;
use serde_json::{Value, json};

use super::kit::{AUTH_KEY, Api, failure};
use crate::keyring::{Limit, Source};

fn values(items: &[Value]) -> Vec<&str> {
    items.iter().map(|key| key["key_value"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn added_keys_are_counted_and_serve() {
    let api = Api::new().await;
    let id = api.group("g").await;
    let added = api.add(id, "sk-1, sk-2;sk-1\nsk-3").await;
    assert_eq!(added, json!({"added_count": 3, "ignored_count": 1, "total_in_group": 3}));
    assert_eq!(
        api.add(id, r#"["sk-3","sk-4",""]"#).await,
        json!({"added_count": 1, "ignored_count": 2, "total_in_group": 4})
    );
    assert_eq!(api.pool(id).census(None, crate::clock::mono_ms()).usable, 4);
}

#[tokio::test]
async fn lists_of_keys_have_limits() {
    let api = Api::new().await;
    let id = api.group("g").await;
    let many = |count: usize| (0..count).map(|n| format!("sk-{n}")).collect::<Vec<_>>().join("\n");
    for call in ["add-multiple", "delete-multiple", "restore-multiple", "test-multiple"] {
        let reply = api.keys(call, id, &many(5001)).await;
        assert_eq!(reply.code(), failure(400, "VALIDATION_FAILED"), "{call}");
        assert!(reply.error().2.contains("5000"), "{}", reply.text);
        assert_eq!(api.keys(call, id, " \n,;").await.code(), failure(400, "VALIDATION_FAILED"), "{call}");
        assert_eq!(api.keys(call, 99, "sk-1").await.code(), failure(404, "NOT_FOUND"), "{call}");
    }
    assert_eq!(api.add(id, &many(5000)).await["added_count"], 5000);
}

#[tokio::test]
async fn keys_are_listed_by_pages_and_found_by_their_text() {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-a sk-b sk-c").await;
    let page = api.get(&format!("/api/keys?group_id={id}&page=2&page_size=2")).await.data();
    assert_eq!(page["pagination"], json!({"page": 2, "page_size": 2, "total_items": 3, "total_pages": 2}));
    assert_eq!(values(page["items"].as_array().unwrap()), ["sk-a"], "never used: the newest first");
    assert_eq!(
        values(&api.items(&format!("/api/keys?group_id={id}&sort=id&order=asc")).await),
        ["sk-a", "sk-b", "sk-c"]
    );
    assert_eq!(values(&api.items(&format!("/api/keys?group_id={id}&key_value=sk-b")).await), ["sk-b"]);
    assert!(api.items(&format!("/api/keys?group_id={id}&key_value=sk-x")).await.is_empty());
}

#[tokio::test]
async fn keys_are_listed_by_status_cooling_ones_too() {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-a sk-b sk-c").await;
    let pool = api.pool(id);
    let key = |secret: &str| pool.keys().into_iter().find(|key| key.secret.expose() == secret).unwrap();
    pool.limited(
        &key("sk-b"),
        Some("m"),
        Limit {
            named: None,
            quota: Quota::default(),
            base: Duration::from_secs(60),
            doubles: true,
            source: Source::unknown(),
        },
    );
    let change = storage::keys::KeyChange {
        id: key("sk-c").id,
        status: Some(KeyStatus::Disabled),
        failures: Failures::default(),
        last_error: None,
    };
    api.state
        .db
        .store_key_changes(&storage::keys::KeyChanges { states: vec![change], ..Default::default() })
        .await
        .unwrap();
    for (status, expected) in
        [("active", &["sk-b", "sk-a"][..]), ("cooling", &["sk-b"]), ("disabled", &["sk-c"]), ("invalid", &[])]
    {
        assert_eq!(values(&api.items(&format!("/api/keys?group_id={id}&status={status}")).await), expected, "{status}");
    }
    let unknown = api.get(&format!("/api/keys?group_id={id}&status=sleepy")).await;
    assert_eq!(unknown.code(), failure(400, "VALIDATION_FAILED"));
    assert_eq!(api.get("/api/keys").await.code(), failure(400, "BAD_REQUEST"));
    assert_eq!(api.get("/api/keys?group_id=99").await.code(), failure(404, "NOT_FOUND"));
}

#[tokio::test]
async fn notes_are_kept_and_found() {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-first sk-other").await;
    let first = api.items(&format!("/api/keys?group_id={id}&key_value=sk-first")).await[0]["id"].clone();
    let path = format!("/api/keys/{first}/notes");
    api.put(&path, json!({"notes": " of Bob's account "})).await.done();
    let found = api.items(&format!("/api/keys?group_id={id}&q=Bob")).await;
    assert_eq!((values(&found), &found[0]["notes"]), (vec!["sk-first"], &json!("of Bob's account")));
    assert_eq!(values(&api.items(&format!("/api/keys?group_id={id}&q=ther")).await), ["sk-other"], "by its last four");
    assert!(api.items(&format!("/api/keys?group_id={id}&q=her")).await.is_empty());

    assert_eq!(api.put(&path, json!({"notes": "ü".repeat(255)})).await.status, 200);
    assert_eq!(api.put(&path, json!({"notes": "ü".repeat(256)})).await.code(), failure(400, "VALIDATION_FAILED"));
    assert_eq!(api.put("/api/keys/99/notes", json!({"notes": ""})).await.code(), failure(404, "NOT_FOUND"));
}

#[tokio::test]
async fn exports_are_files_with_one_key_a_line() {
    let api = Api::new().await;
    let id = api.group("my-group").await;
    // More than one step of the scan, and exactly full steps.
    let keys: Vec<_> = (0..2000).map(|n| format!("sk-{n}")).collect();
    api.add(id, &keys.join(",")).await;
    let path = format!("/api/keys/export?group_id={id}&key={AUTH_KEY}");
    let export = api.send(http::Request::get(&path).body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(export.text.lines().collect::<Vec<_>>(), keys);
    assert_eq!(export.header("content-disposition"), "attachment; filename=keys-my-group-all.txt");
    assert!(export.header("content-type").starts_with("text/plain"));

    let invalid = api.get(&format!("/api/keys/export?group_id={id}&status=invalid")).await;
    assert_eq!((invalid.status, invalid.text.as_str()), (200, ""));
    let some = async |filter: &str| api.get(&format!("/api/keys/export?group_id={id}&{filter}")).await;
    assert_eq!(some("id_from=1&id_to=3").await.text, "sk-0\nsk-1\nsk-2\n");
    let found = some("status=usable&q=1999").await;
    assert_eq!(found.text, "sk-1999\n");
    assert_eq!(found.header("content-disposition"), "attachment; filename=keys-my-group-usable.txt");
    assert_eq!(some("status=cooling").await.text, "");
    let unknown = api.get(&format!("/api/keys/export?group_id={id}&status=sleepy")).await;
    assert_eq!(unknown.code(), failure(400, "VALIDATION_FAILED"));
    assert_eq!(api.get("/api/keys/export?group_id=99").await.code(), failure(404, "NOT_FOUND"));
}
