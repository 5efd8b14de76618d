use super::*;

const GROUP: GroupId = GroupId(1);
const KEY: KeyId = KeyId(1);

#[test]
fn what_is_put_back_yields_to_what_came_since() {
    let changes = Changes::default();
    changes.note(GROUP, KEY, |change| {
        change.status = Some(KeyStatus::Invalid);
        change.failures = change.failures.and_one();
    });
    let taken = changes.take();
    changes.note(GROUP, KEY, |change| {
        change.status = Some(KeyStatus::Active);
        change.failures = change.failures.and_one();
    });
    changes.put_back(taken);
    let now = changes.take().changes.remove(&KEY).unwrap();
    assert_eq!((now.status, now.failures.on(0)), (Some(KeyStatus::Active), 2));
    assert!(changes.is_empty());
}

#[test]
fn rests_of_a_key_are_bounded_and_the_longest_are_kept() {
    let changes = Changes::default();
    let until = |second| NotedRest { until: Timestamp::from_second(second).unwrap(), guessed: false, is_long: true };
    let note = |models: std::ops::Range<i64>| {
        for second in models {
            changes.note(GROUP, KEY, |change| change.rest(format!("m{second}"), until(second)));
        }
    };
    note(0..1000);
    let taken = changes.take();
    note(1000..1010);
    changes.put_back(taken);
    let rests = changes.take().changes.remove(&KEY).unwrap().rests;
    assert_eq!(rests.len(), MAX_RESTS);
    assert!(rests.contains_key("m1009") && rests.contains_key("m990") && !rests.contains_key("m0"));
}

#[test]
fn memory_is_newer_until_its_changes_are_stored_and_read_again() {
    let changes = Changes::default();
    let reading = changes.reading();
    assert!(!changes.is_newer(KEY));
    changes.note(GROUP, KEY, |change| change.failures = Failures::FORGIVEN);
    let taken = changes.take();
    assert!(changes.is_newer(KEY), "taken, and perhaps not stored");
    drop(taken);
    changes.put_back(Taken::default());
    assert!(changes.is_newer(KEY), "stored, but perhaps after it was read");
    drop(reading);
    assert!(!changes.is_newer(KEY));
    let _reading = changes.reading();
    changes.left(&[KEY]);
    assert!(changes.is_newer(KEY), "it may have been read before it was deleted");
}

#[test]
fn only_nodes_that_share_note_short_rests() {
    let (short, long) = (Duration::from_secs(2), LONG_REST + Duration::from_secs(1));
    let changes = Changes::default();
    assert!(!changes.notes_rest(short) && changes.notes_rest(long));
    changes.share();
    assert!(changes.notes_rest(short) && !changes.notes_rest(SHARED_REST));
}

#[test]
fn what_is_told_ahead_of_the_database_carries_a_number_that_the_database_knows() {
    let changes = Changes::default();
    let fail = || changes.note(GROUP, KEY, |change| change.failures = change.failures.and_one());
    fail();
    assert!(changes.take_untold().is_none(), "nobody can be told");
    changes.tell(true);
    fail();
    fail();
    let (untold, one) = changes.take_untold().unwrap();
    assert_eq!(untold[&KEY].failures.on(0), 2, "what happened before stands in the database");
    fail();
    let (_, two) = changes.take_untold().unwrap();
    assert!(changes.take_untold().is_none() && two == one + 1);
    fail();
    let taken = changes.take();
    assert_eq!((taken.changes[&KEY].failures.on(0), taken.numbers), (5, Some((one - 1, two + 1))));
    fail();
    changes.put_back(taken);
    assert_eq!(changes.take().numbers, Some((one - 1, two + 1)));
    changes.tell(false);
    fail();
    assert!(changes.take_untold().is_none());
    let later = changes.take().numbers.unwrap();
    assert!(later.0 > two + 1, "no number is used before and after messages were lost");
}
