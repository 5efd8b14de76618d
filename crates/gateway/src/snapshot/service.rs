//! A standard group made ready to serve: everything parsed, compiled and connected.

use std::sync::Arc;

use domain::classify::Policy;
use domain::guards::{Fate, RetryBudget};
use domain::ids::GroupId;
use domain::raw_object::RawObject;
use domain::rewrite::headers::HeaderRules;
use domain::rewrite::models::{Redirect, Redirects};
use domain::settings::Settings;
use domain::status_codes::StatusSet;
use tokio::sync::Semaphore;

use super::incidents::Incidents;
use super::upstreams::Upstreams;
use crate::channels::Channel;
use crate::clock;
use crate::keyring::Pool;

/// A standard group at run time.
pub struct Service {
    /// The group's id.
    pub id: GroupId,
    /// The group's name.
    pub name: Arc<str>,
    /// Whether an operator lets it serve.
    pub enabled: bool,
    /// The provider's dialect.
    pub channel: &'static dyn Channel,
    /// The settings in force for it.
    pub settings: Settings,
    /// Statuses that are retried.
    pub failover: StatusSet,
    /// Further statuses that blame the key.
    pub blacklist: StatusSet,
    /// Where requests go.
    pub upstreams: Upstreams,
    /// Its keys.
    pub pool: Arc<Pool>,
    /// How many of its requests may be tried again because of a sick upstream.
    pub budget: Arc<RetryBudget>,
    /// What has happened in it.
    pub incidents: Arc<Incidents>,
    /// Members put into JSON bodies.
    pub overrides: RawObject,
    /// The model the overrides set, if they set one.
    pub override_model: Option<String>,
    /// Model redirects.
    pub redirects: Redirects,
    /// Header rules.
    pub header_rules: HeaderRules,
    /// The model a validation asks for.
    pub test_model: String,
    /// The path of a validation, if it is not the channel's own.
    pub validation_endpoint: Option<String>,
    /// A permit for each validation that may be under way.
    pub probes: Semaphore,
}

impl Service {
    /// What the classifier must know of this group.
    #[must_use]
    pub fn policy(&self) -> Policy<'_> {
        Policy { failover: &self.failover, blacklist: &self.blacklist }
    }

    /// How many validations may be under way at once.
    #[must_use]
    pub fn probes_at_once(&self) -> usize {
        probes_at_once(&self.settings)
    }

    /// The model that goes to the provider when a client asks for `asked`.
    #[must_use]
    pub fn sent_model<'m>(&'m self, asked: Option<&'m str>) -> Option<&'m str> {
        let asked = self.override_model.as_deref().or(asked);
        match self.redirects.decide(asked) {
            Redirect::To(sent) => Some(sent),
            Redirect::Keep | Redirect::Refused => asked,
        }
    }

    /// Whether its strict rules refuse a request that asks for `asked`.
    #[must_use]
    pub fn refuses(&self, asked: Option<&str>) -> bool {
        self.redirects.decide(self.override_model.as_deref().or(asked)) == Redirect::Refused
    }

    /// Whether it has a key for a request that asks for `asked`, be it one that rests and is to be asked again.
    #[must_use]
    pub fn has_key(&self, asked: Option<&str>, now_ms: u64) -> bool {
        let model = self.sent_model(asked);
        self.enabled && (self.pool.has_usable(model, now_ms) || self.pool.may_probe(model, now_ms))
    }

    /// Whether it could take such a request now: enabled, with a usable key and a healthy upstream.
    #[must_use]
    pub fn can_serve(&self, asked: Option<&str>, now_ms: u64) -> bool {
        self.has_key(asked, now_ms) && self.upstreams.has_healthy(self.sent_model(asked), now_ms)
    }

    /// What becomes of a key that has failed too often, one of `active`, if it is not known at which upstream.
    #[must_use]
    pub fn fate_of_one(&self, active: usize) -> Fate {
        let now_ms = clock::mono_ms();
        let mut fate = Fate::Invalid;
        // Each of them is told.
        for upstream in self.upstreams.all() {
            if upstream.health.guards.would_fall(active, now_ms).0 == Fate::Rest {
                fate = Fate::Rest;
            }
        }
        fate
    }

    /// What the guards that act now do, in words.
    #[must_use]
    pub fn guards_at_work(&self, now_ms: u64) -> Vec<String> {
        let mut words = Vec::new();
        if self.budget.is_acting(now_ms) {
            let percent = self.settings.retry_budget_percent;
            words.push(format!(
                "retry budget: an upstream is sick, and more than {percent} % of the requests would be tried again: for now they are not"
            ));
        }
        for upstream in self.upstreams.all() {
            let (url, acting) = (&upstream.url, upstream.health.guards.acting(now_ms));
            words.extend(acting.limited_models.iter().map(|model| {
                let what = if model.is_empty() { "requests without a model" } else { model };
                format!("address limit: {url} rate-limits key after key for {what}: requests get one attempt until one succeeds")
            }));
            if acting.mass_refusal {
                words.push(format!(
                    "mass refusal: {url} refuses key after key: requests get one attempt, and keys rest instead of becoming invalid, until one succeeds"
                ));
            }
        }
        words
    }
}

/// How many validations these settings allow at once.
pub(super) fn probes_at_once(settings: &Settings) -> usize {
    usize::try_from(settings.key_validation_concurrency).unwrap_or(1).max(1)
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}
