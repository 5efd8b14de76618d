//! Databases of GPT-Load 1.4.9 are read as that program read them itself: its own answers stand in `*.expected.json`.

use std::collections::BTreeMap;

use domain::group::Group;
use domain::ids::GroupId;
use domain::key::Key;
use domain::settings::Settings;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use storage::keys::{KeyFilter, KeyScan, Scenario};
use storage::logs::{LogFilter, LogRow, UNREADABLE_KEY};
use storage::{Db, PageRequest};
use testkit::servers::Engine;

use crate::support::{TestDb, at, exposed, fixture, name};

const ALL: PageRequest = PageRequest { page: 1, size: 1000 };

struct Adopted {
    test: TestDb,
    expected: Value,
}

/// The fixtures of the database at hand, opened with the keys they were written with.
async fn fixtures() -> Vec<Adopted> {
    let engine = Engine::of_tests();
    let expected = expectations(name(engine));
    let mut adopted = vec![Adopted { test: TestDb::of_1_4(expected["encryption_key"].as_str()).await, expected }];
    if engine == Engine::Sqlite {
        let expected = expectations("sqlite-encrypted");
        let test = TestDb::sqlite_of_1_4("sqlite-encrypted.db", expected["encryption_key"].as_str()).await;
        adopted.push(Adopted { test, expected });
    }
    adopted
}

fn expectations(name: &str) -> Value {
    let text = std::fs::read_to_string(fixture(&format!("{name}.expected.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Makes answers comparable: times become instants, `null` and `{}` are both "nothing set".
fn normal(mut value: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    object.remove("endpoint");
    for (name, member) in object.iter_mut() {
        if name.ends_with("_at") || name == "timestamp" {
            *member = member.as_str().map_or(Value::Null, |time| at(time).to_string().into());
        }
        if (name == "config" || name == "param_overrides") && member.is_null() {
            *member = json!({});
        }
    }
    value
}

fn group_json(group: &Group) -> Value {
    let spec = &group.spec;
    json!({
        "id": group.id, "name": spec.name, "display_name": spec.display_name, "description": spec.description,
        "group_type": spec.kind, "channel_type": spec.channel, "upstreams": spec.upstreams, "sort": spec.sort,
        "validation_endpoint": spec.validation_endpoint, "test_model": spec.test_model,
        "param_overrides": serde_json::from_str::<Value>(&spec.param_overrides.to_json()).unwrap(),
        "config": spec.config, "header_rules": spec.header_rules, "model_redirect_rules": spec.model_redirect_rules,
        "model_redirect_strict": spec.model_redirect_strict, "proxy_keys": spec.proxy_keys,
        "last_validated_at": group.last_validated_at, "created_at": group.created_at, "updated_at": group.updated_at,
    })
}

fn key_json(key: &Key) -> Value {
    json!({
        "id": key.id, "group_id": key.group_id, "key_value": exposed(key.secret.as_ref()), "key_hash": key.hash,
        "status": key.status, "notes": key.notes, "request_count": key.request_count, "failure_count": key.failure_count,
        "last_used_at": key.last_used_at, "created_at": key.created_at, "updated_at": key.updated_at,
    })
}

fn log_json(row: &LogRow) -> Value {
    json!({
        "id": row.id, "timestamp": row.timestamp, "group_id": row.group_id, "group_name": row.group_name,
        "parent_group_id": row.parent_group_id.unwrap_or(GroupId(0)), "parent_group_name": row.parent_group_name,
        "key_value": row.key.expose(), "key_hash": row.key_hash, "model": row.model, "is_success": row.is_success,
        "source_ip": row.source_ip, "status_code": row.status_code, "request_path": row.request_path,
        "duration_ms": row.duration_ms, "error_message": row.error_message, "user_agent": row.user_agent,
        "request_type": row.request_type, "upstream_addr": row.upstream_addr, "is_stream": row.is_stream,
        "request_body": row.request_body,
    })
}

async fn ids_by_name(db: &Db) -> BTreeMap<String, GroupId> {
    db.groups().await.unwrap().into_iter().map(|group| (group.spec.name, group.id)).collect()
}

#[tokio::test]
async fn groups_are_the_same() {
    for Adopted { test, expected } in fixtures().await {
        let groups = test.db.groups().await.unwrap();
        assert!(groups.iter().all(|group| group.enabled));
        let ours: Vec<_> = groups.iter().map(group_json).map(normal).collect();
        let theirs: Vec<_> = expected["groups"].as_array().unwrap().iter().cloned().map(normal).collect();
        assert_eq!(ours, theirs);
    }
}

#[tokio::test]
async fn big_numbers_of_parameters_keep_their_digits() {
    for Adopted { test, .. } in fixtures().await {
        let group = test.db.group(GroupId(1)).await.unwrap();
        let overrides = group.spec.param_overrides.to_json();
        assert!(overrides.contains("12345678901234567000"), "{overrides}");
    }
}

#[tokio::test]
async fn keys_are_the_same_and_decrypted() {
    for Adopted { test, expected } in fixtures().await {
        let ids = ids_by_name(&test.db).await;
        for (name, theirs) in expected["keys"].as_object().unwrap() {
            let filter = KeyFilter { group: Some(ids[name]), ..KeyFilter::default() };
            let page = test.db.keys_page(&filter, ALL).await.unwrap();
            let theirs: Vec<_> = theirs.as_array().unwrap().iter().cloned().map(normal).collect();
            assert_eq!(page.total, theirs.len() as u64);
            let mut ours: Vec<_> = page.rows.iter().map(key_json).map(normal).collect();
            ours.sort_by_key(|key| key["id"].as_i64());
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

#[tokio::test]
async fn sub_groups_are_the_same() {
    for Adopted { test, expected } in fixtures().await {
        let ids = ids_by_name(&test.db).await;
        let names: BTreeMap<_, _> = ids.iter().map(|(name, id)| (*id, name.clone())).collect();
        let counts = test.db.key_counts().await.unwrap();
        let mut ours: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for link in test.db.sub_groups().await.unwrap() {
            let keys = counts.get(&link.sub_group_id).copied().unwrap_or_default();
            ours.entry(names[&link.group_id].clone()).or_default().push(json!({
                "group": names[&link.sub_group_id], "weight": link.weight, "total_keys": keys.total(),
                "active_keys": keys.active, "invalid_keys": keys.invalid,
            }));
        }
        assert_eq!(json!(ours), expected["sub_groups"]);
    }
}

#[tokio::test]
async fn logs_are_the_same_in_the_same_order() {
    for Adopted { test, expected } in fixtures().await {
        let page = test.db.logs_page(&LogFilter::default(), ALL, Timestamp::now()).await.unwrap();
        let mut theirs: Vec<_> = expected["logs"].as_array().unwrap().iter().cloned().map(normal).collect();
        assert_eq!((page.total, page.total_is_estimate), (theirs.len() as u64, false));
        // 1.4.9 leaves the order within an instant, which may be a millisecond, to the database.
        theirs.sort_by_key(|row| std::cmp::Reverse((at(row["timestamp"].as_str().unwrap()), row["id"].to_string())));
        for (ours, theirs) in page.rows.iter().zip(theirs) {
            assert_eq!(normal(log_json(ours)), theirs);
        }
    }
}

#[tokio::test]
async fn settings_are_the_same() {
    for Adopted { test, expected } in fixtures().await {
        let stored = test.db.stored_settings().await.unwrap();
        let theirs: BTreeMap<String, String> = expected["settings"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        assert_eq!(stored, theirs);
        let (settings, faults) = Settings::from_stored(&stored);
        assert_eq!((settings.max_retries, faults), (5, vec![]));
    }
}

#[tokio::test]
async fn statistics_are_the_same() {
    for Adopted { test, expected } in fixtures().await {
        let ids = ids_by_name(&test.db).await;
        let groups: Vec<_> = ids.values().copied().collect();
        let hour = if test.engine == Engine::Sqlite { at("2026-11-23T09:00:00Z") } else { at("2026-11-23T10:00:00Z") };
        // The hour they were written in, its last moment, and the last moment at which it is within the day.
        for now in [hour + 30.minutes(), hour + 60.minutes() - 1.milliseconds(), hour + 24.hours() - 1.seconds()] {
            let stats = test.db.group_stats(&groups, now).await.unwrap();
            for (name, theirs) in expected["stats_24_hour"].as_object().unwrap() {
                let ours = stats.get(&ids[name]).copied().unwrap_or_default();
                assert_eq!(json!(ours.day.total), theirs["total_requests"], "{name} at {now}");
                assert_eq!(json!(ours.day.failed), theirs["failed_requests"], "{name} at {now}");
                assert_eq!((ours.week, ours.month), (ours.day, ours.day));
            }
        }
        let later = test.db.group_stats(&groups, hour + 24.hours()).await.unwrap();
        assert!(later.values().all(|windows| windows.day.total == 0 && windows.week.total > 0));
    }
}

#[tokio::test]
async fn a_wrong_or_missing_encryption_key_is_told_and_nothing_is_taken_for_a_key() {
    let cases = [
        ("sqlite-encrypted.db", None, Some(Scenario::KeyNotConfigured), false, true),
        ("sqlite-encrypted.db", Some("wrong"), Some(Scenario::KeyMismatch), false, true),
        ("sqlite.db", Some("new"), Some(Scenario::DataNotEncrypted), true, false),
        ("sqlite.db", None, None, false, false),
    ];
    for (name, key, scenario, has_plain_rows, unreadable) in cases {
        let test = TestDb::sqlite_of_1_4(name, key).await;
        let state = test.db.encryption_state().await.unwrap();
        assert_eq!((state.scenario, state.has_plain_rows), (scenario, has_plain_rows), "{name} {key:?}");
        for key in test.db.scan_keys(KeyScan::default(), None, 1000).await.unwrap() {
            assert_eq!(key.secret.is_none(), unreadable);
        }
        let page = test.db.logs_page(&LogFilter::default(), ALL, Timestamp::now()).await.unwrap();
        for row in page.rows.iter().filter(|row| !row.key_hash.is_empty()) {
            assert_eq!(row.key.expose() == UNREADABLE_KEY, unreadable);
        }
    }
}
