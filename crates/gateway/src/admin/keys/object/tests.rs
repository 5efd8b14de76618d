use std::time::Duration;

use domain::classify::rest::Quota;
use domain::secret::Secret;
use serde_json::{Value, json};

use super::*;
use crate::keyring::{Keyring, Limit, PoolKey, Source};

fn row() -> Key {
    Key {
        id: KeyId(1),
        group_id: GroupId(2),
        secret: Some(Secret::from("sk-plain")),
        hash: "ab".to_owned(),
        status: KeyStatus::Active,
        notes: "n".to_owned(),
        request_count: 7,
        failure_count: 1,
        last_used_at: None,
        last_error: None,
        last_error_at: None,
        last_status: Some(401),
        created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        updated_at: "2026-01-02T03:04:05.5Z".parse().unwrap(),
    }
}

fn pool(status: KeyStatus, failures: u32) -> std::sync::Arc<Pool> {
    let pool = Keyring::default().pool(GroupId(2));
    pool.add([PoolKey::new(KeyId(1), Secret::from("sk-plain"), status, failures)]);
    pool
}

fn shown(key: Key, pool: &Pool) -> Value {
    serde_json::to_value(KeyObject::new(key, pool, |_| None)).unwrap()
}

#[test]
fn a_key_looks_as_clients_know_it() {
    let expected = json!({
        "id": 1, "group_id": 2, "key_value": "sk-plain", "key_hash": "ab", "notes": "n", "status": "active",
        "request_count": 7, "failure_count": 0, "last_used_at": null, "cooldown_until": null, "cooling_models": [],
        "last_error": null, "last_error_at": null, "last_status": 401, "next_check_at": null,
        "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05.5Z",
    });
    assert_eq!(shown(row(), &pool(KeyStatus::Active, 0)), expected);
}

#[test]
fn memory_knows_the_state_better_than_the_row() {
    let object = shown(row(), &pool(KeyStatus::Invalid, 4));
    assert_eq!((&object["status"], &object["failure_count"]), (&json!("invalid"), &json!(4)));
}

#[test]
fn only_of_an_invalid_key_is_said_when_it_is_checked_next() {
    let next_check = |pool: &Pool| {
        let object = KeyObject::new(row(), pool, |_| Some(clock::mono_ms() + 60_000));
        serde_json::to_value(object).unwrap()["next_check_at"].clone()
    };
    assert!(next_check(&pool(KeyStatus::Active, 0)).is_null());
    let at: Timestamp = next_check(&pool(KeyStatus::Invalid, 3)).as_str().unwrap().parse().unwrap();
    assert!(at.as_second() - Timestamp::now().as_second() <= 60 && at > Timestamp::now());
}

#[test]
fn a_key_that_memory_does_not_hold_is_shown_as_stored() {
    let object = shown(Key { secret: None, ..row() }, &Keyring::default().pool(GroupId(2)));
    assert_eq!((&object["status"], &object["failure_count"]), (&json!("active"), &json!(1)));
    assert_eq!(object["key_value"], UNREADABLE_KEY);
}

#[test]
fn rests_are_shown_by_model_with_their_ends() {
    let pool = pool(KeyStatus::Active, 0);
    let key = pool.get(KeyId(1)).unwrap();
    let limit = Limit {
        named: None,
        quota: Quota::default(),
        base: Duration::from_secs(60),
        doubles: true,
        source: Source::unknown(),
    };
    pool.limited(&key, Some("gpt"), limit);
    let object = shown(row(), &pool);
    assert_eq!(object["status"], "active");
    assert_eq!(object["cooling_models"].as_array().map(Vec::len), Some(1));
    assert_eq!(object["cooling_models"][0]["model"], "gpt");
    assert!(object["cooldown_until"].is_string());

    pool.limited(&key, None, limit);
    assert_eq!(shown(row(), &pool)["cooling_models"].as_array().map(Vec::len), Some(1), "altogether is no model");
    pool.set_status(&[KeyId(1)], KeyStatus::Disabled);
    assert!(shown(row(), &pool)["cooldown_until"].is_null());
}
