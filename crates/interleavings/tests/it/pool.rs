//! Picks, which take no lock, beside everything that changes a pool.

use std::sync::Arc;
use std::time::Duration;

use interleavings::classify::rest::{Quota, Rest};
use interleavings::ids::{GroupId, KeyId};
use interleavings::in_every_order;
use interleavings::key::KeyStatus;
use interleavings::keyring::changes::KeyFault;
use interleavings::keyring::{Keyring, Limit, Pool, PoolKey, Source};
use interleavings::secret::Secret;
use jiff::Timestamp;
use loom::thread;

const MODEL: Option<&str> = Some("m");
const FOREVER_MS: u64 = u64::MAX / 2;

fn key(id: i64, status: KeyStatus) -> PoolKey {
    PoolKey::new(KeyId(id), Secret::from("k"), status, 0)
}

/// A pool of keys 1 to `keys`.
fn pool(keys: i64) -> Arc<Pool> {
    let pool = Keyring::default().pool(GroupId(1));
    pool.add((1..=keys).map(|id| key(id, KeyStatus::Active)));
    pool
}

fn picked(pool: &Pool, model: Option<&str>, now_ms: u64) -> Option<i64> {
    pool.pick(model, &[], now_ms).map(|key| key.id.0)
}

/// The keys that serve at `now_ms`, each asked for by passing over the others.
fn serving(pool: &Pool, model: Option<&str>, now_ms: u64) -> Vec<i64> {
    let mut found = Vec::new();
    while let Some(key) = pool.pick(model, &found, now_ms) {
        found.push(key.id);
    }
    found.sort();
    found.into_iter().map(|id| id.0).collect()
}

fn fault() -> KeyFault {
    KeyFault { status: 401, message: String::new(), at: Timestamp::UNIX_EPOCH }
}

fn limit() -> Limit {
    let named = Some(Rest { time: Duration::from_hours(20), guessed: false });
    Limit { named, quota: Quota::default(), base: Duration::ZERO, doubles: true, source: Source::default() }
}

/// Runs both side by side, and returns when both are done.
fn beside(pool: &Arc<Pool>, one: impl FnOnce(&Pool) + Send + 'static, other: impl FnOnce(&Pool)) {
    let shared = Arc::clone(pool);
    let thread = thread::spawn(move || one(&shared));
    other(pool);
    thread.join().unwrap();
}

#[test]
fn a_key_that_is_laid_to_rest_while_another_wakes_wakes_too() {
    in_every_order(|| {
        let pool = pool(2);
        pool.resume_rest(KeyId(1), None, 10, true);
        beside(
            &pool,
            |pool| pool.resume_rest(KeyId(2), None, 15, true),
            |pool| assert!(matches!(picked(pool, None, 10), Some(1 | 2))),
        );
        assert_eq!(serving(&pool, None, 10), [1]);
        assert_eq!(serving(&pool, None, 15), [1, 2]);
    });
}

#[test]
fn a_key_wakes_for_its_model_whoever_looks() {
    in_every_order(|| {
        let pool = pool(2);
        pool.resume_rest(KeyId(1), MODEL, 10, true);
        beside(
            &pool,
            |pool| assert!(matches!(picked(pool, MODEL, 10), Some(1 | 2))),
            |pool| assert!(matches!(picked(pool, MODEL, 10), Some(1 | 2))),
        );
        assert_eq!(serving(&pool, MODEL, 10), [1, 2]);
    });
}

#[test]
fn a_pick_never_misses_the_key_that_does_not_rest() {
    in_every_order(|| {
        let pool = pool(3);
        pool.resume_rest(KeyId(1), MODEL, FOREVER_MS, true);
        beside(
            &pool,
            |pool| {
                pool.resume_rest(KeyId(2), MODEL, FOREVER_MS, true);
                pool.resume_rest(KeyId(2), None, FOREVER_MS, true);
            },
            |pool| {
                let (for_model, for_any) = (picked(pool, MODEL, 0), picked(pool, None, 0));
                assert!(matches!(for_model, Some(2 | 3)), "{for_model:?}");
                assert!(matches!(for_any, Some(1..=3)), "{for_any:?}");
            },
        );
        assert_eq!((serving(&pool, MODEL, 0), serving(&pool, None, 0)), (vec![3], vec![1, 3]));
    });
}

#[test]
fn a_pick_beside_an_import_finds_a_key() {
    in_every_order(|| {
        let pool = pool(1);
        assert_eq!(picked(&pool, None, 0), Some(1));
        beside(
            &pool,
            |pool| pool.add([key(2, KeyStatus::Active), key(1, KeyStatus::Active)]),
            |pool| {
                let found = picked(pool, None, 0);
                assert!(matches!(found, Some(1 | 2)), "{found:?}");
            },
        );
        assert_eq!(serving(&pool, None, 0), [1, 2]);
    });
}

#[test]
fn a_pick_never_gets_a_key_that_could_not_serve() {
    in_every_order(|| {
        let pool = pool(1);
        pool.add([key(2, KeyStatus::Disabled)]);
        assert_eq!(picked(&pool, None, 0), Some(1));
        beside(
            &pool,
            |pool| {
                pool.remove(&[KeyId(2)]);
                pool.add([key(3, KeyStatus::Active)]);
            },
            |pool| {
                let found = picked(pool, None, 0);
                assert!(matches!(found, Some(1 | 3)), "{found:?}");
            },
        );
        assert_eq!(serving(&pool, None, 0), [1, 3]);
    });
}

#[test]
fn a_late_verdict_on_a_removed_key_does_not_hit_the_one_in_its_place() {
    in_every_order(|| {
        let pool = pool(2);
        let removed = pool.get(KeyId(2)).unwrap();
        let late = Arc::clone(&removed);
        beside(
            &pool,
            move |pool| {
                pool.refused(&late, fault(), 1);
                pool.limited(&late, None, limit());
                pool.limited(&late, MODEL, limit());
            },
            |pool| {
                pool.remove(&[KeyId(2)]);
                pool.add([key(3, KeyStatus::Active)]);
            },
        );
        assert_eq!((serving(&pool, None, 0), serving(&pool, MODEL, 0)), (vec![1, 3], vec![1, 3]));
        let census = pool.census(None, 0);
        assert_eq!((census.total, census.usable, census.resting, census.invalid), (2, 2, 0, 0));
    });
}

#[test]
fn a_late_verdict_on_a_key_that_was_added_again_is_not_counted() {
    in_every_order(|| {
        let pool = pool(1);
        let before = pool.get(KeyId(1)).unwrap();
        beside(
            &pool,
            |pool| pool.add([key(1, KeyStatus::Active)]),
            |pool| {
                pool.refused(&before, fault(), 1);
            },
        );
        assert_eq!((serving(&pool, None, 0), pool.census(None, 0).invalid), (vec![1], 0));
    });
}

#[test]
fn a_guess_proved_wrong_beside_a_new_rest_leaves_no_key_asleep_for_ever() {
    in_every_order(|| {
        let pool = pool(2);
        pool.resume_rest(KeyId(1), None, 10, true);
        let proved = pool.get(KeyId(1)).unwrap();
        beside(
            &pool,
            |pool| pool.resume_rest(KeyId(2), None, 15, true),
            |pool| {
                pool.proved_wrong(&proved, None, Source { upstream: 0, at_ms: 5 }, false);
                assert_eq!(pool.get(KeyId(1)).map(|key| key.id), Some(KeyId(1)));
            },
        );
        assert!(serving(&pool, None, 5).contains(&1));
        assert_eq!(serving(&pool, None, 15), [1, 2]);
    });
}

#[test]
fn one_probe_at_a_time_goes_to_a_key_that_rests_on_a_guess() {
    in_every_order(|| {
        let pool = pool(1);
        pool.resume_rest(KeyId(1), MODEL, FOREVER_MS, true);
        let at = 1_000_000;
        let shared = Arc::clone(&pool);
        let other = thread::spawn(move || shared.probe(MODEL, &[], at).is_some());
        let one = pool.probe(MODEL, &[], at).is_some();
        assert!(one ^ other.join().unwrap(), "one of both, and not both");
        assert!(pool.probe(MODEL, &[], at + 1_000_000).is_some(), "the next may follow");
    });
}

#[test]
fn the_database_is_told_what_memory_says() {
    in_every_order(|| {
        let keyring = Keyring::default();
        let pool = keyring.pool(GroupId(1));
        pool.add([key(1, KeyStatus::Active)]);
        let held = pool.get(KeyId(1)).unwrap();
        let refused = Arc::clone(&held);
        beside(
            &pool,
            move |pool| assert!(pool.refused(&refused, fault(), 1)),
            |pool| pool.set_status(&[KeyId(1)], KeyStatus::Active),
        );
        let told = keyring.changes().take().changes.remove(&KeyId(1)).unwrap();
        assert_eq!((told.status, told.failures.on(0)), (Some(held.status()), held.failures()));
        let serves = held.status() == KeyStatus::Active;
        assert_eq!(picked(&pool, None, 0).is_some(), serves);
        assert_eq!(pool.census(None, 0).invalid, usize::from(!serves));
    });
}

#[test]
fn a_success_beside_a_refusal_leaves_one_count_of_failures() {
    in_every_order(|| {
        let keyring = Keyring::default();
        let pool = keyring.pool(GroupId(1));
        pool.add([PoolKey::new(KeyId(1), Secret::from("k"), KeyStatus::Active, 1)]);
        let held = pool.get(KeyId(1)).unwrap();
        let refused = Arc::clone(&held);
        beside(&pool, move |pool| assert!(!pool.refused(&refused, fault(), 9)), |pool| pool.served(&held, None));
        let (told, held) = (keyring.changes().take().changes.remove(&KeyId(1)).unwrap(), pool.get(KeyId(1)).unwrap());
        assert_eq!(told.failures.on(1), held.failures());
    });
}

#[test]
fn a_rest_that_is_ended_by_hand_is_not_kept_for_the_next_start() {
    in_every_order(|| {
        let keyring = Keyring::default();
        let pool = keyring.pool(GroupId(1));
        pool.add([key(1, KeyStatus::Active)]);
        let limited = pool.get(KeyId(1)).unwrap();
        beside(
            &pool,
            move |pool| assert!(pool.limited(&limited, None, limit()) > Duration::ZERO),
            |pool| pool.set_status(&[KeyId(1)], KeyStatus::Active),
        );
        let told = keyring.changes().take().changes.remove(&KeyId(1)).unwrap();
        assert_eq!(told.rests.is_empty(), picked(&pool, None, 0).is_some());
    });
}
