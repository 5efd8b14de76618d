//! Keys brought from one `ENCRYPTION_KEY` under another.

use domain::ids::{GroupId, KeyId};
use jiff::Timestamp;
use storage::keys::{KeyScan, Reencrypted};
use storage::logs::{LogFilter, UNREADABLE_KEY};
use storage::{Db, PageRequest, StorageError};

use crate::support::{TestDb, cipher, exposed, fixture, secrets};

/// Every key and every log row's key in clear.
async fn in_clear(db: &Db) -> (Vec<String>, Vec<String>) {
    let keys = db.scan_keys(KeyScan::default(), None, 1000).await.unwrap();
    let page = PageRequest { page: 1, size: 1000 };
    let logs = db.logs_page(&LogFilter::default(), page, Timestamp::now()).await.unwrap();
    let keys = keys.iter().map(|key| exposed(key.secret.as_ref()).unwrap_or("?").to_owned());
    (keys.collect(), logs.rows.iter().map(|row| row.key.expose().to_owned()).collect())
}

/// What stands in the key columns.
async fn at_rest(test: &TestDb) -> Vec<(String, String)> {
    let mut rows = String::new();
    for table in ["api_keys", "request_logs"] {
        rows += &test.run(&format!("SELECT key_value, key_hash FROM {table} ORDER BY id")).await;
    }
    rows.lines()
        .filter_map(|row| row.split_once('\t'))
        .map(|(value, hash)| (value.to_owned(), hash.to_owned()))
        .collect()
}

async fn migrate(db: &Db, from: Option<&str>) -> Reencrypted {
    db.plan_reencryption(&cipher(from)).await.unwrap().run(|_| ()).await.unwrap()
}

fn key_of_the_encrypted_fixture() -> String {
    let expected = std::fs::read(fixture("sqlite-encrypted.expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    expected["encryption_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_and_logs_go_under_a_key_under_another_and_back_to_plain_text() {
    let test = TestDb::of_1_4(None).await;
    let (clear, plain) = (in_clear(&test.db).await, at_rest(&test).await);
    assert!(clear.0.len() > 20 && clear.1.len() > 20);

    let test = test.reopened(Some("first")).await;
    let sum = migrate(&test.db, None).await;
    assert_eq!((sum.keys, sum.logs_left), (clear.0.len() as u64, 0));
    assert_eq!(in_clear(&test.db).await, clear);
    let encrypted = at_rest(&test).await;
    assert!(encrypted.iter().zip(&plain).all(|(new, old)| old.0.is_empty() || (new.0 != old.0 && new.1 != old.1)));
    assert_eq!(test.db.find_keys(GroupId(1), &secrets(&[&clear.0[0]])).await.unwrap(), [(0, KeyId(1))]);
    assert_eq!(test.db.encryption_state().await.unwrap().scenario, None);

    let test = test.reopened(Some("second")).await;
    migrate(&test.db, Some("first")).await;
    assert_eq!(in_clear(&test.db).await, clear);

    let test = test.reopened(None).await;
    migrate(&test.db, Some("second")).await;
    assert_eq!((in_clear(&test.db).await, at_rest(&test).await), (clear, plain));
}

#[tokio::test]
async fn what_1_4_9_encrypted_becomes_plain_text() {
    let test = TestDb::sqlite_of_1_4("sqlite-encrypted.db", None).await;
    let key = key_of_the_encrypted_fixture();
    let sum = migrate(&test.db, Some(&key)).await;
    let (keys, logs) = in_clear(&test.db).await;
    assert_eq!(sum.keys, keys.len() as u64);
    assert!(keys.iter().all(|key| key != "?") && logs.iter().all(|key| key != UNREADABLE_KEY));
    let state = test.db.encryption_state().await.unwrap();
    assert_eq!((state.scenario, state.unreadable), (None, 0));
}

#[tokio::test]
async fn a_wrong_former_key_is_found_before_anything_is_written() {
    for (name, from, to) in [
        ("sqlite-encrypted.db", Some("wrong"), Some("new")),
        ("sqlite-encrypted.db", Some("wrong"), None),
        ("sqlite-encrypted.db", None, Some("new")),
    ] {
        let test = TestDb::sqlite_of_1_4(name, to).await;
        let before = at_rest(&test).await;
        let error = test.db.plan_reencryption(&cipher(from)).await.unwrap_err();
        assert!(matches!(error, StorageError::UnreadableKeys { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("ids: 1, 2, 3") && !said.contains("wrong"), "{said}");
        assert_eq!(at_rest(&test).await, before);
    }
}

#[tokio::test]
async fn nothing_is_encrypted_twice_and_what_was_cut_short_goes_on() {
    let test = TestDb::of_1_4(None).await;
    let clear = in_clear(&test.db).await;
    let keep = |name: &str| format!("CREATE TABLE {name} AS SELECT id, key_value v, key_hash h FROM api_keys");
    test.run(&keep("plain")).await;
    let test = test.reopened(Some("new")).await;
    migrate(&test.db, None).await;
    test.run(&keep("newer")).await;
    let test = test.reopened(Some("old")).await;
    migrate(&test.db, Some("new")).await;
    // A third of the rows under each: plain text, the former key, the new one.
    for (kept, rest) in [("plain", 0), ("newer", 1)] {
        let of = |column: &str| format!("(SELECT {column} FROM {kept} k WHERE k.id = api_keys.id)");
        let (value, hash) = (of("v"), of("h"));
        test.run(&format!("UPDATE api_keys SET key_value = {value}, key_hash = {hash} WHERE id % 3 = {rest}")).await;
    }

    let test = test.reopened(Some("new")).await;
    let old = cipher(Some("old"));
    let plan = test.db.plan_reencryption(&old).await.unwrap();
    assert!(plan.done > 5 && plan.wanted > 10 && plan.done + plan.wanted == clear.0.len() as u64, "{plan:?}");
    assert_eq!(plan.run(|_| ()).await.unwrap().keys, plan.wanted);
    assert_eq!(in_clear(&test.db).await, clear);
    let again = migrate(&test.db, Some("old")).await;
    assert_eq!((again.keys, again.logs), (0, 0));
    assert_eq!(in_clear(&test.db).await, clear);
}

#[tokio::test]
async fn log_rows_under_yet_another_key_stay_as_they_are() {
    let test = TestDb::of_1_4(Some("new")).await;
    migrate(&test.db, None).await;
    let id = test.run("SELECT min(id) FROM request_logs WHERE key_value <> ''").await;
    let other = "UPDATE request_logs SET key_value = 'abcdef0123456789', key_hash = 'x' WHERE id =";
    test.run(&format!("{other} '{}'", id.trim())).await;
    let sum = migrate(&test.db, None).await;
    assert_eq!((sum.keys, sum.logs, sum.logs_left), (0, 0, 1));
    let (_, logs) = in_clear(&test.db).await;
    assert_eq!(logs.iter().filter(|key| *key == UNREADABLE_KEY).count(), 1);
}
