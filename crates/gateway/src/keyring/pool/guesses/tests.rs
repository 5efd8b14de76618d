use std::time::Duration;

use domain::classify::rest::{Quota, Rest};
use domain::guards::Fate;

use super::super::tests::{fault, guess, pool};
use super::*;
use crate::keyring::Limit;

const M: Option<&str> = Some("m");
const HOUR_MS: u64 = 3_600_000;

/// A limit that names no time, from this upstream at that time.
fn guessed(upstream: u32, seconds: u64, at_ms: u64) -> Limit {
    Limit { source: Source { upstream, at_ms }, ..guess(Duration::from_secs(seconds)) }
}

fn named(seconds: u64, at_ms: u64) -> Limit {
    let named = Some(Rest { time: Duration::from_secs(seconds), guessed: false });
    Limit { named, ..guessed(1, 0, at_ms) }
}

/// A rest until midnight.
fn day(at_ms: u64) -> Limit {
    let named = Some(Rest { time: Duration::from_hours(3), guessed: true });
    Limit { named, quota: Quota { per_day: true, names_owner: true }, ..guessed(1, 0, at_ms) }
}

fn rest(pool: &Pool, id: i64, model: Option<&str>, limit: Limit) {
    pool.limited(&pool.get(KeyId(id)).unwrap(), model, limit);
}

fn probe(pool: &Pool, model: Option<&str>, now_ms: u64) -> Option<i64> {
    assert!(pool.pick(model, &[], now_ms).is_none(), "a key is left");
    pool.probe(model, &[], now_ms).map(|key| key.id.0)
}

fn succeed(pool: &Pool, id: i64, upstream: u32, at_ms: u64) {
    pool.proved_wrong(&pool.get(KeyId(id)).unwrap(), M, Source { upstream, at_ms }, true);
}

fn usable(pool: &Pool, now_ms: u64) -> Vec<i64> {
    let mut keys: Vec<_> =
        (0..pool.census(M, now_ms).usable).map(|_| pool.pick(M, &[], now_ms).unwrap().id.0).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_guess_is_doubted_once_a_second_for_each_model() {
    let pool = pool(1);
    rest(&pool, 1, None, guessed(1, 60, 0));
    rest(&pool, 1, M, guessed(1, 60, 0));
    let asked = |model| (0..=5_000).step_by(100).filter(|now| probe(&pool, model, *now).is_some()).collect::<Vec<_>>();
    assert_eq!(asked(M), [1_000, 2_000, 3_000, 4_000, 5_000]);
    assert_eq!(asked(Some("other")), [1_000, 2_000, 3_000, 4_000, 5_000], "the key rests for that one too");
}

#[test]
fn the_guess_that_ends_first_is_doubted_first_and_then_each_in_turn() {
    let pool = pool(3);
    for (id, seconds) in [(1, 90), (2, 30), (3, 60)] {
        rest(&pool, id, M, guessed(1, seconds, 0));
    }
    let asked: Vec<_> = (1..=7).map(|second| probe(&pool, M, second * 1_000).unwrap()).collect();
    assert_eq!(asked, [2, 3, 1, 2, 3, 1, 2]);
}

#[test]
fn nobody_is_asked_whose_rest_was_named() {
    let pool = pool(3);
    rest(&pool, 1, M, named(60, 0));
    assert_eq!(pool.slab.load().lane(M).probe_at_ms(), u64::MAX, "nobody even looks");
    rest(&pool, 2, M, guessed(1, 30, 0));
    rest(&pool, 2, None, named(60, 0));
    rest(&pool, 3, M, guessed(1, 50, 0));
    let asked: Vec<_> = (1..=3).map(|second| probe(&pool, M, second * 1_000)).collect();
    assert_eq!(asked, [Some(3), Some(3), Some(3)]);
    pool.set_status(&[KeyId(3)], KeyStatus::Disabled);
    assert_eq!(probe(&pool, M, 9_000), None);
}

#[test]
fn a_key_tried_in_the_same_request_is_no_probe() {
    let pool = pool(2);
    (1..=2).for_each(|id| rest(&pool, id, M, guessed(1, 60, 0)));
    assert_eq!(pool.probe(M, &[KeyId(1)], 1_000).unwrap().id, KeyId(2));
    assert!(pool.probe(M, &[KeyId(1), KeyId(2)], 2_000).is_none());
    assert_eq!(probe(&pool, M, 2_100), Some(1), "that did not use up the second");
}

#[test]
fn a_success_ends_what_its_upstream_has_led_to() {
    let pool = pool(8);
    rest(&pool, 1, M, guessed(1, 60, 0));
    rest(&pool, 2, M, guessed(1, 600, 0));
    rest(&pool, 3, None, guessed(1, 60, 0));
    rest(&pool, 4, M, guessed(2, 60, 0));
    rest(&pool, 5, M, named(60, 0));
    rest(&pool, 6, M, day(0));
    rest(&pool, 7, Some("other"), guessed(1, 60, 0));
    pool.resume_rest(KeyId(8), M, 60_000, true);
    assert_eq!(usable(&pool, 1_000), [7]);
    succeed(&pool, 1, 1, 1_000);
    assert_eq!(usable(&pool, 1_000), [1, 2, 3, 7, 8], "nobody knows which upstream the rest of 8 was about");
    assert_eq!(pool.rests(KeyId(7), 1_000).len(), 1, "another model is another matter");
    assert_eq!(usable(&pool, 60_001), [1, 2, 3, 4, 5, 7, 8], "the others end in their time");
}

#[test]
fn a_new_day_for_one_key_is_a_new_day_for_all() {
    let pool = pool(3);
    (1..=3).for_each(|id| rest(&pool, id, M, day(0)));
    assert_eq!(probe(&pool, M, HOUR_MS), Some(1));
    succeed(&pool, 1, 1, HOUR_MS);
    assert_eq!(usable(&pool, HOUR_MS), [1, 2, 3]);
}

#[test]
fn refused_keys_serve_again_when_one_is_proven() {
    let pool = pool(3);
    let source = Source { upstream: 1, at_ms: 0 };
    for id in 1..=3 {
        let key = pool.get(KeyId(id)).unwrap();
        assert_eq!(pool.refused_in_traffic(&key, fault(), 1, source, |_| Fate::Rest), Some(Fate::Rest));
    }
    assert_eq!(pool.census(M, 0).resting, 3);
    let key = pool.get(KeyId(probe(&pool, None, 1_000).unwrap())).unwrap();
    pool.proved_wrong(&key, None, Source { upstream: 1, at_ms: 1_000 }, false);
    assert!(pool.pick(M, &[], 1_000).is_none(), "a public list proves nothing");
    succeed(&pool, 1, 1, 1_000);
    assert_eq!(usable(&pool, 1_000), [1, 2, 3]);
}

#[test]
fn a_refused_keys_rest_makes_no_later_guess_longer() {
    let pool = pool(1);
    let key = pool.get(KeyId(1)).unwrap();
    let source = Source { upstream: 1, at_ms: 0 };
    pool.refused_in_traffic(&key, fault(), 1, source, |_| Fate::Rest);
    assert!(pool.has_usable(None, 60_000));
    assert_eq!(pool.limited(&key, None, guessed(1, 30, 60_000)), Duration::from_secs(30));
    assert!(pool.has_usable(None, 90_000));
    assert_eq!(pool.limited(&key, None, guessed(1, 30, 90_000)), Duration::from_secs(60));
    assert!(pool.has_usable(None, 150_000));
    let flat = Limit { doubles: false, ..guessed(1, 30, 150_000) };
    assert_eq!(pool.limited(&key, None, flat), Duration::from_secs(30));
}

#[test]
fn a_threshold_is_reached_before_anybody_asks_what_becomes_of_the_key() {
    let pool = pool(3);
    let key = pool.get(KeyId(1)).unwrap();
    let source = Source::unknown();
    let asked = std::cell::Cell::new(0);
    let fate = |active: usize| {
        asked.set(active);
        Fate::Invalid
    };
    assert_eq!(pool.refused_in_traffic(&key, fault(), 2, source, fate), None);
    assert_eq!(asked.get(), 0);
    assert_eq!(pool.refused_in_traffic(&key, fault(), 2, source, fate), Some(Fate::Invalid));
    assert_eq!((asked.get(), pool.active()), (3, 2));
}

#[test]
fn a_rest_kept_for_a_restart_is_forgotten_when_it_ends_early_and_others_are_not() {
    let pool = pool(1);
    let now_ms = clock::mono_ms();
    rest(&pool, 1, M, guessed(1, 3_000, now_ms));
    rest(&pool, 1, Some("other"), named(2_000, now_ms));
    let _ = pool.changes.take();
    succeed(&pool, 1, 1, now_ms);
    let change = pool.changes.take().changes.remove(&KeyId(1)).unwrap();
    assert!(change.rests_cleared);
    assert_eq!(change.rests.keys().collect::<Vec<_>>(), ["other"]);
}

#[test]
fn many_keys_wake_a_part_at_a_time_and_all_in_the_end() {
    for end_early in [true, false] {
        let pool = pool(5_000);
        (1..=5_000).for_each(|id| rest(&pool, id, M, guessed(1, 60, 0)));
        let now_ms = if end_early { 1_000 } else { 60_000 };
        if end_early {
            succeed(&pool, 1, 1, now_ms);
        }
        assert!(pool.pick(M, &[], now_ms).is_some());
        let first = pool.slab.load().ring(M).count();
        assert!((1..5_000).contains(&first), "{first}");
        rest(&pool, 4_999, M, guessed(1, 90, now_ms));
        (0..10).for_each(|_| assert!(pool.pick(M, &[], now_ms).is_some()));
        assert_eq!(pool.census(M, now_ms).usable, 4_999, "one rests anew");
    }
}

#[test]
fn a_request_that_is_tried_again_takes_a_steady_key() {
    let pool = pool(50);
    let shaken = |id: &i64| (10..20).contains(id);
    for id in (1..=50).filter(shaken) {
        pool.get(KeyId(id)).unwrap().shaken();
    }
    let lap = |pick: &dyn Fn() -> i64| (0..50).map(|_| pick()).collect::<Vec<_>>();
    assert_eq!(lap(&|| pool.pick(M, &[], 0).unwrap().id.0).iter().filter(|id| shaken(id)).count(), 10);
    assert!(!lap(&|| pool.pick_steady(M, &[], 0).unwrap().id.0).iter().any(shaken));
    (1..=50).for_each(|id| pool.get(KeyId(id)).unwrap().shaken());
    assert!(pool.pick_steady(M, &[], 0).is_some(), "if no key is steady, any will do");
    pool.served(&pool.get(KeyId(7)).unwrap(), M);
    assert!(lap(&|| pool.pick_steady(M, &[], 0).unwrap().id.0).contains(&7));
}
