use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

const DAY: i64 = 86_400;

/// A clock that is set by hand, in seconds after 1970.
fn clock(start: i64) -> (Arc<AtomicI64>, Clock) {
    let seconds = Arc::new(AtomicI64::new(start));
    let read = Arc::clone(&seconds);
    (seconds, Box::new(move || Timestamp::from_second(read.load(Ordering::Relaxed)).unwrap()))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_day_that_is_over_moves_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/app.log");
    let (seconds, clock) = clock(DAY);
    let mut file = DailyFile::with_clock(&path, clock).unwrap();
    file.write_all(b"first\n").unwrap();
    seconds.store(2 * DAY - 1, Ordering::Relaxed);
    file.write_all(b"last\n").unwrap();
    seconds.store(2 * DAY, Ordering::Relaxed);
    file.write_all(b"next\n").unwrap();
    assert_eq!(text(&path), "next\n");
    assert_eq!(text(&folder.path().join("logs/app.log.1970-01-02")), "first\nlast\n");
}

#[test]
fn a_file_of_an_earlier_run_is_continued_or_moved_by_its_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, "old\n").unwrap();
    DailyFile::open(&path).unwrap().write_all(b"same day\n").unwrap();

    let written = fs::metadata(&path).unwrap().modified().unwrap();
    let written = Timestamp::try_from(written).unwrap();
    let (_, tomorrow) = clock(written.as_second() + DAY);
    DailyFile::with_clock(&path, tomorrow).unwrap().write_all(b"next day\n").unwrap();
    assert_eq!(text(&path), "next day\n");
    assert_eq!(text(&folder.path().join(format!("app.log.{}", utc_day(written)))), "old\nsame day\n");
}

#[test]
fn an_archive_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let archive = folder.path().join("app.log.1970-01-01");
    fs::write(&archive, "kept\n").unwrap();
    let (seconds, clock) = clock(0);
    let mut file = DailyFile::with_clock(&path, clock).unwrap();
    file.write_all(b"one\n").unwrap();
    seconds.store(DAY, Ordering::Relaxed);
    file.write_all(b"two\n").unwrap();
    assert_eq!((text(&archive).as_str(), text(&path).as_str()), ("kept\n", "one\ntwo\n"));
}
