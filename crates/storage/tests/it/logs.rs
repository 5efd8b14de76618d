use std::borrow::Cow;

use domain::ids::KeyId;
use jiff::Timestamp;
use storage::logs::{LogFilter, RequestType, UNREADABLE_KEY};
use storage::spool::SpoolRecord;
use storage::{Db, PageRequest};

use crate::store::store;
use crate::support::{TestDb, at, leader, record};

const ALL: PageRequest = PageRequest { page: 1, size: 1000 };
const NOON: &str = "2026-11-23T12:00:00Z";

/// Puts rows in with times as they are, as another program would.
async fn insert(test: &TestDb, rows: &[(&str, &str)]) {
    for (id, timestamp) in rows {
        let insert = format!(
            "INSERT INTO request_logs (id, timestamp, group_id, group_name, is_success, status_code, duration, is_stream)
             VALUES ('{id}', {}, 1, 'g', true, 200, 1, false)",
            test.time(timestamp)
        );
        test.run(&insert).await;
    }
}

pub(crate) async fn ids(db: &Db, filter: &LogFilter) -> Vec<String> {
    let page = db.logs_page(filter, ALL, at(NOON)).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn order_and_ranges_go_by_instant_whoever_wrote_the_row() {
    let test = TestDb::sqlite().await;
    let rows = [
        ("shanghai", "2026-11-23 17:50:06.401259054+08:00"),
        ("a-nanosecond-later", "2026-11-23 17:50:06.401259055+08:00"),
        ("ours-before", "2026-11-23 09:50:06.400+00:00"),
        ("ours-after", "2026-11-23 09:50:06.402+00:00"),
        ("new-york", "2026-11-23 04:50:07-05:00"),
        ("zulu", "2026-11-23T09:50:08Z"),
        ("far-west", "2026-11-22 22:50:09.5-11:00"),
        ("far-east", "2026-11-23 23:50:10+14:00"),
    ];
    insert(&test, &rows).await;
    let newest_first =
        ["far-east", "far-west", "zulu", "new-york", "ours-after", "a-nanosecond-later", "shanghai", "ours-before"];
    assert_eq!(ids(&test.db, &LogFilter::default()).await, newest_first);
    for (page, id) in (1..).zip(newest_first) {
        let page = PageRequest { page, size: 1 };
        let rows = test.db.logs_page(&LogFilter::default(), page, at(NOON)).await.unwrap().rows;
        assert_eq!(rows[0].id, id);
    }

    let range =
        |start: &str, end: &str| LogFilter { start: Some(at(start)), end: Some(at(end)), ..LogFilter::default() };
    let cases = [
        (range("2026-11-23T09:50:06.402Z", "2026-11-23T09:50:07Z"), 3..5, "both ends are within"),
        (range("2026-11-23T09:50:07.001Z", "2026-11-23T09:50:09.499Z"), 2..3, "neither neighbour"),
        (range("2026-11-23T09:50:09Z", "2026-11-24T00:00:00Z"), 0..2, "other dates there"),
        (range("2026-11-22T00:00:00Z", "2026-11-23T09:50:06.4Z"), 7..8, "up to the first"),
    ];
    for (filter, expected, what) in cases {
        assert_eq!(ids(&test.db, &filter).await, newest_first[expected], "{what}");
    }
    assert_eq!(test.db.count_requests(at("2026-11-23T09:50:07Z"), at("2026-11-23T09:50:10Z")).await.unwrap(), 3);
}

fn failed(number: u64, error: &str) -> SpoolRecord<'static> {
    let mut record = record(number, at(NOON).as_millisecond() - i64::try_from(number).unwrap(), None);
    (record.is_success, record.status_code, record.error_message) = (false, 500, error.to_owned().into());
    record
}

#[tokio::test]
async fn filters_by_part_take_every_character_literally() {
    let test = TestDb::new().await;
    let errors = ["100% wrong", "100 wrong", "a_b", "axb", "wow!", r"back\slash", "Grüße"];
    let mut records: Vec<_> = (1..).zip(errors).map(|(number, error)| failed(number, error)).collect();
    records[0].model = "gpt_4".into();
    records[1].model = "gptx4".into();
    (records[2].group_name, records[3].parent_group_name) = ("team%a".into(), "parent".into());
    let names: Vec<String> = records.iter().map(|record| record.id.to_string()).collect();
    store(&test, records).await;
    let error = |part: &str| LogFilter { error_contains: Some(part.to_owned()), ..LogFilter::default() };
    let cases = [
        (error("100%"), 0..1),
        (error("100"), 0..2),
        (error("a_b"), 2..3),
        (error("!"), 4..5),
        (error(r"k\s"), 5..6),
        (error("rüß"), 6..7),
        (LogFilter { model: Some("t_4".to_owned()), ..LogFilter::default() }, 0..1),
        (LogFilter { group_name: Some("m%a".to_owned()), ..LogFilter::default() }, 2..3),
        (LogFilter { parent_group_name: Some("aren".to_owned()), ..LogFilter::default() }, 3..4),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&test.db, &filter).await, names[expected], "{filter:?}");
    }
}

#[tokio::test]
async fn filters_by_part_look_at_seven_days_unless_told_otherwise() {
    let test = TestDb::new().await;
    let (mut old, mut new) = (failed(1, "boom"), failed(2, "boom"));
    old.timestamp_ms = at("2026-11-16T11:59:59.999Z").as_millisecond();
    new.timestamp_ms = at("2026-11-16T12:00:00Z").as_millisecond();
    let (old_id, new_id) = (old.id.to_string(), new.id.to_string());
    store(&test, vec![old, new]).await;
    let by_part = LogFilter { error_contains: Some("boom".to_owned()), ..LogFilter::default() };
    assert_eq!(ids(&test.db, &by_part).await, std::slice::from_ref(&new_id));
    let since = LogFilter { start: Some(at("2026-01-01T00:00:00Z")), ..by_part };
    assert_eq!(ids(&test.db, &since).await, [new_id.clone(), old_id.clone()]);
    assert_eq!(ids(&test.db, &LogFilter { status_code: Some(500), ..LogFilter::default() }).await, [new_id, old_id]);
}

#[tokio::test]
async fn exact_filters() {
    let test = TestDb::with_key(Some("k")).await;
    let mut records: Vec<_> =
        (1..=4).map(|number| record(number, i64::try_from(number).unwrap() * 1000, None)).collect();
    records[0].source_ip = "10.0.0.1".into();
    (records[1].status_code, records[1].is_success) = (404, false);
    records[2].request_type = RequestType::Retry;
    records[3].key = Cow::Owned(test.db.cipher().store(&"sk-one".into()).unwrap());
    let request_id = records[3].request_id.to_string();
    let names: Vec<String> = records.iter().map(|record| record.id.to_string()).collect();
    store(&test, records).await;
    let cases = [
        (LogFilter { source_ip: Some("10.0.0.1".to_owned()), ..LogFilter::default() }, 0),
        (LogFilter { status_code: Some(404), ..LogFilter::default() }, 1),
        (LogFilter { is_success: Some(false), ..LogFilter::default() }, 1),
        (LogFilter { request_type: Some(RequestType::Retry), ..LogFilter::default() }, 2),
        (LogFilter { key: Some("sk-one".into()), ..LogFilter::default() }, 3),
        (LogFilter { request_id: Some(request_id), ..LogFilter::default() }, 3),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&test.db, &filter).await, names[expected..=expected], "{filter:?}");
    }
}

#[tokio::test]
async fn each_key_of_the_log_comes_with_its_latest_end() {
    let test = TestDb::with_key(Some("k")).await;
    let mut records = Vec::new();
    for (number, (key, status)) in (1..).zip([("a", 200), ("b", 401), ("a", 429), ("", 503)]) {
        let mut record = record(number, i64::try_from(number).unwrap() * 1000, None);
        record.status_code = status;
        if !key.is_empty() {
            record.key = Cow::Owned(test.db.cipher().store(&key.into()).unwrap());
        }
        records.push(record);
    }
    store(&test, records).await;
    let logged = test.db.logged_keys(&LogFilter::default(), "", 10, at(NOON)).await.unwrap();
    let mut logged: Vec<_> =
        logged.iter().map(|key| (key.key.expose(), key.group_name.as_str(), key.status_code)).collect();
    logged.sort_unstable();
    assert_eq!(logged, [("a", "g", 429), ("b", "g", 401)]);
    let first = test.db.logged_keys(&LogFilter::default(), "", 1, at(NOON)).await.unwrap().remove(0);
    let second = test.db.logged_keys(&LogFilter::default(), &first.hash, 1, at(NOON)).await.unwrap().remove(0);
    assert!(first.hash < second.hash && first.key != second.key);
    assert_eq!(test.db.logged_keys(&LogFilter::default(), &second.hash, 1, at(NOON)).await.unwrap().len(), 0);
    let succeeded = LogFilter { is_success: Some(true), status_code: Some(200), ..LogFilter::default() };
    assert_eq!(test.db.logged_keys(&succeeded, "", 10, at(NOON)).await.unwrap()[0].status_code, 200);
}

#[tokio::test]
async fn a_key_under_a_former_encryption_key_is_no_error() {
    let test = TestDb::with_key(Some("k")).await;
    let former = storage::KeyCipher::new(Some("former")).unwrap();
    let mut record = record(1, 1000, None);
    record.key = Cow::Owned(former.store(&"sk-one".into()).unwrap());
    store(&test, vec![record]).await;
    let page = test.db.logs_page(&LogFilter::default(), ALL, at(NOON)).await.unwrap();
    assert_eq!(page.rows[0].key.expose(), UNREADABLE_KEY);
    assert_eq!(
        test.db.logged_keys(&LogFilter::default(), "", 10, at(NOON)).await.unwrap()[0].key.expose(),
        UNREADABLE_KEY
    );
}

#[tokio::test]
async fn a_row_comes_back_as_it_was_recorded() {
    let test = TestDb::new().await;
    let mut original = record(7, at("2026-11-23T09:50:06.401Z").as_millisecond(), Some(KeyId(1)));
    original.parent_group_id = Some(domain::ids::GroupId(9));
    original.request_body = "{\"a\":\"\\u0000 🙂\"}".into();
    original.cached_tokens = Some(4);
    original.is_stream = true;
    original.attempt = 2;
    store(&test, vec![original.clone()]).await;
    let row = test.db.logs_page(&LogFilter::default(), ALL, at(NOON)).await.unwrap().rows.remove(0);
    assert_eq!(row.id, original.id.to_string());
    assert_eq!(row.timestamp, at("2026-11-23T09:50:06.401Z"));
    assert_eq!(row.parent_group_id, original.parent_group_id);
    assert_eq!(row.request_body, original.request_body);
    assert_eq!((row.is_stream, row.is_success, row.request_type), (true, true, RequestType::Final));
    assert_eq!((row.first_byte_ms, row.prompt_tokens, row.completion_tokens), (Some(3), Some(10), Some(20)));
    assert_eq!((row.cached_tokens, row.attempt), (Some(4), Some(2)));
    assert_eq!(row.request_id, Some(original.request_id.to_string()));
    assert_eq!(row.proxy_key_hash.as_deref(), Some("aa"));
    assert_eq!((row.begun_ms, row.outcome.as_deref(), row.rest_ms), (Some(1), Some("rate_limited"), Some(41_000)));
}

#[tokio::test]
async fn the_oldest_rows_are_deleted_in_batches() {
    let test = TestDb::new().await;
    let rows = [
        ("a", "2026-11-23 18:00:00+08:00"),
        ("b", "2026-11-23 10:30:00.000+00:00"),
        ("c", "2026-11-23 11:00:00.000+00:00"),
        ("d", "2026-11-23 19:00:00.001+08:00"),
    ];
    insert(&test, &rows).await;
    let (border, held) = (at("2026-11-23T11:00:00Z"), leader(&test.db).await);
    assert_eq!(test.db.delete_logs_before(held, border, 1).await.unwrap(), 1);
    assert_eq!(ids(&test.db, &LogFilter::default()).await, ["d", "c", "b"]);
    assert_eq!(test.db.delete_logs_before(held, border, 10).await.unwrap(), 1);
    assert_eq!(ids(&test.db, &LogFilter::default()).await, ["d", "c"]);
}

/// Fills the log by SQL: `rows` rows, a millisecond apart, with a body of `body_bytes`.
async fn fill(test: &TestDb, rows: u32, body_bytes: u32) {
    let fill = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO request_logs (id, timestamp, group_id, is_success, status_code, duration, is_stream, request_body)
         SELECT printf('%08d', i), strftime('%Y-%m-%d %H:%M:%f+00:00', 1790000000 + i / 1000.0, 'unixepoch'), 1, 1, 200, 1, 0,
                hex(zeroblob({body_bytes} / 2)) FROM n"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut test.sql().await).await.unwrap();
}

#[tokio::test]
async fn space_is_given_back_when_much_is_unused() {
    let test = TestDb::sqlite().await;
    fill(&test, 1000, 4000).await;
    let pages =
        async || sqlx::query_scalar::<_, i64>("PRAGMA page_count").fetch_one(&mut test.sql().await).await.unwrap();
    let (before, held) = (pages().await, leader(&test.db).await);
    while test.db.delete_logs_before(held, Timestamp::MAX, 200).await.unwrap() > 0 {}
    while test.db.delete_logs_before(held, Timestamp::MAX, 200).await.unwrap() > 0 {}
    let after = pages().await;
    assert!(after < before / 2, "{before} {after}");
}

#[tokio::test]
async fn long_lists_are_estimated() {
    let test = TestDb::sqlite().await;
    fill(&test, 100_002, 0).await;
    let one = PageRequest { page: 1, size: 1 };
    let total = async |filter: &LogFilter| {
        let page = test.db.logs_page(filter, one, at(NOON)).await.unwrap();
        (page.total, page.total_is_estimate)
    };
    assert_eq!(total(&LogFilter::default()).await, (100_002, true));
    assert_eq!(total(&LogFilter { status_code: Some(200), ..LogFilter::default() }).await, (100_000, true));
    let day = LogFilter { end: Some(at("2026-09-21T13:33:20Z")), ..LogFilter::default() };
    let (exact, is_estimate) = total(&day).await;
    assert!(!is_estimate && exact < 100_000, "{exact}");
}
