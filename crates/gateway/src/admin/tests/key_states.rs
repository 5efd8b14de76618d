//! Keys: deleting, restoring, testing.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ids::KeyId;
use domain::key::KeyStatus;
use domain::notice::Failures;
use serde_json::{Value, json};
use storage::Dsn;
use storage::keys::{KeyChange, KeyChanges};
use testkit::provider::MockProvider;

use super::kit::{Api, failure, group, open};
use crate::keyring::PoolKey;

async fn api_with_keys(keys: &str) -> (Api, i64) {
    let api = Api::new().await;
    let id = api.group("g").await;
    api.add(id, keys).await;
    (api, id)
}

fn key(api: &Api, group: i64, secret: &str) -> Arc<PoolKey> {
    let pool = api.pool(group);
    let keys = pool.keys().into_iter();
    keys.into_iter().find(|key| key.secret.expose() == secret).unwrap()
}

fn put_out(api: &Api, group: i64, secrets: &[&str], status: KeyStatus) {
    let ids: Vec<KeyId> = secrets.iter().map(|secret| key(api, group, secret).id).collect();
    api.pool(group).set_status(&ids, status);
}

async fn left(api: &Api, group: i64) -> BTreeSet<String> {
    let items = api.items(&format!("/api/keys?group_id={group}&page_size=1000")).await;
    items.iter().map(|key| key["key_value"].as_str().unwrap().to_owned()).collect()
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn chosen_keys_are_deleted_everywhere() {
    let (api, id) = api_with_keys("sk-1 sk-2 sk-3").await;
    let deleted = api.keys("delete-multiple", id, "sk-1 sk-2 sk-2 sk-9").await.data();
    assert_eq!(deleted, json!({"deleted_count": 2, "ignored_count": 2, "total_in_group": 1}));
    assert_eq!(left(&api, id).await, set(&["sk-3"]));
    assert_eq!(api.pool(id).keys().len(), 1);
}

#[tokio::test]
async fn only_invalid_keys_are_restored() {
    let (api, id) = api_with_keys("sk-1 sk-2 sk-3").await;
    put_out(&api, id, &["sk-1"], KeyStatus::Invalid);
    put_out(&api, id, &["sk-2"], KeyStatus::Disabled);
    let restored = api.keys("restore-multiple", id, "sk-1 sk-2 sk-3 sk-9").await.data();
    assert_eq!(restored, json!({"restored_count": 1, "ignored_count": 3, "total_in_group": 3}));
    assert_eq!(key(&api, id, "sk-1").status(), KeyStatus::Active);
    assert_eq!(key(&api, id, "sk-2").status(), KeyStatus::Disabled);
}

#[tokio::test]
async fn a_restored_key_is_active_in_the_database_at_once() {
    let (api, id) = api_with_keys("sk-1").await;
    let key = key(&api, id, "sk-1");
    let invalid = KeyChange {
        id: key.id,
        status: Some(KeyStatus::Invalid),
        failures: Failures { forgiven: false, added: 3 },
        last_error: None,
    };
    api.state.db.store_key_changes(&KeyChanges { states: vec![invalid], ..KeyChanges::default() }).await.unwrap();
    api.pool(id).set_status(&[key.id], KeyStatus::Invalid);
    let reply = api.post("/api/keys/restore-all-invalid", json!({"group_id": id})).await;
    assert_eq!(reply.done(), "1 keys restored");
    assert_eq!(api.items(&format!("/api/keys?group_id={id}&status=active")).await.len(), 1);
}

#[tokio::test]
async fn clearing_takes_the_invalid_keys_or_all() {
    let (api, id) = api_with_keys("sk-1 sk-2 sk-3 sk-4").await;
    put_out(&api, id, &["sk-1", "sk-2"], KeyStatus::Invalid);
    put_out(&api, id, &["sk-3"], KeyStatus::Disabled);
    let clear = async |call: &str| api.post(&format!("/api/keys/{call}"), json!({"group_id": id})).await.done();
    assert_eq!(clear("clear-all-invalid").await, "2 keys cleared");
    assert_eq!(left(&api, id).await, set(&["sk-3", "sk-4"]));
    assert_eq!(clear("clear-all").await, "2 keys cleared");
    assert!(left(&api, id).await.is_empty() && api.pool(id).keys().is_empty());
    assert_eq!(clear("clear-all").await, "0 keys cleared");
    for call in ["clear-all", "clear-all-invalid", "restore-all-invalid"] {
        let reply = api.post(&format!("/api/keys/{call}"), json!({"group_id": 99})).await;
        assert_eq!(reply.code(), failure(404, "NOT_FOUND"), "{call}");
    }
}

/// Keys under another `ENCRYPTION_KEY` aren't in memory, but they are there.
#[tokio::test]
async fn keys_that_can_not_be_decrypted_are_shown_counted_and_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let dsn = Dsn::Sqlite(dir.path().join("gpt-load.db"));
    let api = Api::over(open(&dsn, Some("the-former-encryption-key")).await).await;
    let id = api.group("g").await;
    api.add(id, "sk-1 sk-2").await;
    let of_one = key(&api, id, "sk-1").id;
    let invalid =
        KeyChange { id: of_one, status: Some(KeyStatus::Invalid), failures: Failures::default(), last_error: None };
    api.state.db.store_key_changes(&KeyChanges { states: vec![invalid], ..KeyChanges::default() }).await.unwrap();
    api.state.db.close().await;
    drop(api);

    let api = Api::over(open(&dsn, None).await).await;
    let items = api.items(&format!("/api/keys?group_id={id}")).await;
    assert!(items.len() == 2 && items.iter().all(|key| key["key_value"] == "failed-to-decrypt"), "{items:?}");
    let stats = api.get(&format!("/api/groups/{id}/stats")).await.data();
    let counts =
        ["total_keys", "active_keys", "invalid_keys", "unreadable_keys"].map(|field| &stats["key_stats"][field]);
    assert_eq!(counts, [2, 0, 0, 2]);
    assert_eq!(api.get(&format!("/api/keys/export?group_id={id}")).await.text, "");
    let cleared = api.post("/api/keys/clear-all-invalid", json!({"group_id": id})).await;
    assert_eq!(cleared.done(), "1 keys cleared");
}

/// A group at a mock provider; three failures make a key invalid.
async fn api_with_provider(keys: &str) -> (Api, i64, MockProvider) {
    let (api, provider) = (Api::new().await, MockProvider::start());
    let mut fields = group("g");
    fields["upstreams"] = json!([{"url": provider.url(), "weight": 1}]);
    fields["config"] = json!({"blacklist_threshold": 2});
    let id = api.post("/api/groups", fields).await.data()["id"].as_i64().unwrap();
    api.add(id, keys).await;
    (api, id, provider)
}

fn results(reply: &Value) -> Vec<(&str, bool)> {
    let results = reply["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| (result["key_value"].as_str().unwrap(), result["is_valid"].as_bool().unwrap()))
        .collect()
}

#[tokio::test]
async fn tests_answer_for_each_key_in_order() {
    let (api, id, provider) = api_with_provider("sk-good-1 sk-dead-1 sk-limited-1").await;
    let reply = api.keys("test-multiple", id, "sk-dead-1 sk-good-1 sk-unknown sk-limited-1").await.data();
    let expected = [("sk-dead-1", false), ("sk-good-1", true), ("sk-unknown", false), ("sk-limited-1", true)];
    assert_eq!(results(&reply), expected);
    let error = reply["results"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("[status 401] ") && !error.contains("sk-dead-1"), "{error}");
    assert_eq!(reply["results"][1]["error"], "");
    assert!(reply["total_duration"].is_u64());
    assert_eq!(provider.count_for_key("sk-unknown"), 0);
    assert_eq!(api.items(&format!("/api/keys?group_id={id}&status=cooling")).await.len(), 1, "the limited one rests");
}

#[tokio::test]
async fn a_failed_test_counts_as_one_failure_and_a_good_one_restores() {
    let (api, id, _provider) = api_with_provider("sk-good-1 sk-dead-1").await;
    put_out(&api, id, &["sk-good-1"], KeyStatus::Invalid);
    for (failures, status) in [(1, KeyStatus::Active), (2, KeyStatus::Invalid)] {
        api.keys("test-multiple", id, "sk-dead-1 sk-good-1").await.data();
        let dead = key(&api, id, "sk-dead-1");
        assert_eq!((dead.failures(), dead.status()), (failures, status));
        assert_eq!(key(&api, id, "sk-good-1").status(), KeyStatus::Active);
    }
}

#[tokio::test]
async fn a_sick_provider_says_nothing_about_a_key() {
    let (api, id, _provider) = api_with_provider("sk-overloaded-1 sk-reset-1").await;
    let reply = api.keys("test-multiple", id, "sk-overloaded-1 sk-reset-1").await.data();
    assert_eq!(results(&reply), [("sk-overloaded-1", false), ("sk-reset-1", false)]);
    assert!(reply["results"][0]["error"].as_str().unwrap().starts_with("[status 503] "));
    for secret in ["sk-overloaded-1", "sk-reset-1"] {
        assert_eq!(key(&api, id, secret).failures(), 0, "{secret}");
    }
}

#[tokio::test]
async fn a_disabled_key_can_be_tested_and_stays_out() {
    let (api, id, _provider) = api_with_provider("sk-good-1").await;
    put_out(&api, id, &["sk-good-1"], KeyStatus::Disabled);
    let reply = api.keys("test-multiple", id, "sk-good-1").await.data();
    assert_eq!(results(&reply), [("sk-good-1", true)]);
    assert_eq!(key(&api, id, "sk-good-1").status(), KeyStatus::Disabled);
}
