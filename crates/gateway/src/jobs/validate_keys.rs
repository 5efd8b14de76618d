//! Calls the provider with invalid keys again, so that those that work again come back by themselves.
//!
//! Every group has rounds of its own, `key_validation_interval_minutes` apart (0: none). When they begin and which keys take part is
//! decided in [`schedule`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::GroupId;
use domain::key::KeyStatus;
use jiff::Timestamp;
use storage::{Db, StorageError};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::leading::LeaderJob;
use crate::clock::mono_ms;
use crate::key_store::load::Loaded;
use crate::leadership::Term;
use crate::probe::Prober;
use crate::snapshot::{Current, Service};
use outlook::NextRound;
use round::Round;

pub use outlook::Outlook;

mod outlook;
mod round;
mod schedule;

/// How often the job looks for groups whose round is due.
const EVERY: Duration = Duration::from_secs(2);

/// The job.
pub struct ValidateKeys {
    db: Db,
    current: Current,
    keys_loaded: Loaded,
    prober: Arc<Prober>,
    plans: HashMap<GroupId, Plan>,
    rounds: TaskTracker,
    outlook: Arc<Outlook>,
}

/// What is known of a group's rounds.
struct Plan {
    /// The end of the last one; `None` if there has been none.
    last: Option<schedule::End>,
    /// From 0 to 1: groups must not all begin at the same moment.
    jitter: f64,
    number: u64,
    running: Option<Running>,
}

struct Running {
    round: JoinHandle<()>,
    /// When its last call begins, on the process' clock.
    until_ms: u64,
}

impl ValidateKeys {
    /// Validates the keys of the groups in `current`.
    pub fn new(db: Db, current: Current, keys_loaded: Loaded, prober: Arc<Prober>) -> Self {
        let (plans, rounds, outlook) = (HashMap::new(), TaskTracker::new(), Arc::default());
        Self { db, current, keys_loaded, prober, plans, rounds, outlook }
    }

    /// When it calls with which key, kept up to date.
    pub fn outlook(&self) -> Arc<Outlook> {
        Arc::clone(&self.outlook)
    }

    /// Remembers new groups with what the database knows of their last round, and forgets deleted ones.
    async fn meet(&mut self, services: &[Arc<Service>]) -> Result<(), StorageError> {
        self.plans.retain(|id, _| services.iter().any(|service| service.id == *id));
        if services.iter().all(|service| self.plans.contains_key(&service.id)) {
            return Ok(());
        }
        let last: HashMap<_, _> =
            self.db.groups().await?.into_iter().map(|group| (group.id, group.last_validated_at)).collect();
        for service in services {
            let last = last.get(&service.id).copied().flatten();
            self.plans.entry(service.id).or_insert_with(|| Plan::new(service, last));
        }
        Ok(())
    }
}

impl LeaderJob for ValidateKeys {
    const NAME: &'static str = "validate_keys";

    async fn due(&mut self) {
        self.keys_loaded.wait().await;
        tokio::time::sleep(EVERY).await;
    }

    async fn turn(&mut self, term: &Term) -> anyhow::Result<()> {
        let services: Vec<_> = self.current.load().services().cloned().collect();
        self.meet(&services).await?;
        for service in &services {
            let Some(plan) = self.plans.get_mut(&service.id) else { continue };
            if plan.is_due(service) {
                let round = Round {
                    db: self.db.clone(),
                    token: term.token,
                    current: Arc::clone(&self.current),
                    prober: Arc::clone(&self.prober),
                    group: service.id,
                    keys: service.pool.ids_of(|key| {
                        key.status() == KeyStatus::Invalid && schedule::takes_part(key, &service.settings, plan.number)
                    }),
                    window: schedule::window(&service.settings),
                };
                let (over, until_ms) = (term.over.clone(), after(mono_ms(), round.window));
                let round = self.rounds.spawn(async move {
                    over.run_until_cancelled(round.run()).await;
                });
                plan.running = Some(Running { round, until_ms });
            }
        }
        let next = |service: &Arc<Service>| Some((service.id, self.plans.get(&service.id)?.next(service)?));
        self.outlook.is(services.iter().filter_map(next).collect());
        Ok(())
    }

    async fn rest(&mut self) {
        self.rounds.close();
        self.rounds.wait().await;
        self.rounds.reopen();
        self.plans.clear();
        self.outlook.is(HashMap::new());
    }
}

impl Plan {
    fn new(service: &Service, last: Option<Timestamp>) -> Self {
        Self {
            last: last.map(|at| schedule::End::read(at, mono_ms())),
            jitter: fastrand::f64(),
            number: schedule::first_round(Timestamp::now(), &service.settings),
            running: None,
        }
    }

    /// Whether a round is to begin.
    fn is_due(&mut self, service: &Service) -> bool {
        let now_ms = mono_ms();
        if let Some(running) = self.running.take() {
            if !running.round.is_finished() {
                self.running = Some(running);
                return false;
            }
            self.last = Some(schedule::End::at(now_ms));
            (self.jitter, self.number) = (fastrand::f64(), self.number.wrapping_add(1));
        }
        let since = self.last.as_ref().map(|end| end.since(now_ms));
        round::is_wanted(service) && schedule::is_due(since, self.jitter, &service.settings)
    }

    /// The next round, or the one that is running.
    fn next(&self, service: &Service) -> Option<NextRound> {
        let now_ms = mono_ms();
        let since = self.last.as_ref().map(|end| end.since(now_ms));
        let left = since.map(|since| schedule::pause(self.jitter, &service.settings).saturating_sub(since));
        let at_ms = match &self.running {
            Some(running) => running.until_ms.max(now_ms),
            None => after(now_ms, left.unwrap_or_default()),
        };
        round::is_wanted(service).then_some(NextRound { at_ms, number: self.number })
    }
}

fn after(at_ms: u64, time: Duration) -> u64 {
    at_ms.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
