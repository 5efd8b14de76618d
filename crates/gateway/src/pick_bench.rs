//! Picking a key from a pool, as each attempt does it: 1 to 1,000,000 keys, of which some, most or all rest, altogether or for
//! the one model that is asked for.
//!
//! A crate root of its own, beside `main.rs`: the program is no library, so the modules concerned are compiled once more.

use std::sync::Arc;
use std::time::Duration;

use divan::{Bencher, black_box};
use domain::classify::rest::{Quota, Rest};
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;

use keyring::{Keyring, Limit, Pool, PoolKey, Source};

#[expect(dead_code, reason = "only what a pick needs is used here")]
mod clock;
#[expect(dead_code, unused_imports, reason = "only what a pick needs is used here")]
mod keyring;
#[expect(unused_imports, reason = "only what a pick needs is used here")]
mod sync;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MODEL: &str = "gpt-4o-mini";
/// Picks timed together, for which the clock is fine enough.
const PICKS: u32 = 1000;
/// How many in a hundred keys rest.
const PERCENT: [i64; 4] = [0, 50, 99, 100];
const SIZES: [i64; 4] = [1, 1_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, consts = PERCENT, sample_size = PICKS)]
fn resting_altogether<const RESTING: i64>(bencher: Bencher<'_, '_>, size: i64) {
    pick(bencher, &pool(size, RESTING, None));
}

#[divan::bench(args = SIZES, consts = PERCENT, sample_size = PICKS)]
fn resting_for_the_model<const RESTING: i64>(bencher: Bencher<'_, '_>, size: i64) {
    pick(bencher, &pool(size, RESTING, Some(MODEL)));
}

/// What a request learns that finds no key: how many rest, and when the first is back. All rest for another model, too, and not as long.
#[divan::bench(args = SIZES)]
fn no_key_left(bencher: Bencher<'_, '_>, size: i64) {
    let pool = pool(size, 100, Some("another"));
    lay_to_rest(&pool, 0..size, Some(MODEL), Duration::from_hours(2));
    let now_ms = clock::mono_ms();
    bencher.bench_local(|| pool.census(black_box(Some(MODEL)), now_ms));
}

fn pick(bencher: Bencher<'_, '_>, pool: &Pool) {
    let now_ms = clock::mono_ms();
    bencher.bench_local(|| pool.pick(black_box(Some(MODEL)), &[], now_ms));
}

/// A pool of so many keys, of which so many in a hundred rest.
fn pool(size: i64, percent_resting: i64, model: Option<&str>) -> Arc<Pool> {
    let pool = Keyring::default().pool(GroupId(1));
    let key = |id| PoolKey::new(KeyId(id), Secret::from(format!("sk-{id:040}")), KeyStatus::Active, 0);
    pool.add((0..size).map(key));
    // 61 has no common factor with 100: the resting ones are spread, and of every 100 there are as many as asked for.
    let resting = (0..size).filter(|id| id * 61 % 100 < percent_resting);
    lay_to_rest(&pool, resting, model, Duration::from_hours(1));
    pool
}

fn lay_to_rest(pool: &Pool, ids: impl Iterator<Item = i64>, model: Option<&str>, time: Duration) {
    let (named, source) = (Some(Rest { time, guessed: false }), Source::default());
    let limit = Limit { named, quota: Quota::default(), base: time, doubles: false, source };
    for key in ids.filter_map(|id| pool.get(KeyId(id))) {
        pool.limited(&key, model, limit);
    }
}
