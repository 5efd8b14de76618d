//! `GET /api/keys`: filters, order, pages.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::{MockProvider, Script};

use super::{assert_refused, columns};
use crate::support::app_and_provider;

/// Keys of every kind: `sk-used-9` was used last, `sk-dead-2` is invalid, `sk-rest-3` cools, `sk-none-4` and `sk-none-5` were never used.
async fn all_kinds() -> (App, MockProvider, GroupHandle) {
    let (app, provider) = app_and_provider().await;
    provider.on_key("sk-rest-3", Script::sequence([Script::ok(), Script::limited(600)]));
    let config = json!({"blacklist_threshold": 1, "max_retries": 5});
    let group = app.group("g").upstream(&provider.url()).config(config);
    let group = group.keys(["sk-rest-3", "sk-dead-2", "sk-used-9"]).create().await;
    for _ in 0..3 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
    }
    let more = json!({"group_id": group.id, "keys_text": "sk-none-4 sk-none-5"});
    app.api().create("/api/keys/add-multiple", &more).await;
    let path = format!("/api/keys/{}/notes", app.key(&group, "sk-none-4").await["id"]);
    assert_eq!(app.api().put(&path, &json!({"notes": "Team A 100%"})).await.0, 200);
    app.eventually("states and counters to be stored", async || {
        let counted = app.key(&group, "sk-used-9").await["request_count"] == 2;
        counted && list(&app, &group, "status=invalid").await == ["sk-dead-2"]
    })
    .await;
    (app, provider, group)
}

async fn list(app: &App, group: &GroupHandle, query: &str) -> Vec<Value> {
    let page = app.api().data(&format!("/api/keys?group_id={}&{query}", group.id)).await;
    columns(&page["items"], ["key_value"]).concat()
}

#[tokio::test]
async fn filters_and_orders_do_what_they_say() {
    let (app, _provider, group) = all_kinds().await;
    let by_use = ["sk-used-9", "sk-rest-3", "sk-none-5", "sk-none-4", "sk-dead-2"];
    let cases: &[(&str, &[&str])] = &[
        ("", &by_use),
        ("status=", &by_use),
        ("status=active", &["sk-used-9", "sk-rest-3", "sk-none-5", "sk-none-4"]),
        ("status=invalid", &["sk-dead-2"]),
        ("status=cooling", &["sk-rest-3"]),
        ("status=disabled", &[]),
        ("key_value=sk-none-4", &["sk-none-4"]),
        ("key_value=%20sk-none-4%20", &["sk-none-4"]),
        ("key_value=sk-none", &[]),
        ("key_value=sk-none-4&status=invalid", &[]),
        ("q=team%20a", &["sk-none-4"]),
        ("q=100%25", &["sk-none-4"]),
        ("q=%25", &["sk-none-4"]),
        ("q=ne-5", &["sk-none-5"]),
        ("q=none", &[]),
        ("sort=id&order=asc", &["sk-rest-3", "sk-dead-2", "sk-used-9", "sk-none-4", "sk-none-5"]),
        ("sort=id", &["sk-none-5", "sk-none-4", "sk-used-9", "sk-dead-2", "sk-rest-3"]),
        ("sort=request_count", &["sk-used-9", "sk-rest-3", "sk-none-5", "sk-none-4", "sk-dead-2"]),
        ("sort=failure_count", &["sk-dead-2", "sk-none-5", "sk-none-4", "sk-used-9", "sk-rest-3"]),
        ("sort=last_used_at&order=asc", &["sk-rest-3", "sk-used-9", "sk-none-5", "sk-none-4", "sk-dead-2"]),
        ("sort=nonsense&order=sideways", &by_use),
    ];
    for (query, expected) in cases {
        assert_eq!(list(&app, &group, query).await, *expected, "{query}");
    }
}

#[tokio::test]
async fn pages_say_how_many_there_are() {
    let (app, _provider, group) = all_kinds().await;
    for (query, page, page_size, shown, total_pages) in [
        ("", 1, 15, 5, 1),
        ("page=2&page_size=2", 2, 2, 2, 3),
        ("page=3&page_size=2", 3, 2, 1, 3),
        ("page=4&page_size=2", 4, 2, 0, 3),
        ("page_size=5000", 1, 1000, 5, 1),
        ("page=-1&page_size=abc", 1, 15, 5, 1),
    ] {
        let data = app.api().data(&format!("/api/keys?group_id={}&{query}", group.id)).await;
        let pagination = json!({"page": page, "page_size": page_size, "total_items": 5, "total_pages": total_pages});
        assert_eq!((&data["pagination"], data["items"].as_array().unwrap().len()), (&pagination, shown), "{query}");
    }
}

#[tokio::test]
async fn what_can_not_be_listed_is_refused() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).create().await;
    let get = async |query: &str| app.api().get(&format!("/api/keys?{query}")).await;
    assert_refused(&get("").await, 400, "BAD_REQUEST", &["group_id"]);
    assert_refused(&get("group_id=abc").await, 400, "BAD_REQUEST", &["group_id"]);
    assert_refused(&get("group_id=9999").await, 404, "NOT_FOUND", &["9999"]);
    let wrong = get(&format!("group_id={}&status=broken", group.id)).await;
    assert_refused(&wrong, 400, "VALIDATION_FAILED", &["status", "broken", "invalid"]);
}
