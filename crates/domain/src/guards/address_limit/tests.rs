use proptest::prelude::*;

use super::{AddressLimit, MOST_KEYS, Turn};
use crate::ids::KeyId;

/// Limits the keys `1..=count` and says when the guard began.
fn begins_at(pool_size: usize, count: i64) -> Option<i64> {
    let mut guard = AddressLimit::default();
    (1..=count).find(|key| guard.limited(KeyId(*key), false, pool_size, 0) == Turn::Began)
}

#[test]
fn as_many_keys_as_the_smaller_of_twenty_and_the_pool() {
    for (pool_size, keys) in [(0, 1), (1, 1), (3, 3), (19, 19), (20, 20), (100, 20), (500_000, 20)] {
        assert_eq!(begins_at(pool_size, 1_000), Some(keys), "{pool_size}");
    }
}

#[test]
fn what_breaks_a_row() {
    let guard = || {
        let mut guard = AddressLimit::default();
        (1..=2).for_each(|key| assert_eq!(guard.limited(KeyId(key), false, 3, 0), Turn::None));
        guard
    };
    let mut succeeded = guard();
    assert_eq!(succeeded.succeeded(0), Turn::None);
    assert!(succeeded.is_idle());
    assert_eq!(succeeded.limited(KeyId(3), false, 3, 0), Turn::None);

    let mut named = guard();
    assert_eq!(named.limited(KeyId(3), true, 3, 0), Turn::None);
    assert!(named.is_idle());

    let mut same = guard();
    assert_eq!(same.limited(KeyId(2), false, 3, 0), Turn::None, "the same key again is no other key");
    assert_eq!(same.limited(KeyId(3), false, 3, 0), Turn::Began);
}

#[test]
fn it_acts_until_a_success_that_began_after_it() {
    let mut guard = AddressLimit::default();
    assert_eq!(guard.limited(KeyId(1), false, 1, 1_000), Turn::Began);
    assert_eq!(guard.limited(KeyId(1), false, 1, 1_001), Turn::None, "it begins once");
    assert_eq!(guard.limited(KeyId(2), true, 1, 1_001), Turn::None);
    assert_eq!(guard.succeeded(999), Turn::None, "an answer to a request of before");
    assert!(guard.is_acting());
    assert_eq!(guard.succeeded(1_000), Turn::Ended);
    assert!(guard.is_idle());
}

proptest! {
    /// It begins only after a row of different keys with nothing between, holds little, and never outlives a success.
    #[test]
    fn it_never_begins_for_less(steps in prop::collection::vec((0i64..30, 0u8..12), 0..300), pool_size in 1usize..40) {
        let (mut guard, mut row) = (AddressLimit::default(), std::collections::BTreeSet::new());
        for (now, (key, what)) in (0..).zip(steps) {
            match what {
                0 => {
                    guard.succeeded(now);
                    prop_assert!(!guard.is_acting());
                    row.clear();
                }
                1 => {
                    guard.limited(KeyId(key), true, pool_size, now);
                    row.clear();
                }
                _ => {
                    row.insert(key);
                    let began = guard.limited(KeyId(key), false, pool_size, now) == Turn::Began;
                    prop_assert!(!began || row.len() >= pool_size.min(MOST_KEYS));
                }
            }
            prop_assert!(guard.row.len() < MOST_KEYS);
        }
    }
}
