use domain::guards::Fate;
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::notice::{Failures, KeyNews, RestNews};
use jiff::{SignedDuration, Timestamp};

use super::Verdicts;
use crate::keyring::StoredState;
use crate::keyring::pool::tests::{fault, now, pool};

const KEY: KeyId = KeyId(1);
const THREE: u32 = 3;

fn news() -> KeyNews {
    let (status, failures) = (None, Failures::default());
    KeyNews { group: GroupId(1), key: KEY, status, failures, fault: None, rests_cleared: false, rests: vec![] }
}

fn one_failure() -> KeyNews {
    KeyNews { failures: Failures::default().and_one(), ..news() }
}

fn rest(model: &str, seconds: i64) -> RestNews {
    let until = Timestamp::now() + SignedDuration::from_secs(seconds);
    RestNews { model: model.to_owned(), until, guessed: true }
}

fn at(threshold: u32) -> Verdicts<impl FnOnce(usize) -> Fate> {
    Verdicts { threshold, fate: |_| Fate::Invalid }
}

fn stored(status: KeyStatus, failures: u32) -> StoredState {
    StoredState { status, failures }
}

#[test]
fn failures_of_all_nodes_make_the_threshold() {
    let pool = pool(2);
    let key = pool.get(KEY).unwrap();
    pool.hear(&one_failure(), at(THREE));
    pool.hear(&one_failure(), at(THREE));
    assert_eq!((key.status(), key.failures()), (KeyStatus::Active, 2));
    assert!(pool.changes.is_empty(), "others tell what happened to them");
    assert!(pool.refused(&key, fault(), THREE), "the third one is ours");
}

#[test]
fn failures_at_the_same_moment_make_the_threshold_too() {
    let pool = pool(2);
    let key = pool.get(KEY).unwrap();
    pool.refused(&key, fault(), THREE);
    pool.hear(&one_failure(), at(THREE));
    pool.hear(&one_failure(), at(THREE));
    assert_eq!(key.status(), KeyStatus::Invalid);
    assert_eq!(
        pool.changes.take().changes[&KEY].status,
        Some(KeyStatus::Invalid),
        "the database and others have to know"
    );
}

#[test]
fn the_guards_have_the_last_word_on_failures_elsewhere() {
    let pool = pool(2);
    let verdicts = Verdicts { threshold: 1, fate: |active| if active == 2 { Fate::Rest } else { Fate::Invalid } };
    pool.hear(&one_failure(), verdicts);
    assert_eq!((pool.get(KEY).unwrap().status(), pool.rests(KEY, now()).len()), (KeyStatus::Active, 1));
    pool.hear(&one_failure(), at(1));
    assert_eq!(pool.get(KEY).unwrap().status(), KeyStatus::Active, "it rests");
}

#[test]
fn a_count_over_the_threshold_that_does_not_grow_changes_nothing() {
    let pool = pool(2);
    assert!(pool.settle(KEY, stored(KeyStatus::Active, 5), at(0)));
    assert!(pool.settle(KEY, stored(KeyStatus::Active, 5), at(THREE)));
    assert_eq!(pool.get(KEY).unwrap().status(), KeyStatus::Active);
}

#[test]
fn what_others_say_is_in_force_at_once_and_told_to_nobody() {
    let pool = pool(1);
    let fault = Some((401, "no".to_owned()));
    pool.hear(&KeyNews { status: Some(KeyStatus::Invalid), fault: fault.clone(), ..one_failure() }, at(1));
    let census = pool.census(None, now());
    assert_eq!((census.invalid, census.usable, census.last_refusal), (1, 0, fault));
    pool.hear(&KeyNews { status: Some(KeyStatus::Active), failures: Failures::FORGIVEN, ..news() }, at(1));
    assert_eq!((pool.census(None, now()).usable, pool.get(KEY).unwrap().failures()), (1, 0));
    pool.hear(&KeyNews { key: KeyId(9), ..one_failure() }, at(1));
    assert!(pool.changes.is_empty());
}

#[test]
fn rests_elsewhere_begin_and_end_here() {
    let pool = pool(1);
    pool.hear_rests(&KeyNews { rests: vec![rest("m", 60), rest("", -5)], ..news() });
    assert!(pool.pick(Some("m"), &[], now()).is_none() && pool.pick(None, &[], now()).is_some());
    pool.hear_rests(&KeyNews { rests_cleared: true, rests: vec![rest("", 60)], ..news() });
    assert_eq!(pool.rests(KEY, now()).iter().map(|rest| rest.model.clone()).collect::<Vec<_>>(), [None]);
    pool.hear_rests(&KeyNews { rests_cleared: true, ..news() });
    assert!(pool.pick(Some("m"), &[], now()).is_some());
    assert!(pool.changes.is_empty());
}

#[test]
fn the_database_has_the_last_word_unless_memory_is_newer() {
    let pool = pool(1);
    let key = pool.get(KEY).unwrap();
    assert!(pool.settle(KEY, stored(KeyStatus::Disabled, 2), at(THREE)));
    assert_eq!((key.status(), key.failures()), (KeyStatus::Disabled, 2));
    pool.set_status(&[KEY], KeyStatus::Active);
    assert!(!pool.settle(KEY, stored(KeyStatus::Disabled, 2), at(THREE)));
    assert_eq!((key.status(), key.failures()), (KeyStatus::Active, 0));
    assert!(pool.settle(KeyId(9), stored(KeyStatus::Active, 0), at(THREE)), "it is not here");
}
