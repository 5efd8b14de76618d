//! Who makes the next attempt: sub-group, key and upstream.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{GroupId, KeyId};
use smallvec::SmallVec;

use crate::clock;
use crate::keyring::PoolKey;
use crate::snapshot::health::Ticket;
use crate::snapshot::upstreams::Upstream;
use crate::snapshot::{Aggregate, Route, Service, Target};

/// The shortest and longest pause before the same upstream is asked again, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 100..500;

/// What was tried in this request, and what came of it.
#[derive(Default)]
pub struct Tried {
    /// Keys that failed by their own fault: not again.
    blamed: SmallVec<[KeyId; 8]>,
    /// Keys that were used when the upstream failed: again only if no other is left.
    spared: SmallVec<[KeyId; 8]>,
    /// Upstreams that failed: again only if no other is left.
    sick: SmallVec<[(GroupId, usize); 4]>,
}

impl Tried {
    /// The key is not to be used again.
    pub fn blame(&mut self, key: KeyId) {
        self.blamed.push(key);
    }

    /// The upstream failed under this key. Returns whether it is the upstream's first failure in this request: only that counts.
    pub fn spare(&mut self, key: KeyId, group: GroupId, upstream: usize) -> bool {
        if !self.spared.contains(&key) {
            self.spared.push(key);
        }
        self.avoid(group, upstream)
    }

    /// Another attempt had better go to another upstream. Returns whether that is new.
    pub fn avoid(&mut self, group: GroupId, upstream: usize) -> bool {
        let is_new = !self.sick.contains(&(group, upstream));
        if is_new {
            self.sick.push((group, upstream));
        }
        is_new
    }

    fn sick_of(&self, group: GroupId) -> SmallVec<[usize; 4]> {
        self.sick.iter().filter(|(of, _)| *of == group).map(|(_, place)| *place).collect()
    }
}

/// What makes an attempt.
pub struct Choice {
    /// The group whose key is used.
    pub service: Arc<Service>,
    /// The key.
    pub key: Arc<PoolKey>,
    /// Whether the key rests, and this is to find out whether it need.
    pub probes: bool,
    /// The upstream's place in its group's list.
    pub place: usize,
    /// How the upstream let the attempt in.
    pub ticket: Ticket,
    /// How long to wait before the attempt: the same upstream has just failed.
    pub pause: Option<Duration>,
    /// When the choice was made, in milliseconds of the process' clock.
    pub at_ms: u64,
}

impl Choice {
    /// The upstream.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.service.upstreams.get(self.place)
    }

    /// The attempt says nothing about the upstream's health. If it was to be its probe, another request may be.
    pub fn told_nothing(&self, model: Option<&str>) {
        if let Some(upstream) = self.upstream() {
            upstream.health.told_nothing(model, self.ticket);
        }
    }
}

/// Chooses for a request that asks for the model `asked`. `None`: no key is left for it.
pub fn choose(route: &Route, asked: Option<&str>, tried: &Tried) -> Option<Choice> {
    if !route.enabled {
        return None;
    }
    let now_ms = clock::mono_ms();
    match &route.target {
        Target::Service(service) => choose_key(service, service.sent_model(asked), tried, now_ms),
        Target::Aggregate(aggregate) => choose_member(aggregate, asked, tried, now_ms),
    }
}

/// Asks members in turn until one has a key left; those whose upstreams failed in this request come last.
fn choose_member(aggregate: &Aggregate, asked: Option<&str>, tried: &Tried, now_ms: u64) -> Option<Choice> {
    let mut passed: SmallVec<[GroupId; 8]> = tried.sick.iter().map(|(group, _)| *group).collect();
    let mut second_round = passed.is_empty();
    loop {
        let Some(service) = aggregate.pick(asked, &passed, now_ms) else {
            if second_round {
                return None;
            }
            second_round = true;
            passed.clear();
            continue;
        };
        if let Some(choice) = choose_key(service, service.sent_model(asked), tried, now_ms) {
            return Some(choice);
        }
        passed.push(service.id);
    }
}

fn choose_key(service: &Arc<Service>, model: Option<&str>, tried: &Tried, now_ms: u64) -> Option<Choice> {
    let sick = tried.sick_of(service.id);
    let used: SmallVec<[KeyId; 16]> = tried.blamed.iter().chain(&tried.spared).copied().collect();
    let pool = &service.pool;
    let fresh = if used.is_empty() { pool.pick(model, &used, now_ms) } else { pool.pick_steady(model, &used, now_ms) };
    let is_fresh = fresh.is_some();
    let awake = fresh.or_else(|| pool.pick(model, &tried.blamed, now_ms));
    let probes = awake.is_none();
    let key = awake.or_else(|| pool.probe(model, &used, now_ms))?;
    let needs_pause = !is_fresh && !probes && !service.upstreams.has_other(model, &sick, now_ms);
    let (place, _, ticket) = service.upstreams.pick(model, &sick, now_ms)?;
    let pause = needs_pause.then(|| Duration::from_millis(fastrand::u64(PAUSE_MS)));
    Some(Choice { service: Arc::clone(service), key, probes, place, ticket, pause, at_ms: now_ms })
}
