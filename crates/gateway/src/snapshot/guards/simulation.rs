//! Storms in virtual time: real pools and guards, one upstream whose answers a test decides.

use std::sync::Arc;
use std::time::Duration;

use domain::classify::rest::{Quota, Rest};
use domain::guards::{Grant, RetryBudget};
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;
use jiff::Timestamp;

use super::*;
use crate::keyring::changes::KeyFault;
use crate::keyring::{Keyring, Limit, Pool, PoolKey, Source};

const M: Option<&str> = Some("m");
const DAY_SECONDS: u64 = 86_400;
/// Keys of a large pool.
const LARGE: i64 = 500_000;
/// The probe's own interval, and the look that may come just too early.
const PROBE_MS: u64 = 1_100;
/// The defaults of the settings.
const ATTEMPTS: usize = 4;
const THRESHOLD: u32 = 3;
const BUDGET_PERCENT: u64 = 50;

/// What the upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Ok,
    /// 429, with the time if there is one.
    Limited(Option<u64>),
    /// 429 that names the key's own quota but no time.
    OverQuota,
    /// 401.
    Refused,
    /// 503.
    Sick,
}

/// A group and what has become of its requests.
struct World {
    pool: Arc<Pool>,
    guards: Guards,
    budget: RetryBudget,
    now_ms: u64,
    tally: Tally,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    requests: u64,
    attempts: u64,
    answered: u64,
    answered_at_once: u64,
}

impl Tally {
    fn attempts_a_request(&self) -> f64 {
        ratio(self.attempts, self.requests)
    }

    fn share_answered(&self) -> f64 {
        ratio(self.answered, self.requests)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

impl World {
    fn with_keys(keys: i64) -> Self {
        let pool = Keyring::default().pool(GroupId(1));
        pool.add((1..=keys).map(|id| PoolKey::new(KeyId(id), Secret::from("k"), KeyStatus::Active, 0)));
        Self { pool, guards: Guards::default(), budget: RetryBudget::default(), now_ms: 1, tally: Tally::default() }
    }

    /// One request after the other for so long. The upstream's answer depends on key and time.
    fn run(&mut self, seconds: u64, requests_a_second: u64, says: &dyn Fn(i64, u64) -> Says) -> Tally {
        self.tally = Tally::default();
        for _ in 0..seconds * requests_a_second {
            self.request(says);
            self.now_ms += 1_000 / requests_a_second;
        }
        self.tally
    }

    /// One request, as `proxy::journey` makes it.
    fn request(&mut self, says: &dyn Fn(i64, u64) -> Says) -> bool {
        let (mut blamed, mut spared) = (Vec::new(), Vec::new());
        self.tally.requests += 1;
        self.budget.request(self.now_ms);
        for attempt in 0..ATTEMPTS {
            let Some((key, probes)) = self.choose(&blamed, &spared) else { return false };
            let is_free = attempt == 0 || spared.is_empty();
            if attempt > 0 && self.guards.give_one_attempt(M)
                || !is_free && self.budget.retry(BUDGET_PERCENT, self.now_ms) != Grant::Given
            {
                return false;
            }
            self.tally.attempts += 1;
            match says(key.id.0, self.now_ms) {
                Says::Ok => {
                    self.answered(&key, probes);
                    self.tally.answered += 1;
                    self.tally.answered_at_once += u64::from(attempt == 0);
                    return true;
                }
                Says::Sick => {
                    key.shaken();
                    spared.push(key.id);
                }
                other => {
                    self.failed(&key, other);
                    blamed.push(key.id);
                }
            }
        }
        false
    }

    fn choose(&self, blamed: &[KeyId], spared: &[KeyId]) -> Option<(Arc<PoolKey>, bool)> {
        let used = [blamed, spared].concat();
        let (pool, now_ms) = (&self.pool, self.now_ms);
        let fresh = if used.is_empty() { pool.pick(M, &used, now_ms) } else { pool.pick_steady(M, &used, now_ms) };
        let awake = fresh.or_else(|| pool.pick(M, blamed, now_ms));
        awake.map(|key| (key, false)).or_else(|| Some((pool.probe(M, &used, now_ms)?, true)))
    }

    fn answered(&self, key: &PoolKey, probes: bool) {
        self.guards.succeeded(M, true, self.now_ms);
        if probes {
            self.pool.proved_wrong(key, M, self.source(), true);
        }
        self.pool.served(key, M);
    }

    fn failed(&self, key: &PoolKey, says: Says) {
        let (guards, pool_size, now_ms) = (&self.guards, self.pool.active(), self.now_ms);
        if says == Says::Refused {
            guards.refused(key.id, now_ms);
            let fault = KeyFault { status: 401, message: String::new(), at: Timestamp::UNIX_EPOCH };
            let fate = |active: usize| guards.would_fall(active, now_ms).0;
            self.pool.refused_in_traffic(key, fault, THRESHOLD, self.source(), fate);
            return;
        }
        let seconds = if let Says::Limited(seconds) = says { seconds } else { None };
        let quota = Quota { per_day: false, names_owner: says == Says::OverQuota };
        guards.limited(M, key.id, quota.names_owner, pool_size, now_ms);
        let named = seconds.map(|seconds| Rest { time: Duration::from_secs(seconds), guessed: false });
        let (base, doubles) = (Duration::from_secs(60), !guards.limits_address(M));
        self.pool.limited(key, M, Limit { named, quota, base, doubles, source: self.source() });
    }

    fn source(&self) -> Source {
        Source { upstream: self.guards.upstream, at_ms: self.now_ms }
    }

    fn lost(&self) -> usize {
        self.pool.census(M, self.now_ms).invalid
    }
}

/// A key of a hundred by its number: once those of a kind stand together, once they are spread.
fn of_a_hundred(key: i64, together: bool) -> i64 {
    if together { key % 100 } else { key * 37 % 100 }
}

#[test]
fn a_third_of_the_keys_may_fail_and_nobody_notices() {
    for together in [true, false] {
        let mut world = World::with_keys(100);
        let says = |key: i64, _| match of_a_hundred(key, together) {
            0..30 => Says::Limited(Some(60)),
            30..35 => Says::Sick,
            35..37 => Says::Refused,
            _ => Says::Ok,
        };
        world.run(1, 100, &says);
        let tally = world.run(60, 250, &says);
        assert!(tally.share_answered() >= 0.9999, "together: {together}: {tally:?}");
        assert!(tally.attempts_a_request() <= 1.10, "together: {together}: {tally:?}");
        assert_eq!(world.lost(), 2);
    }
}

#[test]
fn a_sick_upstream_gets_half_as_many_requests_more_and_no_key_is_lost() {
    let mut world = World::with_keys(100);
    world.run(20, 250, &|_, _| Says::Ok);
    let tally = world.run(20, 250, &|_, _| Says::Sick);
    assert!(tally.attempts_a_request() <= 1.7 && tally.answered == 0, "{tally:?}");
    assert!(world.budget.is_acting(world.now_ms));
    assert!(world.request(&|_, _| Says::Ok), "recovery is seen by the very next request");
    assert_eq!((world.lost(), world.pool.census(M, world.now_ms).resting), (0, 0));
}

#[test]
fn all_keys_refused_at_once_cost_few_attempts_and_fewer_than_ten_keys() {
    for says in [Says::Limited(None), Says::Refused] {
        for (keys, requests_a_second) in [(1, 50), (3, 50), (100, 50), (100, 250), (1_000, 250), (20_000, 1_000)] {
            let mut world = World::with_keys(keys);
            world.run(5, requests_a_second, &|_, _| Says::Ok);
            let storm = world.run(5, requests_a_second, &|_, _| says);
            let label = format!("{says:?}, {keys} keys, {requests_a_second} a second");
            assert!(storm.attempts_a_request() <= 1.2, "{label}: {storm:?}");
            assert!(world.lost() < 10 && i64::try_from(world.lost()).unwrap() < keys, "{label}: {} lost", world.lost());
            world.run(1, requests_a_second, &|_, _| Says::Ok);
            world.now_ms += PROBE_MS - 1_000;
            let after = world.run(2, requests_a_second, &|_, _| Says::Ok);
            assert_eq!((after.answered, after.attempts), (after.requests, after.requests), "{label}: {after:?}");
        }
    }
}

#[test]
fn a_pool_that_is_nearly_used_up_for_the_day_serves_at_the_first_attempt() {
    let days = [(1_000, false, true), (1_000, true, true), (1_000, true, false), (LARGE, true, true)];
    for (keys, resumed, guessed) in days {
        let mut world = World::with_keys(keys);
        let is_exhausted = |key: i64| key * 7 % 100 < 95;
        let says = |key: i64, _| if is_exhausted(key) { Says::Limited(Some(DAY_SECONDS)) } else { Says::Ok };
        if resumed {
            let ids = (1..=keys).filter(|key| is_exhausted(*key));
            ids.for_each(|id| world.pool.resume_rest(KeyId(id), M, DAY_SECONDS * 1_000, guessed));
        }
        world.run(2, 1_000, &says);
        let tally = world.run(10, 250, &says);
        assert!(ratio(tally.answered_at_once, tally.requests) >= 0.99, "{keys} keys: {tally:?}");
        assert!(world.guards.are_calm() && !world.budget.is_acting(world.now_ms), "{keys} keys");
    }
}

/// When the upstream is well again, a request is answered within the probe's interval: no guard keeps it from a key for longer.
#[test]
fn no_guard_outlasts_its_cause_by_more_than_a_probes_interval() {
    let mixed = |key: i64| [Says::Limited(None), Says::Refused, Says::Sick][usize::try_from(key % 3).unwrap()];
    let storms: [&dyn Fn(i64, u64) -> Says; 5] = [
        &|_, _| Says::Limited(None),
        &|_, _| Says::OverQuota,
        &|_, _| Says::Refused,
        &|key, _| mixed(key),
        &|key, now_ms| mixed(key + i64::try_from(now_ms / 700).unwrap()),
    ];
    for (keys, seconds) in [(1, 5), (1, 500), (3, 5), (3, 500), (100, 5), (100, 300), (LARGE, 20)] {
        for exhausted_percent in [0, 50, 99] {
            for (number, storm) in storms.iter().enumerate() {
                // One world of that size takes seconds to make. Those that are nearly exhausted are used up within the storm.
                if keys == LARGE && ![(0, 1), (50, 3), (99, 2), (99, 4)].contains(&(exhausted_percent, number)) {
                    continue;
                }
                let requests_a_second = if keys == LARGE { 1_000 } else { 20 };
                let exhausted = keys * exhausted_percent / 100;
                let mut world = World::with_keys(keys);
                (1..=exhausted).for_each(|id| world.pool.resume_rest(KeyId(id), M, DAY_SECONDS * 1_000, false));
                world.run(1, 20, &|_, _| Says::Ok);
                world.run(seconds, requests_a_second, storm);
                let label = format!("storm {number} of {seconds} s, {exhausted} of {keys} keys exhausted");
                assert!(seconds > 60 || world.lost() < 10, "{label}: {} lost", world.lost());
                if i64::try_from(world.pool.active()).unwrap() <= exhausted {
                    // Fewer keys than prove a mass refusal were left, and all were refused.
                    continue;
                }
                let well_at = world.now_ms;
                while !world.request(&|_, _| Says::Ok) {
                    world.now_ms += 20;
                    assert!(world.now_ms <= well_at + PROBE_MS, "{label}");
                }
            }
        }
    }
}

/// The same in any weather: each second the upstream thinks of something else.
#[test]
fn whatever_came_before_the_next_probe_finds_the_way_back() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let keys = [1, 3, 100][random.usize(0..3)];
        let mut world = World::with_keys(keys);
        for _ in 0..random.u64(1..200) {
            let kinds =
                [Says::Ok, Says::Sick, Says::Limited(None), Says::Limited(Some(1)), Says::OverQuota, Says::Refused];
            let (one, other) = (*random.choice(&kinds).unwrap(), *random.choice(&kinds).unwrap());
            let (few, rate) = (random.i64(0..=keys), random.u64(1..40));
            world.run(1, rate, &|key, _| if key <= few { one } else { other });
        }
        if world.pool.active() == 0 {
            continue;
        }
        // A rest whose time the provider named is not a guard's.
        let well_at = world.now_ms;
        while !world.request(&|_, _| Says::Ok) {
            world.now_ms += 20;
            assert!(world.now_ms <= well_at + PROBE_MS, "seed {seed}, {keys} keys");
        }
    }
}
