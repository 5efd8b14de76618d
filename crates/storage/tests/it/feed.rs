//! What processes on one database tell each other.

use domain::ids::GroupId;
use domain::key::KeyStatus;
use domain::notice::{Failures, KeyNews, Notice};
use storage::StorageError;
use storage::keys::{KeyChange, KeyChanges};
use testkit::servers::Engine;

use crate::support::{TestDb, group, secrets};

async fn told(test: &TestDb, from: i64) -> Vec<Notice> {
    let rows = test.db.feed_from(from, 1000).await.unwrap();
    assert!(rows.iter().all(|row| row.node == test.db.node()) && rows.is_sorted_by_key(|row| row.id));
    rows.into_iter().map(|row| row.notice.unwrap()).collect()
}

#[tokio::test]
async fn every_change_leaves_a_row_and_what_changes_nothing_leaves_none() {
    let test = TestDb::new().await;
    let db = &test.db;
    assert_eq!(db.feed_end().await.unwrap(), 0);
    let (one, other) = (db.insert_group(&group("a")).await.unwrap().id, db.insert_group(&group("b")).await.unwrap().id);
    let ids: Vec<_> =
        db.insert_keys(one, &secrets(&["x", "y", "z"])).await.unwrap().added.into_iter().map(|(_, id)| id).collect();
    db.insert_keys(one, &secrets(&["x"])).await.unwrap();
    db.delete_keys(one, &ids[..1]).await.unwrap();
    db.delete_next_keys(one, None, 10).await.unwrap();
    db.set_group_enabled(other, false).await.unwrap();
    assert!(matches!(db.set_group_enabled(GroupId(99), false).await, Err(StorageError::NotFound)));
    db.put_settings(&[("max_retries".to_owned(), Some("1".to_owned()))]).await.unwrap();
    db.delete_group(other).await.unwrap();

    let configuration = Notice::of_configuration;
    let gone = Notice { gone: vec![other], ..configuration() };
    let keys = |ids: &[_]| Notice::of_keys(one, ids.iter().copied());
    let expected = [
        configuration(),
        configuration(),
        keys(&ids),
        keys(&ids[..1]),
        keys(&ids[1..]),
        configuration(),
        configuration(),
        gone,
    ];
    assert_eq!(told(&test, 0).await, expected);
}

#[tokio::test]
async fn states_of_keys_are_stored_with_what_is_told_of_them() {
    let test = TestDb::new().await;
    let of = test.db.insert_group(&group("a")).await.unwrap().id;
    let id = test.db.insert_keys(of, &secrets(&["x"])).await.unwrap().added[0].1;
    let end = test.db.feed_end().await.unwrap();
    let failures = Failures { forgiven: false, added: 2 };
    let change = KeyChange { id, status: Some(KeyStatus::Invalid), failures, last_error: None };
    let news = KeyNews {
        group: of,
        key: id,
        status: change.status,
        failures,
        fault: Some((401, "no".to_owned())),
        rests_cleared: true,
        rests: vec![],
    };
    let notice = Notice { news: vec![news], numbers: Some((1, 2)), ..Notice::default() };
    let changes = KeyChanges { states: vec![change], notice: notice.clone(), ..KeyChanges::default() };
    for _ in 0..2 {
        test.db.store_key_changes(&changes).await.unwrap();
    }
    assert_eq!(told(&test, end + 1).await, [notice.clone(), notice]);
    let row = test.db.keys_of(&[id]).await.unwrap().remove(0);
    assert_eq!((row.status, row.failure_count), (KeyStatus::Invalid, 4), "nodes add to the same count");
}

#[tokio::test]
async fn rows_are_read_from_any_place_and_deleted_up_to_one() {
    let test = TestDb::new().await;
    for name in ["a", "b", "c"] {
        test.db.insert_group(&group(name)).await.unwrap();
    }
    let ids: Vec<_> = test.db.feed_from(0, 2).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 2);
    let end = test.db.feed_end().await.unwrap();
    test.db.prune_feed(end).await.unwrap();
    assert_eq!(told(&test, 0).await.len(), 1);
    assert_eq!(test.db.feed_end().await.unwrap(), end);
    assert_eq!(told(&test, end + 1).await, []);
}

#[tokio::test]
async fn a_row_of_a_later_version_is_not_passed_over() {
    let test = TestDb::new().await;
    let (quote, now) = if test.engine == Engine::Postgres { ('"', "now()") } else { ('`', "current_timestamp") };
    let later = uuid::Uuid::new_v4();
    test.run(&format!(
        "INSERT INTO node_changes (node, created_at, {quote}notice{quote}) VALUES ('{later}', {now}, '[\"later\"]')"
    ))
    .await;
    let rows = test.db.feed_from(0, 9).await.unwrap();
    assert_eq!((rows[0].node, &rows[0].notice), (later, &None));
}
