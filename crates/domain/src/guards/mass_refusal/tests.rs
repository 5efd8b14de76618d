use proptest::prelude::*;

use super::{Fate, LONGEST_MS, MOST_KEYS, MassRefusal, Turn, WINDOW_MS};
use crate::ids::KeyId;

const LOST: (Fate, Turn) = (Fate::Invalid, Turn::None);
const BEGINS: (Fate, Turn) = (Fate::Rest, Turn::Began);
const GOES_ON: (Fate, Turn) = (Fate::Rest, Turn::None);

/// Refuses every key of a pool at once: how many become invalid, how many rest.
fn all_refused(guard: &mut MassRefusal, keys: usize, now_ms: u64) -> (usize, usize) {
    let (mut active, mut resting) = (keys, 0);
    for _ in 0..keys {
        match guard.would_fall(active, now_ms).0 {
            Fate::Invalid => active -= 1,
            Fate::Rest => resting += 1,
        }
    }
    (keys - active, resting)
}

#[test]
fn as_many_keys_as_the_smaller_of_ten_and_the_pool() {
    for (keys, lost) in [(1, 0), (2, 1), (3, 2), (9, 8), (10, 9), (11, 9), (100, 9), (500_000, 9)] {
        assert_eq!(all_refused(&mut MassRefusal::default(), keys, 0), (lost, keys - lost), "{keys} keys");
    }
}

#[test]
fn keys_that_were_lost_long_ago_are_not_of_the_pool() {
    let mut guard = MassRefusal::default();
    assert_eq!((guard.would_fall(2, 0), guard.would_fall(1, 0)), (LOST, BEGINS));
}

#[test]
fn what_is_spread_over_more_than_a_minute_is_no_mass() {
    let mut guard = MassRefusal::default();
    let apart = WINDOW_MS / 9;
    for n in 0..100 {
        assert_eq!(guard.would_fall(1_000, n * (apart + 1)), LOST, "{n}");
    }
    let mut guard = MassRefusal::default();
    (0..9).for_each(|n| assert_eq!(guard.would_fall(1_000, n * (apart - 1)), LOST));
    assert_eq!(guard.would_fall(1_000, 9 * (apart - 1)), BEGINS);
}

#[test]
fn a_success_between_starts_the_count_anew() {
    let mut guard = MassRefusal::default();
    for _ in 0..20 {
        (0..9).for_each(|_| assert_eq!(guard.would_fall(1_000, 0), LOST));
        assert_eq!(guard.succeeded(0), Turn::None);
        assert!(guard.is_idle());
    }
}

#[test]
fn it_acts_until_a_success_that_began_after_it() {
    let mut guard = MassRefusal::default();
    assert_eq!(guard.would_fall(1, 5_000), BEGINS);
    assert_eq!(guard.would_fall(1, 5_000 + LONGEST_MS - 1), GOES_ON);
    assert_eq!(guard.succeeded(4_999), Turn::None, "an answer to a request of before");
    assert!(guard.is_acting(5_000 + LONGEST_MS - 1));
    assert_eq!(guard.succeeded(5_000), Turn::Ended);
    assert!(guard.is_idle());
}

#[test]
fn after_ten_minutes_it_gives_up_until_a_success() {
    let mut guard = MassRefusal::default();
    assert_eq!(guard.would_fall(1, 0), BEGINS);
    assert!(!guard.is_acting(LONGEST_MS), "also before anybody has noticed");
    assert_eq!(guard.would_fall(1, LONGEST_MS), (Fate::Invalid, Turn::Ended));
    assert_eq!(guard.would_fall(1, LONGEST_MS), LOST, "it does not begin again by itself");
    assert!(!guard.is_idle());
    assert_eq!(guard.succeeded(0), Turn::None);
    assert_eq!(guard.would_fall(1, LONGEST_MS), BEGINS);
}

#[test]
fn twenty_different_keys_in_a_row_leave_one_attempt_until_a_success() {
    let mut guard = MassRefusal::default();
    for key in 1..20 {
        assert_eq!(guard.refused(KeyId(key), 0), Turn::None);
        assert_eq!(guard.refused(KeyId(1), 0), Turn::None, "the same key again is no other key");
    }
    assert!(!guard.gives_one_attempt());
    assert_eq!(guard.refused(KeyId(20), 5), Turn::Began);
    assert_eq!(guard.succeeded(4), Turn::None, "an answer to a request of before");
    assert!(guard.gives_one_attempt());
    assert_eq!(guard.succeeded(5), Turn::Ended);
    assert!(guard.is_idle());
}

proptest! {
    /// However refusals and successes come, fewer than ten keys are lost within a minute without a success between, as long as the
    /// guard has not given up.
    #[test]
    fn fewer_than_ten_keys_are_lost(steps in prop::collection::vec((0u64..3_000, 0u8..20), 0..400), pool in 1usize..200) {
        let (mut guard, mut now, mut active, mut lost) = (MassRefusal::default(), 0, pool, Vec::new());
        for (pause, what) in steps {
            now += pause;
            if what == 0 {
                guard.succeeded(now);
                lost.clear();
            } else if active > 0 && guard.would_fall(active, now).0 == Fate::Invalid {
                active -= 1;
                lost.push(now);
            }
            let gave_up = matches!(guard.state, super::State::GivenUp);
            let recent = lost.iter().filter(|time| **time + WINDOW_MS > now).count();
            prop_assert!(gave_up || recent < MOST_KEYS);
        }
    }
}
