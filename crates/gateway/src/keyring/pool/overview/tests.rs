use std::time::Duration;

use domain::secret::Secret;

use super::super::tests::{fault, guess, now, pool};
use super::*;

const ALL: RangeInclusive<KeyId> = KeyId(i64::MIN)..=KeyId(i64::MAX);
const MINUTE: Duration = Duration::from_mins(1);

/// Ten keys: the second rests for a model, the third for another one and altogether, the fourth is invalid, the fifth disabled.
fn mixed() -> Pool {
    let pool = pool(10);
    let key = |id| pool.get(KeyId(id)).unwrap();
    pool.limited(&key(2), Some("m"), guess(MINUTE));
    pool.limited(&key(3), Some("n"), guess(2 * MINUTE));
    pool.limited(&key(3), None, guess(3 * MINUTE));
    pool.refused(&key(4), fault(), 1);
    pool.set_status(&[KeyId(5)], KeyStatus::Disabled);
    pool
}

#[test]
fn every_key_is_in_one_state() {
    let (pool, begin) = (mixed(), now());
    let states = pool.states(begin);
    assert_eq!((states.usable, states.cooling, states.cooling_for_some_models), (6, 2, 1));
    assert_eq!((states.invalid, states.disabled, states.active(), states.total()), (1, 1, 8, 10));
    assert!((begin + 59_000..=begin + 60_000).contains(&states.first_wake_ms.unwrap()), "{states:?}");
    assert_eq!(pool.resting(begin), [KeyId(2), KeyId(3)]);
}

#[test]
fn a_rest_that_is_remembered_is_over() {
    let (pool, later) = (mixed(), now() + 200_000);
    let states = pool.states(later);
    assert_eq!((states.usable, states.cooling, states.first_wake_ms), (8, 0, None));
    assert_eq!(pool.resting(later), []);
}

#[test]
fn the_map_has_a_cell_a_key_as_long_as_there_are_enough() {
    let map = mixed().map(&ALL, 10, now());
    assert_eq!((map.total, map.keys_per_cell, map.cells.len()), (10, 1, 10));
    let [usable, cooling, invalid, disabled] = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
    let counts: Vec<_> = map.cells.iter().map(|cell| cell.counts).collect();
    assert_eq!(counts[..6], [usable, cooling, cooling, invalid, disabled, usable]);
    assert!(map.cells.iter().zip(1..).all(|(cell, id)| (cell.first, cell.last) == (KeyId(id), KeyId(id))));
}

#[test]
fn more_keys_than_cells_share_them() {
    let map = mixed().map(&ALL, 3, now());
    let cell = |first, last, counts| Cell { first: KeyId(first), last: KeyId(last), counts };
    let cells = vec![cell(1, 4, [1, 2, 1, 0]), cell(5, 8, [3, 0, 0, 1]), cell(9, 10, [2, 0, 0, 0])];
    assert_eq!(map, Map { total: 10, keys_per_cell: 4, cells });
    let part = mixed().map(&(KeyId(3)..=KeyId(6)), 2, now());
    let cells = vec![cell(3, 4, [0, 1, 1, 0]), cell(5, 6, [1, 0, 0, 1])];
    assert_eq!(part, Map { total: 4, keys_per_cell: 2, cells });
}

#[test]
fn the_map_is_in_the_order_of_ids_whatever_place_a_key_has() {
    let pool = pool(3);
    pool.remove(&[KeyId(1)]);
    pool.add([9, 7].map(|id| PoolKey::new(KeyId(id), Secret::from("k"), KeyStatus::Invalid, 0)));
    let ids: Vec<_> = pool.map(&ALL, 100, now()).cells.iter().map(|cell| (cell.first.0, cell.counts[2])).collect();
    assert_eq!(ids, [(2, 0), (3, 0), (7, 1), (9, 1)]);
    assert_eq!(Pool::new(domain::ids::GroupId(1), Arc::default()).map(&ALL, 5, now()).cells, []);
}
