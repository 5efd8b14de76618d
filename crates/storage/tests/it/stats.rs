use domain::ids::GroupId;
use storage::stats::{GroupChoice, HourCount, RequestCount};

use crate::support::{TestDb, at};

async fn with_hours(test: TestDb, rows: &[(&str, i64, i64, i64)]) -> TestDb {
    for (time, group, succeeded, failed) in rows {
        let insert = format!(
            "INSERT INTO group_hourly_stats (time, group_id, success_count, failure_count)
             VALUES ({}, {group}, {succeeded}, {failed})",
            test.time(time)
        );
        test.run(&insert).await;
    }
    test
}

#[tokio::test]
async fn an_hour_in_two_rows_is_one_hour() {
    let test = with_hours(
        TestDb::sqlite().await,
        &[
            ("2026-11-23 17:00:00+08:00", 1, 10, 1),
            ("2026-11-23 09:00:00+00:00", 1, 5, 2),
            ("2026-11-23 09:00:00+00:00", 2, 7, 0),
            ("2026-11-23 02:00:00-07:00", 2, 1, 1),
            ("2026-11-23 18:00:00+08:00", 1, 3, 0),
        ],
    )
    .await;
    let (from, to) = (at("2026-11-23T09:00:00Z"), at("2026-11-23T11:00:00Z"));
    let all = GroupChoice::AllBut(Vec::new());
    let hours = test.db.hourly_counts(&all, from, to).await.unwrap();
    let hour = |start: &str, succeeded, failed| HourCount { hour: at(start), succeeded, failed };
    assert_eq!(hours, [hour("2026-11-23T09:00:00Z", 23, 4), hour("2026-11-23T10:00:00Z", 3, 0)]);

    let mut by_group = test.db.hourly_counts_by_group(from, to).await.unwrap();
    by_group.sort_by_key(|(group, count)| (*group, count.hour, count.succeeded));
    let parts = by_group.iter().map(|(group, count)| (group.0, count.hour, count.succeeded, count.failed));
    let (nine, ten) = (at("2026-11-23T09:00:00Z"), at("2026-11-23T10:00:00Z"));
    let expected = [(1, nine, 5, 2), (1, nine, 10, 1), (1, ten, 3, 0), (2, nine, 1, 1), (2, nine, 7, 0)];
    assert_eq!(parts.collect::<Vec<_>>(), expected);

    let one = GroupChoice::Only(vec![GroupId(1)]);
    assert_eq!(test.db.request_count(&one, from, to).await.unwrap(), RequestCount { total: 21, failed: 3 });
    let others = GroupChoice::AllBut(vec![GroupId(1)]);
    assert_eq!(test.db.request_count(&others, from, to).await.unwrap(), RequestCount { total: 9, failed: 1 });
    let nobody = GroupChoice::Only(Vec::new());
    assert_eq!(test.db.request_count(&nobody, from, to).await.unwrap(), RequestCount::default());
}

#[tokio::test]
async fn windows_end_with_the_current_hour() {
    let test = with_hours(
        TestDb::new().await,
        &[
            ("2026-11-23 09:00:00+00:00", 1, 1, 0),
            ("2026-11-22 18:00:00+08:00", 1, 10, 0),
            ("2026-11-22 17:00:00+08:00", 1, 100, 0),
            ("2026-11-16 10:00:00+00:00", 1, 1000, 0),
            ("2026-11-16 09:00:00+00:00", 1, 10_000, 0),
            ("2026-10-24 10:00:00+00:00", 1, 100_000, 0),
            ("2026-10-24 09:00:00+00:00", 1, 1_000_000, 0),
            ("2026-11-23 10:00:00+00:00", 1, 10_000_000, 0),
        ],
    )
    .await;
    let windows = test.db.group_stats(&[GroupId(1), GroupId(2)], at("2026-11-23T09:30:00Z")).await.unwrap();
    let one = windows[&GroupId(1)];
    assert_eq!((one.day.total, one.week.total, one.month.total), (11, 1111, 111_111));
    assert!(!windows.contains_key(&GroupId(2)));
    let hours = test.db.hourly_counts_by_group(at("2026-11-22T10:00:00Z"), at("2026-11-23T10:00:00Z")).await.unwrap();
    let sum: u64 = hours.iter().filter(|(group, _)| *group == GroupId(1)).map(|(_, count)| count.succeeded).sum();
    assert_eq!((hours.len(), sum), (2, 11));
}
