use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};

use domain::ids::GroupId;
use tempfile::TempDir;
use uuid::Uuid;

use super::super::{Limits, Spool};
use crate::logs::RequestType;
use crate::spool::SpoolRecord;

fn record(model: &str) -> SpoolRecord<'static> {
    SpoolRecord {
        id: Uuid::nil(),
        request_id: Uuid::nil(),
        timestamp_ms: 0,
        group_id: GroupId(1),
        group_name: "".into(),
        parent_group_id: None,
        parent_group_name: "".into(),
        key_id: None,
        key: Cow::default(),
        counts_as_use: false,
        model: model.to_owned().into(),
        is_success: true,
        source_ip: "".into(),
        status_code: 200,
        request_path: "".into(),
        duration_ms: 0,
        error_message: "".into(),
        user_agent: "".into(),
        request_type: RequestType::Final,
        upstream_addr: "".into(),
        is_stream: false,
        request_body: "".into(),
        first_byte_ms: None,
        prompt_tokens: None,
        completion_tokens: None,
        cached_tokens: None,
        attempt: 1,
        proxy_key_hash: "".into(),
        begun_ms: None,
        outcome: None,
        rest_ms: None,
    }
}

fn models(spool: &Spool) -> Vec<String> {
    let mut drain = spool.drain(None).unwrap();
    let batch = drain.next_batch().unwrap();
    batch.map(|batch| batch.rows.iter().map(|row| row.model.to_string()).collect()).unwrap_or_default()
}

/// `/dev/full` refuses every write as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_nothing_is_kept() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits::default()).unwrap();
    spool.writer().append([record("before")]).unwrap();
    let bytes = spool.bytes();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let good = std::mem::replace(&mut spool.shared.active().file, full);

    let records = [record("kept by the caller")];
    assert_eq!(spool.writer().append(records.clone()).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(spool.bytes(), bytes);

    spool.shared.active().file = good;
    spool.writer().append(records.clone()).unwrap();
    assert_eq!(models(&spool), ["before", "kept by the caller"]);
}

#[test]
fn what_a_failed_append_left_behind_is_written_over() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits::default()).unwrap();
    spool.writer().append([record("one")]).unwrap();
    {
        let mut active = spool.shared.active();
        let end = active.bytes;
        active.file.seek(SeekFrom::Start(end)).unwrap();
        active.file.write_all(&[7; 500]).unwrap();
    }
    assert_eq!(models(&spool), ["one"]);
    spool.writer().append([record("two")]).unwrap();
    assert_eq!(models(&spool), ["one", "two"]);
    let reopened = Spool::open(dir.path(), Limits::default()).unwrap();
    assert_eq!(models(&reopened), ["one", "two"]);
}

#[test]
fn many_threads_append_at_once() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits { segment_bytes: 3000, ..Limits::default() }).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let writer = spool.writer();
            scope.spawn(move || {
                for _ in 0..100 {
                    writer.append([record("m")]).unwrap();
                }
            });
        }
    });
    let mut drain = spool.drain(None).unwrap();
    let mut rows = 0;
    while let Some(batch) = drain.next_batch().unwrap() {
        rows += batch.len();
        drain.confirm();
    }
    assert_eq!(rows, 400);
}

#[test]
fn what_is_counted_goes_out_with_the_next_append_once() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits { segment_bytes: 1, ..Limits::default() }).unwrap();
    spool.writer().count([record("a"), record("b")]);
    assert!(spool.writer().owes());
    for _ in 0..3 {
        spool.writer().append([record("c")]).unwrap();
        assert!(!spool.writer().owes());
    }
    assert_eq!(succeeded(&spool), 5, "two that were counted, three that are there");
}

/// Beyond the cap only sums are written, and beyond [`TALLIES_BYTES`] more nothing at all.
#[test]
fn a_spool_that_is_never_emptied_ends_somewhere() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits { cap_bytes: 1000, ..Limits::default() }).unwrap();
    let full = 1000 + super::TALLIES_BYTES;
    spool.shared.active().other_bytes = full;
    for _ in 0..10 {
        assert_eq!(spool.writer().append([record("m")]).unwrap().rows_dropped, 1);
    }
    assert!(spool.writer().owes());
    assert_eq!(spool.bytes(), full + super::HEADER_BYTES);
    spool.shared.active().forget(full);
    spool.writer().append([]).unwrap();
    assert!(!spool.writer().owes());
    assert_eq!(succeeded(&spool), 10);
}

/// The sum of all batches.
fn succeeded(spool: &Spool) -> i64 {
    let mut drain = spool.drain(None).unwrap();
    let mut sum = 0;
    while let Some(batch) = drain.next_batch().unwrap() {
        sum += batch.tally.hours.values().map(|hour| hour.succeeded).sum::<i64>();
        drain.confirm();
    }
    sum
}
