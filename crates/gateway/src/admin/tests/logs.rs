//! The request log.

use std::borrow::Cow;

use domain::attempt::AttemptOutcome;
use domain::ids::GroupId;
use domain::secret::Secret;
use serde_json::json;
use storage::logs::RequestType;
use storage::spool::{Limits, Spool, SpoolRecord};
use tempfile::TempDir;
use uuid::Uuid;

use super::kit::Api;

pub(super) fn record(number: u64, status_code: u16) -> SpoolRecord<'static> {
    SpoolRecord {
        id: Uuid::from_u64_pair(0x7000, number),
        request_id: Uuid::from_u64_pair(0x7001, number),
        timestamp_ms: 1_800_000_000_000 + i64::try_from(number).unwrap() * 1000,
        group_id: GroupId(1),
        group_name: "my-group".into(),
        parent_group_id: None,
        parent_group_name: "".into(),
        key_id: None,
        key: Cow::default(),
        counts_as_use: false,
        model: "gpt-4o".into(),
        is_success: status_code < 400,
        source_ip: "192.0.2.1".into(),
        status_code,
        request_path: "/proxy/my-group/v1/chat/completions".into(),
        duration_ms: 12,
        error_message: if status_code < 400 { "".into() } else { "no such thing".into() },
        user_agent: "test/1".into(),
        request_type: RequestType::Final,
        upstream_addr: "https://api.example.com".into(),
        is_stream: true,
        request_body: "".into(),
        first_byte_ms: Some(3),
        prompt_tokens: None,
        completion_tokens: None,
        cached_tokens: None,
        attempt: 1,
        proxy_key_hash: "".into(),
        begun_ms: Some(1),
        outcome: Some(AttemptOutcome::RateLimited),
        rest_ms: Some(41_000),
    }
}

pub(super) async fn store(api: &Api, records: Vec<SpoolRecord<'static>>) {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits::default()).unwrap();
    spool.writer().append(records).unwrap();
    let mut drain = spool.drain(None).unwrap();
    let batch = drain.next_batch().unwrap().unwrap();
    api.state.db.store_batch(batch).await.unwrap();
}

#[tokio::test]
async fn an_entry_looks_as_clients_know_it() {
    let api = Api::new().await;
    let mut one = record(1, 200);
    one.key = Cow::Owned(api.state.db.cipher().store(&Secret::from("sk-plain")).unwrap());
    let hash = api.state.db.cipher().hash("sk-plain");
    store(&api, vec![one]).await;
    let expected = json!({
        "id": Uuid::from_u64_pair(0x7000, 1), "timestamp": "2027-01-15T08:00:01Z", "group_id": 1,
        "group_name": "my-group", "parent_group_id": 0, "parent_group_name": "", "key_value": "sk-plain",
        "key_hash": hash, "key_id": null, "model": "gpt-4o", "is_success": true, "source_ip": "192.0.2.1", "status_code": 200,
        "request_path": "/proxy/my-group/v1/chat/completions", "duration_ms": 12, "error_message": "",
        "user_agent": "test/1", "request_type": "final", "upstream_addr": "https://api.example.com",
        "is_stream": true, "request_body": "", "request_id": Uuid::from_u64_pair(0x7001, 1), "attempt": 1,
        "begun_ms": 1, "first_byte_ms": 3, "outcome": "rate_limited", "rest_ms": 41000, "prompt_tokens": null, "completion_tokens": null, "cached_tokens": null,
    });
    assert_eq!(api.items("/api/logs").await, [expected]);
}

#[tokio::test]
async fn entries_are_filtered_newest_first() {
    let api = Api::new().await;
    let mut first = record(1, 200);
    first.key = Cow::Owned(api.state.db.cipher().store(&Secret::from("sk-first")).unwrap());
    let mut fourth = record(4, 500);
    fourth.request_type = RequestType::Retry;
    fourth.parent_group_name = "all".into();
    fourth.source_ip = "192.0.2.9".into();
    store(&api, vec![first, record(2, 404), record(3, 200), fourth]).await;
    let all = "start_time=2027-01-01T00:00:00Z";
    let cases: [(&str, &[u64]); 15] = [
        ("", &[4, 3, 2, 1]),
        ("is_success=true", &[3, 1]),
        ("is_success=false", &[4, 2]),
        ("status_code=404", &[2]),
        ("status_code=many", &[4, 3, 2, 1]),
        ("request_type=retry", &[4]),
        ("request_type=other", &[4, 3, 2, 1]),
        ("source_ip=192.0.2.9", &[4]),
        ("key_value=sk-first", &[1]),
        ("group_name=y-gr", &[4, 3, 2, 1]),
        ("parent_group_name=al", &[4]),
        ("model=4o&error_contains=such", &[4, 2]),
        ("error_contains=%25", &[]),
        ("start_time=2027-01-15T08:00:02Z&end_time=2027-01-15T16:00:03%2B08:00", &[3, 2]),
        ("page=2&page_size=3", &[1]),
    ];
    for (filter, expected) in cases {
        let items = api.items(&format!("/api/logs?{all}&{filter}").replace(&format!("{all}&start"), "start")).await;
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = expected.iter().map(|n| Uuid::from_u64_pair(0x7000, *n).to_string()).collect();
        assert_eq!(ids, expected, "{filter}");
    }
}

#[tokio::test]
async fn an_export_has_each_key_once_with_its_latest_status() {
    let api = Api::new().await;
    let with_key = |number, status, key: &str| SpoolRecord {
        key: Cow::Owned(api.state.db.cipher().store(&Secret::from(key)).unwrap()),
        ..record(number, status)
    };
    let rows = [(1, 200, "sk-a"), (2, 429, "sk-a"), (3, 401, "sk-b"), (4, 200, "sk-\"c\"")];
    let rows = rows.map(|(number, status, key)| with_key(number, status, key));
    store(&api, rows.into_iter().chain([record(5, 404)]).collect()).await;
    let file = api.get("/api/logs/export").await;
    let mut lines: Vec<_> = file.text.lines().collect();
    assert_eq!(lines.remove(0), "key_value,group_name,status_code");
    lines.sort_unstable();
    assert_eq!(lines, ["\"sk-\"\"c\"\"\",my-group,200", "sk-a,my-group,429", "sk-b,my-group,401"]);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let name = file.header("content-disposition").strip_prefix("attachment; filename=log_keys_export_").unwrap();
    assert!(name.strip_suffix(".csv").is_some_and(|time| time.len() == 14 && time.parse::<u64>().is_ok()), "{name}");
    let failed = api.get("/api/logs/export?status_code=401").await;
    assert_eq!(failed.text, "key_value,group_name,status_code\nsk-b,my-group,401\n");
}

#[tokio::test]
async fn a_long_export_comes_in_steps_and_whole() {
    let api = Api::new().await;
    let key = |number: u64| api.state.db.cipher().store(&Secret::from(format!("sk-{number}").as_str())).unwrap();
    let rows = (0..2500).map(|number| SpoolRecord { key: Cow::Owned(key(number)), ..record(number, 200) });
    let rows: Vec<_> = rows.collect();
    for rows in rows.chunks(1000) {
        store(&api, rows.to_vec()).await;
    }
    let file = api.get("/api/logs/export").await.text;
    let distinct: std::collections::HashSet<_> = file.lines().skip(1).collect();
    assert_eq!((file.lines().count(), distinct.len()), (2501, 2500));
}
