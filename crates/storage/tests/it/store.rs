//! Batches of the spool into the database.

use std::borrow::Cow;

use domain::ids::{GroupId, KeyId};
use domain::notice::Failures;
use jiff::Timestamp;
use storage::keys::{KeyChange, KeyChanges, KeyFailure, KeyFilter};
use storage::logs::{LogFilter, RequestType};
use storage::spool::{Limits, Spool, SpoolRecord};
use storage::store::Stored;
use storage::{Db, PageRequest};

use crate::support::{TestDb, at, group, record, secrets};

const ALL: PageRequest = PageRequest { page: 1, size: 1000 };

/// Sends records through a spool of their own into the database.
pub(crate) async fn store(test: &TestDb, records: Vec<SpoolRecord<'static>>) -> Vec<Stored> {
    let spool = Spool::open(&test.dir.path().join("spool"), Limits::default()).unwrap();
    spool.writer().append(records).unwrap();
    let mut drain = spool.drain(test.db.spool_position(spool.id()).await.unwrap()).unwrap();
    let mut stored = Vec::new();
    while let Some(batch) = drain.next_batch().unwrap() {
        stored.push(test.db.store_batch(batch).await.unwrap());
        drain.confirm();
    }
    stored
}

async fn log_ids(db: &Db) -> Vec<String> {
    let rows = db.logs_page(&LogFilter::default(), ALL, at("2026-11-23T12:00:00Z")).await.unwrap().rows;
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn rows_counters_and_statistics_agree() {
    let test = TestDb::new().await;
    let id = test.db.insert_group(&group("g")).await.unwrap().id;
    let keys: Vec<KeyId> =
        test.db.insert_keys(id, &secrets(&["a", "b"])).await.unwrap().added.into_iter().map(|(_, id)| id).collect();
    let start = at("2026-11-23T09:59:59Z").as_millisecond();
    let (retry, failure, success, next_hour) = (
        SpoolRecord {
            request_type: RequestType::Retry,
            is_success: false,
            counts_as_use: false,
            ..record(1, start, Some(keys[0]))
        },
        SpoolRecord { is_success: false, counts_as_use: false, ..record(2, start, Some(keys[0])) },
        SpoolRecord { parent_group_id: Some(GroupId(9)), ..record(3, start + 1, Some(keys[1])) },
        record(4, start + 1000, Some(keys[1])),
    );
    let stored = store(&test, vec![retry, failure, success, next_hour]).await;
    assert_eq!(stored, [Stored { rows: 4, refused: Vec::new() }]);
    assert_eq!(log_ids(&test.db).await.len(), 4);

    let stats = test.db.group_stats(&[id, GroupId(9)], at("2026-11-23T10:30:00Z")).await.unwrap();
    assert_eq!((stats[&id].day.total, stats[&id].day.failed), (3, 1));
    assert_eq!((stats[&GroupId(9)].day.total, stats[&GroupId(9)].day.failed), (1, 0));
    let hours = "SELECT success_count, failure_count, completion_tokens FROM group_hourly_stats WHERE group_id = 1 ORDER BY time";
    assert_eq!(test.run(hours).await, "1\t1\t40\n1\t0\t20\n");

    let listed = test.db.keys_page(&KeyFilter::default(), ALL).await.unwrap().rows;
    let uses: Vec<_> = listed.iter().map(|key| (key.id, key.request_count, key.last_used_at)).collect();
    assert_eq!(uses, [(keys[1], 2, Some(at("2026-11-23T10:00:00Z"))), (keys[0], 0, None)]);
    assert!(listed.iter().all(|key| key.failure_count == 0), "not the log's business");
}

#[tokio::test]
async fn uses_are_counted_while_the_same_keys_change() {
    let test = TestDb::new().await;
    let group = test.db.insert_group(&group("g")).await.unwrap().id;
    let names: Vec<_> = (0..200).map(|number| format!("key-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let keys: Vec<_> =
        test.db.insert_keys(group, &secrets(&names)).await.unwrap().added.into_iter().map(|(_, id)| id).collect();
    let failure = Some(KeyFailure { message: "quota".to_owned(), status: Some(429), at: at("2026-11-23T10:00:00Z") });
    let change =
        |id: &KeyId| KeyChange { id: *id, status: None, failures: Failures::default(), last_error: failure.clone() };
    let changes = KeyChanges { states: keys.iter().map(change).collect(), ..KeyChanges::default() };
    for round in 0..10 {
        let records = (round * 1_000..).zip(&keys).map(|(number, key)| record(number, 1_000, Some(*key)));
        let (stored, outcome) = tokio::join!(store(&test, records.collect()), test.db.store_key_changes(&changes));
        outcome.unwrap();
        assert_eq!(stored, [Stored { rows: keys.len(), refused: Vec::new() }]);
    }
}

#[tokio::test]
async fn counters_add_up_and_the_last_use_never_goes_back() {
    let test = TestDb::of_1_4(None).await;
    let key = async || {
        let filter = KeyFilter { among: Some(vec![KeyId(1)]), ..KeyFilter::default() };
        let key = test.db.keys_page(&filter, ALL).await.unwrap().rows.remove(0);
        (key.request_count, key.last_used_at)
    };
    let (count, before) = key().await;
    let (count, last_ms) = (count, before.unwrap().as_millisecond());
    assert_eq!(count, 4, "by 1.4.9");
    store(&test, vec![record(1, last_ms - 60_000, Some(KeyId(1)))]).await;
    assert_eq!(key().await, (5, before));
    store(&test, vec![record(2, last_ms + 60_000, Some(KeyId(1)))]).await;
    assert_eq!(key().await, (6, Timestamp::from_millisecond(last_ms + 60_000).ok()));
    // The hour that 1.4.9 counted in local time, and ours, are one.
    let stats = test.db.group_stats(&[GroupId(1)], at("2026-11-23T10:55:00Z")).await.unwrap();
    assert_eq!(stats[&GroupId(1)].day.total, 49 + 2);
}

#[tokio::test]
async fn an_hour_that_1_4_counted_in_utc_goes_on_in_the_same_row() {
    let test = TestDb::sqlite_of_1_4("sqlite-encrypted.db", Some("Fixture-Key-2026!with#odd$chars%and spaces")).await;
    store(&test, vec![record(1, at("2026-11-23T09:55:00Z").as_millisecond(), None)]).await;
    let rows: Vec<i64> = sqlx::query_scalar("SELECT success_count FROM group_hourly_stats WHERE group_id = 1")
        .fetch_all(&mut test.sql().await)
        .await
        .unwrap();
    assert_eq!(rows, [50]);
}

#[tokio::test]
async fn a_batch_is_stored_once() {
    let test = TestDb::new().await;
    let spool = Spool::open(&test.dir.path().join("spool"), Limits::default()).unwrap();
    spool.writer().append([record(1, 1000, None)]).unwrap();
    let mut drain = spool.drain(None).unwrap();
    let batch = drain.next_batch().unwrap().unwrap().clone();
    assert_eq!(test.db.store_batch(&batch).await.unwrap().rows, 1);
    assert_eq!(test.db.store_batch(&batch).await.unwrap(), Stored::default(), "as after a lost answer");
    assert_eq!(log_ids(&test.db).await.len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_stored_does_not_hold_up_the_others() {
    let test = TestDb::new().await;
    let records: Vec<_> = (0..257).map(|number| record(number, 1000, None)).collect();
    let twin = SpoolRecord { request_path: "/twin".into(), ..record(100, 1000, None) };
    let bad = SpoolRecord { model: "refuse-me".into(), ..record(1000, 1000, None) };
    test.refuse("request_logs", "model", "refuse-me").await;

    let mut all = records.clone();
    all.push(twin.clone());
    all.insert(3, bad.clone());
    let stored = store(&test, all).await.remove(0);
    assert_eq!(stored.rows, 257);
    let mut refused: Vec<_> = stored.refused.iter().map(|row| row.id).collect();
    refused.sort_unstable();
    assert_eq!(refused, [twin.id, bad.id]);
    assert!(stored.refused.iter().all(|row| !row.reason.is_empty()));
    let stats = test.db.group_stats(&[GroupId(1)], at("1970-01-01T00:30:00Z")).await.unwrap();
    assert_eq!(stats[&GroupId(1)].day.total, 259, "refused rows count");
}

#[tokio::test]
async fn texts_are_cut_to_their_columns_and_freed_of_nul() {
    let test = TestDb::new().await;
    let long = Cow::<'static, str>::Owned("ü🙂\0".repeat(40_000));
    let odd = SpoolRecord {
        group_name: long.clone(),
        parent_group_name: long.clone(),
        model: long.clone(),
        source_ip: long.clone(),
        request_path: long.clone(),
        error_message: long.clone(),
        user_agent: long.clone(),
        upstream_addr: long.clone(),
        request_body: long.clone(),
        proxy_key_hash: long.clone(),
        timestamp_ms: i64::MAX,
        duration_ms: i64::MIN,
        ..record(1, 0, None)
    };
    assert!(store(&test, vec![odd]).await[0].refused.is_empty());
    let row = test.db.logs_page(&LogFilter::default(), ALL, at("2026-11-23T12:00:00Z")).await.unwrap().rows.remove(0);
    let lengths = [
        (&row.group_name, 255),
        (&row.parent_group_name, 255),
        (&row.model, 255),
        (&row.source_ip, 64),
        (&row.request_path, 500),
        (&row.user_agent, 512),
        (&row.upstream_addr, 500),
        (row.proxy_key_hash.as_ref().unwrap(), 128),
    ];
    for (text, characters) in lengths {
        assert_eq!(text.chars().count(), characters);
        assert!(text.starts_with("ü🙂\u{fffd}ü"));
    }
    for text in [&row.error_message, &row.request_body] {
        assert!((65_530..=65_535).contains(&text.len()) && !text.contains('\0'));
    }
    assert_eq!(row.timestamp, at("9999-12-30T22:00:00Z"));
}

#[tokio::test]
async fn a_database_that_is_away_costs_nothing() {
    let test = TestDb::new().await;
    let spool = Spool::open(&test.dir.path().join("spool"), Limits::default()).unwrap();
    spool.writer().append([record(1, 1000, None)]).unwrap();
    let mut drain = spool.drain(None).unwrap();
    test.db.close().await;
    let error = test.db.store_batch(drain.next_batch().unwrap().unwrap()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");

    let test = test.reopened(None).await;
    let batch = drain.next_batch().unwrap().unwrap();
    assert_eq!(test.db.store_batch(batch).await.unwrap().rows, 1);
    drain.confirm();
    assert!(drain.next_batch().unwrap().is_none());
}
