//! What is seen of a whole pool, and done to many of its keys.

use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::notice::Failures;
use serde_json::{Value, json};
use storage::keys::{KeyChange, KeyChanges, KeyFailure};

use super::kit::{Api, failure};
use crate::keyring::{Limit, Source};

/// Eight keys: the third rests for a model, the fourth and fifth are invalid, the sixth is disabled.
async fn mixed() -> (Api, i64, Vec<i64>) {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, "sk-1 sk-2 sk-3 sk-4 sk-5 sk-6 sk-7 sk-8").await;
    let pool = api.pool(id);
    let ids = pool.ids_of(|_| true);
    let limit = Limit {
        named: None,
        quota: domain::classify::rest::Quota::default(),
        base: std::time::Duration::from_mins(1),
        doubles: true,
        source: Source::unknown(),
    };
    pool.limited(&pool.get(ids[2]).unwrap(), Some("m"), limit);
    for (places, status) in [(3..5, KeyStatus::Invalid), (5..6, KeyStatus::Disabled)] {
        crate::key_store::set_status(&api.state.db, &pool, &ids[places], status).await.unwrap();
    }
    (api, id, ids.into_iter().map(|id| id.0).collect())
}

fn ids_of(items: &[Value]) -> Vec<i64> {
    items.iter().map(|key| key["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn the_map_shows_every_key_and_its_cells_are_filters_of_the_list() {
    let (api, id, ids) = mixed().await;
    let whole = api.get(&format!("/api/groups/{id}/key-map")).await.data();
    assert_eq!((&whole["total_in_group"], &whole["total"], &whole["keys_per_cell"]), (&json!(8), &json!(8), &json!(1)));
    assert_eq!(whole["cells"][2], json!([ids[2], ids[2], 0, 1, 0, 0]));

    let part = format!("/api/groups/{id}/key-map?cells=2&from={}&to={}", ids[1], ids[6]);
    let part = api.get(&part).await.data();
    let cells = json!([[ids[1], ids[3], 1, 1, 1, 0], [ids[4], ids[6], 1, 0, 1, 1]]);
    assert_eq!(part, json!({"total_in_group": 8, "total": 6, "keys_per_cell": 3, "cells": cells}));

    let list = format!("/api/keys?group_id={id}&sort=id&order=asc&id_from={}&id_to={}", ids[1], ids[3]);
    assert_eq!(ids_of(&api.items(&list).await), ids[1..4]);
    assert_eq!(ids_of(&api.items(&format!("{list}&status=invalid")).await), ids[3..4]);
}

#[tokio::test]
async fn a_map_that_makes_no_sense_is_refused() {
    let (api, id, _) = mixed().await;
    for query in ["cells=0", "cells=4097", "cells=many", "from=-1", "to=x"] {
        let reply = api.get(&format!("/api/groups/{id}/key-map?{query}")).await;
        assert_eq!(reply.code(), failure(400, "VALIDATION_FAILED"), "{query}");
        let (field, value) = query.split_once('=').unwrap();
        assert!(reply.error().2.starts_with(&format!("{field}: \"{value}\" is not allowed")), "{}", reply.text);
    }
    let aggregate = api.aggregate("all").await;
    assert_eq!(api.get(&format!("/api/groups/{aggregate}/key-map")).await.data()["cells"], json!([]));
    assert_eq!(api.get("/api/groups/99/key-map").await.code(), failure(404, "NOT_FOUND"));
}

#[tokio::test]
async fn states_add_up_and_are_filters_of_the_list() {
    let (api, id, ids) = mixed().await;
    let stats = api.get(&format!("/api/groups/{id}/stats")).await.data();
    let keys = &stats["key_stats"];
    assert!(keys["next_wake_at"].is_string());
    for (field, count) in [
        ("total_keys", 8),
        ("active_keys", 5),
        ("usable_keys", 4),
        ("cooling_keys", 1),
        ("cooling_for_some_models_keys", 1),
        ("invalid_keys", 2),
        ("disabled_keys", 1),
        ("unreadable_keys", 0),
    ] {
        assert_eq!(keys[field], count, "{field}");
        if let Some(status) = field.strip_suffix("_keys").filter(|word| !word.contains('_') && *word != "total")
            && status != "unreadable"
        {
            let listed = api.items(&format!("/api/keys?group_id={id}&status={status}")).await;
            assert_eq!(listed.len(), count, "{status}");
        }
    }
    let usable = api.items(&format!("/api/keys?group_id={id}&status=usable&sort=id&order=asc")).await;
    assert_eq!(ids_of(&usable), [ids[0], ids[1], ids[6], ids[7]]);
    let dashboard = api.get("/api/dashboard/stats").await.data();
    assert_eq!((&dashboard["keys"]["usable"], &dashboard["keys"]["cooling"]), (&json!(4), &json!(1)));
}

#[tokio::test]
async fn it_is_told_why_keys_are_out() {
    let (api, id, ids) = mixed().await;
    let said = |text: &str| KeyFailure { message: text.to_owned(), status: Some(401), at: jiff::Timestamp::now() };
    let change = |id: i64, text| KeyChange {
        id: KeyId(id),
        status: None,
        failures: Failures::default(),
        last_error: Some(said(text)),
    };
    let changes = [change(ids[3], "no such key sk-4****"), change(ids[4], "no such key sk-5****"), change(ids[0], "x")];
    api.state.db.store_key_changes(&KeyChanges { states: changes.to_vec(), ..KeyChanges::default() }).await.unwrap();
    let stats = api.get(&format!("/api/groups/{id}/stats")).await.data();
    let reasons = json!([{"status": 401, "message": "no such key ***", "count": 2}]);
    assert_eq!((&stats["reasons"], &stats["reasons_of"]), (&reasons, &json!(2)));
}

/// Calls `apply` and returns what it says.
async fn apply(api: &Api, id: i64, action: &str, choice: Value) -> Value {
    let mut body = json!({"group_id": id, "action": action});
    body.as_object_mut().unwrap().extend(choice.as_object().unwrap().clone());
    api.post("/api/keys/apply", body).await.data()
}

#[tokio::test]
async fn all_that_a_filter_finds_are_switched() {
    let (api, id, ids) = mixed().await;
    let status = |status| json!({"filter": {"status": status}});
    let changed = |matched, changed| json!({"matched_count": matched, "changed_count": changed});
    assert_eq!(
        apply(&api, id, "restore", json!({"filter": {"status": "invalid", "id_to": ids[3]}})).await,
        changed(1, 1)
    );
    assert_eq!(
        apply(&api, id, "restore", json!({"filter": {}})).await,
        changed(8, 1),
        "the other ones are not invalid"
    );
    assert_eq!(apply(&api, id, "enable", status("disabled")).await, changed(1, 1));
    assert_eq!(apply(&api, id, "disable", status("cooling")).await, changed(1, 1));
    assert_eq!(apply(&api, id, "disable", json!({"filter": {"q": "sk-1"}})).await, changed(1, 1));
    assert_eq!(apply(&api, id, "enable", json!({"ids": [ids[0], ids[1], 9999]})).await, changed(2, 1));
    let listed = async |status| ids_of(&api.items(&format!("/api/keys?group_id={id}&status={status}")).await);
    assert_eq!((listed("disabled").await, listed("usable").await.len()), (vec![ids[2]], 7));
}

#[tokio::test]
async fn deleting_and_testing_many_are_tasks() {
    let (api, id, ids) = mixed().await;
    let deleted = apply(&api, id, "delete", json!({"filter": {"status": "invalid"}})).await;
    assert_eq!((&deleted["matched_count"], &deleted["task"]["task_type"]), (&json!(2), &json!("KEY_DELETE")));
    let ended = ended(&api).await;
    assert_eq!((&ended["processed"], &ended["result"]["deleted_count"]), (&json!(2), &json!(2)));
    assert_eq!(api.items(&format!("/api/keys?group_id={id}")).await.len(), 6);

    let tested = apply(&api, id, "test", json!({"ids": [ids[0], ids[5]]})).await;
    assert_eq!((&tested["task"]["task_type"], &tested["task"]["total"]), (&json!("KEY_VALIDATION"), &json!(1)));
    self::ended(&api).await;
    let body = json!({"group_id": id, "action": "test", "filter": {"status": "disabled"}});
    assert_eq!(api.post("/api/keys/apply", body).await.code(), failure(400, "VALIDATION_FAILED"), "not tested");
}

/// The task when it has ended.
async fn ended(api: &Api) -> Value {
    loop {
        let status = api.get("/api/tasks/status").await.data();
        if status["is_running"] == false {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_not_clear_is_done_to_no_key() {
    let (api, id, ids) = mixed().await;
    let many: Vec<_> = (0..5001).collect();
    for (action, choice, part) in [
        ("delete", json!({}), "filter: \"null\" is not allowed; either filter or ids"),
        ("delete", json!({"filter": {}, "ids": [ids[0]]}), "either filter or ids"),
        ("delete", json!({"filter": {"statu": "invalid"}}), "unknown field `statu`"),
        ("delete", json!({"filter": {"status": "sleepy"}}), "status: \"sleepy\""),
        ("disable", json!({"ids": many}), "5000"),
        ("destroy", json!({"filter": {}}), "unknown variant `destroy`"),
    ] {
        let mut body = json!({"group_id": id, "action": action});
        body.as_object_mut().unwrap().extend(choice.as_object().unwrap().clone());
        let reply = api.post("/api/keys/apply", body).await;
        assert_eq!(reply.code(), failure(400, "VALIDATION_FAILED"), "{}", reply.text);
        assert!(reply.error().2.contains(part), "{}", reply.text);
    }
    assert_eq!(api.items(&format!("/api/keys?group_id={id}")).await.len(), 8);
}
