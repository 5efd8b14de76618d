//! The health of one upstream of one group: what the last answers said about the machine behind it, apart from its keys.
//!
//! Transport errors count for the upstream, 5xx answers for the upstream and the model, each once per client request.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::breaker::{Admission, Breaker};
use domain::guards::RetryBudget;
use domain::ids::GroupId;

use super::guards::Guards;
use super::incidents::Incidents;

/// Models an upstream can be sick for at the same time; names come from clients, so there is a bound.
const MAX_MODELS: usize = 64;

/// How a request was let through to an upstream; handed back with what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    transport: Admission,
    model: Admission,
}

/// Which requests an upstream gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All.
    Healthy,
    /// Those for some models only if no other upstream is left, or as probes.
    EjectedForModels,
    /// The same of all.
    Ejected,
}

/// One upstream's health.
#[derive(Debug, Default)]
pub struct Health {
    /// What keeps its faults from being counted against keys.
    pub guards: Guards,
    /// Whether any failure is on record: the one thing looked at while all is well.
    troubled: AtomicBool,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    transport: Breaker,
    models: HashMap<Box<str>, Breaker>,
}

impl Health {
    /// Whether a request for `model` would be let through now, as itself or as the probe.
    #[must_use]
    pub fn would_admit(&self, model: Option<&str>, now_ms: u64) -> bool {
        !self.is_troubled() || self.records().peek(model, now_ms) != Admission::Ejected
    }

    /// Lets a request through, as the probe if there is one to make.
    pub fn enter(&self, model: Option<&str>, now_ms: u64) -> Ticket {
        if !self.is_troubled() {
            return Ticket { transport: Admission::Open, model: Admission::Open };
        }
        let mut records = self.records();
        let of_model = records.models.get_mut(model.unwrap_or_default());
        let model = of_model.map_or(Admission::Open, |breaker| breaker.admit(now_ms));
        Ticket { transport: records.transport.admit(now_ms), model }
    }

    /// The upstream gave an answer that is no sign of sickness.
    pub fn well(&self, model: Option<&str>) {
        if !self.is_troubled() {
            return;
        }
        let mut records = self.records();
        records.transport = Breaker::default();
        records.models.remove(model.unwrap_or_default());
        self.troubled.store(!records.models.is_empty(), Ordering::Relaxed);
    }

    /// No answer, or a broken one. Returns whether that ejects the upstream.
    pub fn transport_failed(&self, ticket: Ticket, now_ms: u64) -> bool {
        let mut records = self.records();
        self.troubled.store(true, Ordering::Relaxed);
        records.transport.failure(now_ms, ticket.transport)
    }

    /// An answer that says the upstream itself is at fault. It did answer: the transport is well. Returns whether that ejects the upstream
    /// for this model.
    pub fn answer_failed(&self, model: Option<&str>, ticket: Ticket, now_ms: u64) -> bool {
        let mut records = self.records();
        records.transport = Breaker::default();
        let model = model.unwrap_or_default();
        if records.models.len() >= MAX_MODELS && !records.models.contains_key(model) {
            records.models.clear();
        }
        self.troubled.store(true, Ordering::Relaxed);
        records.models.entry(model.into()).or_default().failure(now_ms, ticket.model)
    }

    /// The request ended without telling anything. If it was a probe, the next one may be.
    pub fn told_nothing(&self, model: Option<&str>, ticket: Ticket) {
        if ticket.transport == Admission::Probe {
            self.records().transport.probe_abandoned();
        }
        if ticket.model == Admission::Probe
            && let Some(breaker) = self.records().models.get_mut(model.unwrap_or_default())
        {
            breaker.probe_abandoned();
        }
    }

    /// What the breakers say now.
    #[must_use]
    pub fn condition(&self, now_ms: u64) -> Condition {
        if !self.is_troubled() {
            return Condition::Healthy;
        }
        let records = self.records();
        let is_open = |breaker: &Breaker| breaker.peek(now_ms) == Admission::Open;
        match (is_open(&records.transport), records.models.values().all(is_open)) {
            (false, _) => Condition::Ejected,
            (true, false) => Condition::EjectedForModels,
            (true, true) => Condition::Healthy,
        }
    }

    fn is_troubled(&self) -> bool {
        self.troubled.load(Ordering::Relaxed)
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn peek(&self, model: Option<&str>, now_ms: u64) -> Admission {
        let of_model = self.models.get(model.unwrap_or_default()).map(|breaker| breaker.peek(now_ms));
        match (self.transport.peek(now_ms), of_model) {
            (Admission::Ejected, _) | (_, Some(Admission::Ejected)) => Admission::Ejected,
            (Admission::Open, None | Some(Admission::Open)) => Admission::Open,
            _ => Admission::Probe,
        }
    }
}

/// The health of all upstreams, and the retry budgets and incidents of all groups, which outlive the snapshots.
#[derive(Debug, Default)]
pub struct HealthRegistry {
    upstreams: Registry<(GroupId, String), Health>,
    budgets: Registry<GroupId, RetryBudget>,
    incidents: Registry<GroupId, Incidents>,
}

impl HealthRegistry {
    /// The health of a group's upstream.
    #[must_use]
    pub fn of(&self, group: GroupId, url: &str) -> Arc<Health> {
        shared(&self.upstreams, (group, url.to_owned()))
    }

    /// The retry budget of a group.
    #[must_use]
    pub fn budget(&self, group: GroupId) -> Arc<RetryBudget> {
        shared(&self.budgets, group)
    }

    /// What has happened in a group.
    #[must_use]
    pub fn incidents(&self, group: GroupId) -> Arc<Incidents> {
        shared(&self.incidents, group)
    }

    /// Forgets upstreams and groups that no snapshot uses any more.
    pub fn sweep(&self) {
        drop_unused(&self.upstreams);
        drop_unused(&self.budgets);
        drop_unused(&self.incidents);
    }
}

type Registry<K, V> = RwLock<HashMap<K, Arc<V>>>;

fn shared<K: Eq + Hash, V: Default>(all: &Registry<K, V>, key: K) -> Arc<V> {
    let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(all.entry(key).or_default())
}

fn drop_unused<K, V>(all: &Registry<K, V>) {
    let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, value| Arc::strong_count(value) > 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(health: &Health, times: u32, now_ms: u64) {
        (0..times).for_each(|_| {
            health.answer_failed(Some("m"), health.enter(Some("m"), now_ms), now_ms);
        });
    }

    #[test]
    fn five_bad_answers_eject_for_that_model_only() {
        let health = Health::default();
        failed(&health, 4, 0);
        assert!(health.would_admit(Some("m"), 1));
        failed(&health, 1, 0);
        assert!(!health.would_admit(Some("m"), 1));
        assert!(health.would_admit(Some("other"), 1) && health.would_admit(None, 1));
        assert_eq!(health.condition(1), Condition::EjectedForModels);
        health.well(Some("m"));
        assert_eq!(health.condition(1), Condition::Healthy);
    }

    #[test]
    fn transport_failures_eject_for_every_model() {
        let health = Health::default();
        let ejected: Vec<_> = (0..5).map(|_| health.transport_failed(health.enter(None, 0), 0)).collect();
        assert_eq!(ejected, [false, false, false, false, true]);
        assert_eq!(health.condition(1), Condition::Ejected);
        assert!(!health.would_admit(Some("m"), 1) && !health.would_admit(None, 1));
    }

    #[test]
    fn a_good_answer_between_starts_the_count_anew() {
        let health = Health::default();
        failed(&health, 4, 0);
        health.well(Some("m"));
        failed(&health, 4, 0);
        assert!(health.would_admit(Some("m"), 1));
    }

    #[test]
    fn one_probe_at_a_time() {
        let health = Health::default();
        failed(&health, 5, 0);
        let later = 10_001;
        assert!(health.would_admit(Some("m"), later));
        let ticket = health.enter(Some("m"), later);
        assert!(!health.would_admit(Some("m"), later), "a probe is under way");
        health.told_nothing(Some("m"), ticket);
        assert!(health.would_admit(Some("m"), later));
        health.enter(Some("m"), later);
        health.well(Some("m"));
        assert!(health.would_admit(Some("m"), later));
    }

    #[test]
    fn model_names_are_bounded() {
        let health = Health::default();
        for n in 0..1_000 {
            health.answer_failed(Some(&format!("m{n}")), health.enter(None, 0), 0);
        }
        assert!(health.records().models.len() <= MAX_MODELS);
    }

    #[test]
    fn health_outlives_a_snapshot_and_ends_with_the_last() {
        let registry = HealthRegistry::default();
        let first = registry.of(GroupId(1), "u");
        registry.sweep();
        assert!(Arc::ptr_eq(&first, &registry.of(GroupId(1), "u")));
        drop(first);
        registry.sweep();
        assert!(registry.upstreams.read().unwrap().is_empty());
    }
}
