//! The spool on disk: crashes, damage, the cap.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::ids::{GroupId, KeyId};
use proptest::prelude::*;
use storage::keys::KeyFilter;
use storage::logs::LogFilter;
use storage::spool::{Appended, Limits, Position, Spool, SpoolRecord};
use storage::{PageRequest, StorageError};
use tempfile::TempDir;

use crate::support::{TestDb, at, group, record, secrets};

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn small() -> Limits {
    Limits { segment_bytes: 2000, batch_rows: 7, ..Limits::default() }
}

/// Everything in a spool, without a database.
fn drained(spool: &Spool, from: Option<Position>) -> usize {
    let mut drain = spool.drain(from).unwrap();
    let mut rows = 0;
    while let Some(batch) = drain.next_batch().unwrap() {
        rows += batch.len();
        drain.confirm();
    }
    rows
}

fn append(spool: &Spool, numbers: std::ops::Range<u64>) {
    let records: Vec<_> = numbers.map(|number| record(number, 1000, None)).collect();
    spool.writer().append(records.clone()).unwrap();
}

#[test]
fn segments_are_rolled_and_deleted_behind_the_drain() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), small()).unwrap();
    for start in 0..20 {
        append(&spool, start * 5..start * 5 + 5);
    }
    assert!(segments(dir.path()).len() > 3);
    let on_disk: u64 = segments(dir.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert_eq!(spool.bytes(), on_disk);
    assert_eq!(drained(&spool, None), 100);
    let left = segments(dir.path());
    assert_eq!(left.len(), 1, "the one that is written to");
    assert_eq!(spool.bytes(), fs::metadata(&left[0]).unwrap().len());
}

#[test]
fn batches_are_bounded_by_rows_and_bytes_and_stay_until_confirmed() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits { batch_rows: 3, ..Limits::default() }).unwrap();
    append(&spool, 0..4);
    let mut drain = spool.drain(None).unwrap();
    assert_eq!(drain.next_batch().unwrap().unwrap().len(), 3);
    append(&spool, 4..8);
    assert_eq!(drain.next_batch().unwrap().unwrap().len(), 3, "the same batch");
    drain.confirm();
    assert_eq!(drain.next_batch().unwrap().unwrap().len(), 3, "the next one");

    let by_bytes = Spool::open(&dir.path().join("b"), Limits { batch_bytes: 1, ..Limits::default() }).unwrap();
    append(&by_bytes, 0..4);
    assert_eq!(by_bytes.drain(None).unwrap().next_batch().unwrap().unwrap().len(), 1);
}

#[test]
fn what_an_earlier_process_left_is_read_first_and_the_id_stays() {
    let dir = TempDir::new().unwrap();
    let first = Spool::open(dir.path(), Limits::default()).unwrap();
    append(&first, 0..3);
    let second = Spool::open(dir.path(), Limits::default()).unwrap();
    assert_eq!(first.id(), second.id());
    append(&second, 3..5);
    assert_eq!(drained(&second, None), 5);
    let third = Spool::open(dir.path(), Limits::default()).unwrap();
    assert_eq!(third.id(), first.id(), "even when all was stored");
}

#[test]
fn an_unfinished_record_at_the_end_is_left_out_at_every_length() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), Limits::default()).unwrap();
    append(&spool, 0..2);
    let whole = fs::read(&segments(dir.path())[0]).unwrap();
    append(&spool, 2..3);
    let torn = fs::read(&segments(dir.path())[0]).unwrap();
    for length in 0..torn.len() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("000000000000001.spool"), &torn[..length]).unwrap();
        let spool = Spool::open(dir.path(), Limits::default()).unwrap();
        append(&spool, 10..11);
        let left = match length {
            length if length >= whole.len() => 2,
            length if length >= 32 + (whole.len() - 32) / 2 => 1,
            _ => 0,
        };
        assert_eq!(drained(&spool, None), left + 1, "{length} of {}", torn.len());
    }
}

#[test]
fn damage_in_the_middle_costs_the_rest_of_its_segment_only() {
    let dir = TempDir::new().unwrap();
    let spool = Spool::open(dir.path(), small()).unwrap();
    for start in 0..4 {
        append(&spool, start * 15..start * 15 + 15);
    }
    assert_eq!(segments(dir.path()).len(), 4);
    for (path, damage) in segments(dir.path()).iter().zip([None, Some(0xff), Some(0), None]) {
        if let Some(byte) = damage {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..].fill(byte);
            fs::write(path, bytes).unwrap();
        }
    }
    let rows = drained(&spool, None);
    assert!((30..60).contains(&rows), "{rows}");

    // In the segment that is being written to, too.
    let path = segments(dir.path()).pop().unwrap();
    append(&spool, 100..101);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let mut drain = spool.drain(None).unwrap();
    while drain.next_batch().unwrap().is_some() {
        drain.confirm();
    }
    append(&spool, 200..205);
    assert_eq!(drain.next_batch().unwrap().unwrap().len(), 5);
}

#[test]
fn at_the_cap_bodies_go_first_then_rows_but_never_what_they_count_for() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { cap_bytes: 40_000, ..Limits::default() };
    let spool = Spool::open(dir.path(), limits).unwrap();
    let mut dropped = Appended::default();
    let mut bytes = Vec::new();
    for number in 0..200 {
        let body = "b".repeat(1000);
        let one = [SpoolRecord { request_body: body.into(), ..record(number, 1000, Some(KeyId(1))) }];
        let appended = spool.writer().append(one).unwrap();
        assert!(appended.rows_dropped == 0 || dropped.bodies_dropped > 0, "bodies first");
        dropped.bodies_dropped += appended.bodies_dropped;
        dropped.rows_dropped += appended.rows_dropped;
        bytes.push(spool.bytes());
    }
    assert!(dropped.bodies_dropped > 10 && dropped.rows_dropped > 10, "{dropped:?}");
    let growth = bytes[199] - bytes[198];
    assert!(growth < 60, "what is kept of a dropped row is small: {growth} bytes");
    assert_eq!(drained(&spool, None), 200 - dropped.rows_dropped);
    let again = [record(1000, 1000, None)];
    assert_eq!(spool.writer().append(again).unwrap(), Appended::default(), "there is room again");
}

#[tokio::test]
async fn dropped_rows_count() {
    let test = TestDb::new().await;
    let id = test.db.insert_group(&group("g")).await.unwrap().id;
    let key = test.db.insert_keys(id, &secrets(&["a"])).await.unwrap().added[0].1;
    let spool = Spool::open(&test.dir.path().join("spool"), Limits { cap_bytes: 0, ..Limits::default() }).unwrap();
    let records: Vec<_> =
        (0..5).map(|number| record(number, 1000 + i64::try_from(number).unwrap(), Some(key))).collect();
    assert_eq!(spool.writer().append(records.clone()).unwrap().rows_dropped, 5);
    let mut drain = spool.drain(None).unwrap();
    let batch = drain.next_batch().unwrap().unwrap();
    assert!(batch.is_empty());
    test.db.store_batch(batch).await.unwrap();
    let stats = test.db.group_stats(&[id], at("1970-01-01T00:30:00Z")).await.unwrap();
    assert_eq!(stats[&id].day.total, 5);
    let row = test.db.keys_page(&KeyFilter::default(), PageRequest { page: 1, size: 1 }).await.unwrap().rows.remove(0);
    assert_eq!((row.request_count, row.last_used_at), (5, Some(at("1970-01-01T00:00:01.004Z"))));
}

#[test]
fn a_spool_of_a_later_version_is_left_alone() {
    let dir = TempDir::new().unwrap();
    drop(Spool::open(dir.path(), Limits::default()).unwrap());
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    let sum = crc32fast::hash(&bytes[..28]).to_le_bytes();
    bytes[28..32].copy_from_slice(&sum);
    fs::write(&path, bytes).unwrap();
    let error = Spool::open(dir.path(), Limits::default()).unwrap_err();
    assert!(matches!(&error, StorageError::SpoolTooNew { path: named } if *named == path), "{error}");
}

#[test]
fn nothing_in_the_spool_is_a_key_in_clear() {
    let dir = TempDir::new().unwrap();
    let cipher = storage::KeyCipher::new(Some("k")).unwrap();
    let mut secret = record(1, 1000, None);
    secret.key = Cow::Owned(cipher.store(&"sk-very-secret-key".into()).unwrap());
    assert!(!format!("{secret:?}").contains("very-secret"));
    Spool::open(dir.path(), Limits::default()).unwrap().writer().append([secret]).unwrap();
    let bytes = fs::read(&segments(dir.path())[0]).unwrap();
    assert!(!bytes.windows(11).any(|window| window == b"very-secret"));
    assert_eq!(fs::metadata(&segments(dir.path())[0]).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What happens next in the life of a server.
#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    /// Drains a batch, as far as the step says, and goes on.
    Drain,
    /// Drains a batch and dies after it was read, stored, or confirmed.
    DieWhileDraining(u8),
    /// Dies in the middle of a write: this many bytes of it reach the disk, and the writer was never told.
    DieWhileAppending(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_usize..25).prop_map(Step::Append),
        3 => Just(Step::Drain),
        2 => (0_u8..3).prop_map(Step::DieWhileDraining),
        2 => (0_usize..400).prop_map(Step::DieWhileAppending),
    ];
    prop::collection::vec(step, 1..25)
}

/// A server that runs, dies and runs again, and what it was told is safe.
struct Life {
    test: TestDb,
    spool: Spool,
    position: Option<Position>,
    key: KeyId,
    next: u64,
    acknowledged: BTreeSet<String>,
}

impl Life {
    async fn new() -> Self {
        let test = TestDb::new().await;
        let id = test.db.insert_group(&group("g")).await.unwrap().id;
        let key = test.db.insert_keys(id, &secrets(&["a"])).await.unwrap().added[0].1;
        let spool = Spool::open(&test.dir.path().join("spool"), small()).unwrap();
        Self { test, spool, position: None, key, next: 0, acknowledged: BTreeSet::new() }
    }

    async fn restart(&mut self) {
        self.spool = Spool::open(&self.test.dir.path().join("spool"), small()).unwrap();
        self.position = self.test.db.spool_position(self.spool.id()).await.unwrap();
    }

    fn records(&mut self, count: usize) -> Vec<SpoolRecord<'static>> {
        let first = self.next;
        self.next += count as u64;
        (first..self.next).map(|number| record(number, 1000, Some(self.key))).collect()
    }

    fn append(&mut self, count: usize) {
        let records = self.records(count);
        self.spool.writer().append(records.clone()).unwrap();
        self.acknowledged.extend(records.iter().map(|record| record.id.to_string()));
    }

    /// The bytes of a whole append, cut off, at the end of the segment.
    async fn die_while_appending(&mut self, bytes: usize) {
        let path = segments(&self.test.dir.path().join("spool")).pop().unwrap();
        let good = fs::metadata(&path).unwrap().len();
        let records = self.records(3);
        self.spool.writer().append(records.clone()).unwrap();
        let written = fs::metadata(&path).unwrap().len() - good;
        if written == 0 {
            // It went into a new segment, whole.
            self.acknowledged.extend(records.iter().map(|record| record.id.to_string()));
        } else {
            let kept = good + u64::try_from(bytes).unwrap().min(written);
            File::options().write(true).open(&path).unwrap().set_len(kept).unwrap();
        }
        self.restart().await;
    }

    async fn drain(&mut self, dies_after: Option<u8>) {
        let mut drain = self.spool.drain(self.position).unwrap();
        if let Some(batch) = drain.next_batch().unwrap() {
            if dies_after != Some(0) {
                self.test.db.store_batch(batch).await.unwrap();
            }
            if !matches!(dies_after, Some(0 | 1)) {
                drain.confirm();
            }
        }
        self.restart().await;
    }

    async fn check(&mut self) {
        let mut drain = self.spool.drain(self.position).unwrap();
        while let Some(batch) = drain.next_batch().unwrap() {
            let stored = self.test.db.store_batch(batch).await.unwrap();
            assert!(stored.refused.is_empty(), "doubled: {:?}", stored.refused);
            drain.confirm();
        }
        let all = PageRequest { page: 1, size: 10_000 };
        let rows = self.test.db.logs_page(&LogFilter::default(), all, at("2026-01-01T00:00:00Z")).await.unwrap().rows;
        let stored: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        assert!(self.acknowledged.is_subset(&stored), "lost");
        let stats = self.test.db.group_stats(&[GroupId(1)], at("1970-01-01T00:30:00Z")).await.unwrap();
        let counted = stats.get(&GroupId(1)).map_or(0, |windows| windows.day.total);
        let key = self.test.db.keys_page(&KeyFilter::default(), all).await.unwrap().rows.remove(0);
        assert_eq!((counted, key.request_count.unsigned_abs()), (stored.len() as u64, stored.len() as u64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_crash_loses_or_doubles_a_record(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut life = Life::new().await;
            for step in steps {
                match step {
                    Step::Append(count) => life.append(count),
                    Step::Drain => life.drain(None).await,
                    Step::DieWhileDraining(after) => life.drain(Some(after)).await,
                    Step::DieWhileAppending(bytes) => life.die_while_appending(bytes).await,
                }
            }
            life.check().await;
        });
    }
}
