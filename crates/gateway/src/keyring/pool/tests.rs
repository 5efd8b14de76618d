use std::collections::BTreeSet;

use domain::classify::rest::{Quota, Rest};
use domain::secret::Secret;
use proptest::prelude::*;

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::clock;
use crate::keyring::changes::KeyFault;
use crate::keyring::{Limit, Source};

const MINUTE: Duration = Duration::from_mins(1);

pub(super) fn pool(keys: i64) -> Pool {
    let pool = Pool::new(GroupId(1), Arc::default());
    pool.add((1..=keys).map(|id| PoolKey::new(KeyId(id), Secret::from("k"), KeyStatus::Active, 0)));
    pool
}

/// A limit without a named time.
pub(super) fn guess(base: Duration) -> Limit {
    Limit { named: None, quota: Quota::default(), base, doubles: true, source: Source { upstream: 0, at_ms: now() } }
}

pub(super) fn fault() -> KeyFault {
    KeyFault { status: 401, message: "no".to_owned(), at: Timestamp::UNIX_EPOCH }
}

fn lap(pool: &Pool, model: Option<&str>, now_ms: u64) -> Vec<i64> {
    let n = pool.census(model, now_ms).usable;
    (0..n).map(|_| pool.pick(model, &[], now_ms).unwrap().id.0).collect()
}

pub(super) fn now() -> u64 {
    clock::mono_ms()
}

#[test]
fn keys_take_turns() {
    assert_eq!(lap(&pool(3), None, now()), [1, 2, 3]);
}

#[test]
fn tried_keys_are_passed_over_until_none_is_left() {
    let pool = pool(3);
    let second = pool.pick(None, &[KeyId(1)], now()).unwrap();
    assert_eq!(second.id, KeyId(2));
    assert!(pool.pick(None, &[KeyId(1), KeyId(2), KeyId(3)], now()).is_none());
}

#[test]
fn what_is_said_of_a_key_that_was_taken_out_does_not_hit_the_one_in_its_place() {
    let pool = pool(2);
    let old = pool.get(KeyId(2)).unwrap();
    let place = old.slot();
    pool.remove(&[KeyId(2)]);
    pool.add([PoolKey::new(KeyId(3), Secret::from("k"), KeyStatus::Active, 0)]);
    let new = pool.get(KeyId(3)).unwrap();
    assert_eq!(new.slot(), place);
    pool.limited(&old, Some("m"), guess(MINUTE));
    pool.limited(&old, None, guess(MINUTE));
    assert!(!pool.refused(&old, fault(), 1));
    assert_eq!((lap(&pool, Some("m"), now()), pool.census(None, now()).invalid), (vec![1, 3], 0));
}

#[test]
fn a_key_becomes_invalid_at_the_threshold_only() {
    let pool = pool(2);
    let key = pool.get(KeyId(1)).unwrap();
    assert!(!pool.refused(&key, fault(), 2));
    assert!(pool.refused(&key, fault(), 2));
    assert!(!pool.refused(&key, fault(), 2), "it already is");
    assert_eq!(lap(&pool, None, now()), [2]);
    let census = pool.census(None, now());
    assert_eq!((census.invalid, census.usable, census.last_refusal), (1, 1, Some((401, "no".to_owned()))));
}

#[test]
fn threshold_zero_never_takes_a_key_out() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    assert!((0..100).all(|_| !pool.refused(&key, fault(), 0)));
    assert!(pool.pick(None, &[], now()).is_some());
}

#[test]
fn a_success_forgives_failures() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    pool.refused(&key, fault(), 2);
    pool.served(&key, None);
    assert!(!pool.refused(&key, fault(), 2));
    assert_eq!(pool.changes.take().changes[&KeyId(1)].failures.on(7), 1);
}

#[test]
fn a_limited_key_rests_for_its_model_only_and_wakes_by_itself() {
    let pool = pool(2);
    let key = pool.get(KeyId(1)).unwrap();
    let rest = pool.limited(&key, Some("m"), guess(MINUTE));
    assert_eq!(rest, MINUTE);
    assert_eq!(lap(&pool, Some("m"), now()), [2]);
    assert_eq!(lap(&pool, Some("other"), now()).len(), 2);
    assert_eq!(pool.rests(KeyId(1), now())[0].model.as_deref(), Some("m"));
    assert_eq!(lap(&pool, Some("m"), now() + 61_000).len(), 2);
    assert!(pool.slab.load().by_model.is_empty(), "no sleepers, no bitmap");
}

#[test]
fn a_key_whose_rest_is_over_is_remembered_and_rests_no_more() {
    let pool = pool(2);
    pool.limited(&pool.get(KeyId(1)).unwrap(), Some("m"), guess(MINUTE));
    assert_eq!(pool.resting(now()), [KeyId(1)]);
    assert_eq!(pool.resting(now() + 61_000), []);
}

#[test]
fn without_a_model_a_key_rests_altogether() {
    let pool = pool(2);
    pool.limited(&pool.get(KeyId(1)).unwrap(), None, guess(MINUTE));
    assert_eq!(lap(&pool, Some("m"), now()), [2]);
    let census = pool.census(Some("m"), now());
    assert_eq!((census.resting, census.total), (1, 2));
    assert!(census.first_wake_ms.is_some_and(|at| at > now()));
}

#[test]
fn the_first_to_wake_is_the_first_that_can_serve_then() {
    let pool = pool(3);
    let limited =
        |id, model, seconds| pool.limited(&pool.get(KeyId(id)).unwrap(), model, guess(Duration::from_secs(seconds)));
    limited(1, Some("m"), 10);
    limited(1, None, 50);
    limited(2, Some("other"), 5);
    limited(2, Some("m"), 40);
    limited(3, Some("m"), 20);
    pool.refused(&pool.get(KeyId(3)).unwrap(), fault(), 1);
    let first = |model| pool.census(model, now()).first_wake_ms.unwrap().div_ceil(1000) - now() / 1000;
    assert!((40..=41).contains(&first(Some("m"))), "key 3 is refused, key 1 rests altogether: {}", first(Some("m")));
    assert!((5..=6).contains(&first(Some("other"))));
    assert!((50..=51).contains(&first(None)));
}

#[test]
fn guessed_rests_double_until_a_success() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    let mut later = now();
    for expected in [MINUTE, 2 * MINUTE, 4 * MINUTE] {
        assert_eq!(pool.limited(&key, Some("m"), guess(MINUTE)), expected);
        later += 1_000 * 60 * 60;
        assert!(pool.has_usable(Some("m"), later));
    }
    pool.served(&key, Some("m"));
    assert_eq!(pool.limited(&key, Some("m"), guess(MINUTE)), MINUTE);
}

#[test]
fn answers_to_requests_that_ran_side_by_side_count_as_one_guess() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    for _ in 0..5 {
        pool.limited(&key, Some("m"), guess(MINUTE));
    }
    let until = pool.rests(KeyId(1), now())[0].until_ms;
    assert!(until <= now() + 121_000, "at most one doubling");
}

#[test]
fn a_late_success_does_not_end_a_running_rest() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    pool.limited(&key, Some("m"), guess(MINUTE));
    pool.served(&key, Some("m"));
    assert!(pool.pick(Some("m"), &[], now()).is_none());
}

#[test]
fn long_rests_are_kept_for_a_restart_and_short_ones_are_not() {
    let pool = pool(2);
    pool.limited(&pool.get(KeyId(1)).unwrap(), Some("m"), guess(MINUTE));
    pool.limited(&pool.get(KeyId(2)).unwrap(), Some("m"), guess(6 * MINUTE));
    let changes = pool.changes.take().changes;
    assert!(!changes.contains_key(&KeyId(1)));
    assert!(changes[&KeyId(2)].rests.contains_key("m"));
}

#[test]
fn a_shorter_rest_does_not_replace_a_longer_one_that_is_kept() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    pool.limited(&key, Some("m"), guess(60 * MINUTE));
    let named = Some(Rest { time: 6 * MINUTE, guessed: false });
    pool.limited(&key, Some("m"), Limit { named, ..guess(MINUTE) });
    let until = pool.changes.take().changes[&KeyId(1)].rests["m"].until;
    assert!(until > Timestamp::now() + 50 * MINUTE);
}

#[test]
fn a_restored_key_starts_afresh() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    pool.refused(&key, fault(), 1);
    pool.limited(&key, None, guess(MINUTE));
    pool.set_status(&[KeyId(1)], KeyStatus::Active);
    assert_eq!((lap(&pool, None, now()), key.failures()), (vec![1], 0));
}

#[test]
fn places_of_removed_keys_are_used_again() {
    let pool = pool(2_000);
    pool.limited(&pool.get(KeyId(7)).unwrap(), Some("m"), guess(MINUTE));
    pool.remove(&(1..=1_999).map(KeyId).collect::<Vec<_>>());
    assert_eq!(lap(&pool, Some("m"), now()), [2_000]);
    pool.add((3_000..3_100).map(|id| PoolKey::new(KeyId(id), Secret::from("k"), KeyStatus::Active, 0)));
    assert_eq!(pool.census(None, now()).usable, 101);
    assert!(pool.slab.load().usable.ring.capacity() <= 4_096);
    assert!(pool.get(KeyId(7)).is_none());
}

#[test]
fn model_names_are_bounded() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    for model in 0..500 {
        pool.limited(&key, Some(&format!("m{model}")), guess(MINUTE));
    }
    assert!(pool.slab.load().by_model.len() <= 64);
    assert!(pool.pick(Some("m499"), &[], now()).is_none());
    assert!(pool.pick(Some("m0"), &[], now()).is_some(), "the oldest was forgotten");
}

#[test]
fn answers_for_many_models_end_no_rest() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    pool.limited(&key, Some("m"), guess(MINUTE));
    for model in 0..500 {
        pool.served(&key, Some(&format!("m{model}")));
    }
    assert!(pool.pick(Some("m"), &[], now()).is_none());
}

#[derive(Clone, Debug)]
enum Step {
    Limit(i64, Option<u8>),
    Refuse(i64),
    Restore(i64),
    Remove(i64),
    Add(i64),
    Serve(i64, Option<u8>),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (id, model) = (1i64..8, prop::option::of(0u8..3));
    prop_oneof![
        (id.clone(), model.clone()).prop_map(|(id, model)| Step::Limit(id, model)),
        id.clone().prop_map(Step::Refuse),
        id.clone().prop_map(Step::Restore),
        id.clone().prop_map(Step::Remove),
        id.clone().prop_map(Step::Add),
        (id, model).prop_map(|(id, model)| Step::Serve(id, model)),
        (0u64..200_000).prop_map(Step::Pass),
    ]
}

proptest! {
    /// After any history the bitmaps hold just the keys that status and rests allow, and counts agree.
    #[test]
    fn bitmaps_follow_the_book(steps in prop::collection::vec(step(), 1..60)) {
        let pool = pool(4);
        let mut now = now();
        let name = |model: Option<u8>| model.map(|model| format!("m{model}"));
        for step in steps {
            match step {
                Step::Limit(id, model) => if let Some(key) = pool.get(KeyId(id)) { pool.limited(&key, name(model).as_deref(), guess(MINUTE)); },
                Step::Refuse(id) => if let Some(key) = pool.get(KeyId(id)) { pool.refused(&key, fault(), 2); },
                Step::Serve(id, model) => if let Some(key) = pool.get(KeyId(id)) { pool.served(&key, name(model).as_deref()); },
                Step::Restore(id) => pool.set_status(&[KeyId(id)], KeyStatus::Active),
                Step::Remove(id) => pool.remove(&[KeyId(id)]),
                Step::Add(id) => pool.add([PoolKey::new(KeyId(id), Secret::from("k"), KeyStatus::Active, 0)]),
                Step::Pass(ms) => now += ms,
            }
            for model in [None, Some("m0"), Some("m1"), Some("m2"), Some("other")] {
                let expected: BTreeSet<_> = pool.ids_of(|_| true).into_iter().filter(|id| {
                    let rests = pool.rests(*id, now);
                    let awake = rests.iter().all(|rest| rest.model.is_some() && rest.model.as_deref() != model);
                    pool.get(*id).unwrap().status() == KeyStatus::Active && awake
                }).collect();
                let census = pool.census(model, now);
                prop_assert_eq!(census.usable, expected.len());
                let picked: BTreeSet<_> = (0..expected.len()).filter_map(|_| pool.pick(model, &[], now)).map(|key| key.id).collect();
                prop_assert_eq!(picked, expected);
                prop_assert_eq!(census.total, pool.keys().len());
            }
        }
    }
}
