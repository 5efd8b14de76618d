//! The guards of one upstream of one group: whether it limits our address, for which models, and whether it refuses everybody.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::guards::{AddressLimit, Fate, MassRefusal, Turn};
use domain::ids::KeyId;

/// Models for which limits are on record at the same time; names come from clients, so there is a bound. At it, counts are forgotten, and
/// if that is not enough, limits.
const MAX_MODELS: usize = 64;

/// Stands for every model.
const ALL: u64 = u64::MAX;

/// The guards of one upstream.
#[derive(Debug)]
pub struct Guards {
    /// A number of the upstream, not used twice by the process, never 0.
    pub upstream: u32,
    /// The models about which something is on record, a bit each, which several may share: the one thing looked at while all is well.
    watched: AtomicU64,
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    limits: HashMap<Box<str>, AddressLimit>,
    refusal: MassRefusal,
}

/// Which guards a success has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The address limit of the model.
    pub address_limit: bool,
    /// The mass refusal.
    pub mass_refusal: bool,
}

/// Which guards act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acting {
    /// The models for which the address is limited, by name; the empty one: requests without a model.
    pub limited_models: Vec<Box<str>>,
    /// Whether key after key is refused.
    pub mass_refusal: bool,
}

impl Default for Guards {
    fn default() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let upstream = LAST.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Self { upstream, watched: AtomicU64::new(0), records: Mutex::default() }
    }
}

impl Guards {
    /// Whether nothing is on record, for any model.
    #[must_use]
    pub fn are_calm(&self) -> bool {
        self.watched.load(Ordering::Relaxed) == 0
    }

    /// A key was rate limited for `model`, one of `pool_size`. See [`AddressLimit::limited`].
    pub fn limited(&self, model: Option<&str>, key: KeyId, names_owner: bool, pool_size: usize, now_ms: u64) -> Turn {
        let mut records = self.records();
        let turn = records.limit(model.unwrap_or_default()).limited(key, names_owner, pool_size, now_ms);
        self.watch(&mut records);
        turn
    }

    /// Whether our address is limited for `model`.
    #[must_use]
    pub fn limits_address(&self, model: Option<&str>) -> bool {
        let model = model.unwrap_or_default();
        self.is_watched(model) && self.records().limits.get(model).is_some_and(AddressLimit::is_acting)
    }

    /// A key was refused. See [`MassRefusal::refused`].
    pub fn refused(&self, key: KeyId, now_ms: u64) -> Turn {
        let mut records = self.records();
        let turn = records.refusal.refused(key, now_ms);
        self.watch(&mut records);
        turn
    }

    /// A key would become invalid, one of `active`. See [`MassRefusal::would_fall`].
    pub fn would_fall(&self, active: usize, now_ms: u64) -> (Fate, Turn) {
        let mut records = self.records();
        let fate = records.refusal.would_fall(active, now_ms);
        self.watch(&mut records);
        fate
    }

    /// Whether a request for `model` gets one attempt here.
    #[must_use]
    pub fn give_one_attempt(&self, model: Option<&str>) -> bool {
        let model = model.unwrap_or_default();
        if !self.is_watched(model) {
            return false;
        }
        let records = self.records();
        records.refusal.gives_one_attempt() || records.limits.get(model).is_some_and(AddressLimit::is_acting)
    }

    /// An attempt begun at `begun_ms` was answered. `proves_key`: that was a call for a model, which no provider answers to a key that
    /// it refuses.
    pub fn succeeded(&self, model: Option<&str>, proves_key: bool, begun_ms: u64) -> Ended {
        let name = model.unwrap_or_default();
        if !self.is_watched(name) {
            return Ended::default();
        }
        let mut records = self.records();
        let limit = records.limits.get_mut(name).filter(|_| proves_key || model.is_none());
        let ended = Ended {
            address_limit: limit.is_some_and(|limit| limit.succeeded(begun_ms) == Turn::Ended),
            mass_refusal: proves_key && records.refusal.succeeded(begun_ms) == Turn::Ended,
        };
        self.watch(&mut records);
        ended
    }

    /// Which guards act now.
    #[must_use]
    pub fn acting(&self, now_ms: u64) -> Acting {
        let records = self.records();
        let limited = records.limits.iter().filter(|(_, limit)| limit.is_acting());
        let mut limited_models: Vec<_> = limited.map(|(model, _)| model.clone()).collect();
        limited_models.sort_unstable();
        let mass_refusal = records.refusal.is_acting(now_ms) || records.refusal.gives_one_attempt();
        Acting { limited_models, mass_refusal }
    }

    fn is_watched(&self, model: &str) -> bool {
        let watched = self.watched.load(Ordering::Relaxed);
        watched != 0 && watched & bit_of(model) != 0
    }

    fn watch(&self, records: &mut Records) {
        records.limits.retain(|_, limit| !limit.is_idle());
        let models = records.limits.keys().fold(0, |bits, model| bits | bit_of(model));
        let watched = if records.refusal.is_idle() { models } else { ALL };
        self.watched.store(watched, Ordering::Relaxed);
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn limit(&mut self, model: &str) -> &mut AddressLimit {
        if self.limits.len() >= MAX_MODELS && !self.limits.contains_key(model) {
            self.limits.retain(|_, limit| limit.is_acting());
            if self.limits.len() >= MAX_MODELS {
                self.limits.clear();
            }
        }
        self.limits.entry(model.into()).or_default()
    }
}

fn bit_of(model: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    model.hash(&mut hasher);
    1 << (hasher.finish() % 64)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: Ended = Ended { address_limit: true, mass_refusal: true };

    #[test]
    fn each_model_has_a_limit_of_its_own() {
        let guards = Guards::default();
        assert!(guards.are_calm());
        assert_eq!(guards.limited(Some("a"), KeyId(1), false, 1, 5), Turn::Began);
        assert_eq!(guards.limited(None, KeyId(1), false, 2, 5), Turn::None);
        assert!(guards.limits_address(Some("a")) && !guards.limits_address(Some("b")) && !guards.limits_address(None));
        assert_eq!(guards.acting(5).limited_models, [Box::<str>::from("a")]);
        assert_eq!(guards.succeeded(Some("b"), true, 5), Ended::default());
        assert_eq!(guards.succeeded(Some("a"), false, 5), Ended::default(), "no call for the model");
        assert_eq!(guards.succeeded(Some("a"), true, 5), Ended { mass_refusal: false, ..ENDED });
        assert!(!guards.are_calm(), "one without a model has been limited");
        guards.succeeded(None, false, 5);
        assert!(guards.are_calm());
    }

    #[test]
    fn any_proven_key_ends_a_mass_refusal() {
        let guards = Guards::default();
        assert_eq!(guards.would_fall(1, 5), (Fate::Rest, Turn::Began));
        assert_eq!(guards.acting(5), Acting { limited_models: vec![], mass_refusal: true });
        assert_eq!(guards.succeeded(None, false, 5), Ended::default(), "a public list of models");
        assert_eq!(guards.succeeded(Some("m"), true, 5), Ended { address_limit: false, ..ENDED });
        assert_eq!((guards.are_calm(), guards.acting(5)), (true, Acting::default()));
    }

    #[test]
    fn model_names_are_bounded() {
        let guards = Guards::default();
        for n in 0..1_000 {
            guards.limited(Some(&format!("m{n}")), KeyId(1), false, 1 + n % 2, 0);
        }
        assert!(guards.records().limits.len() <= MAX_MODELS);
        assert!(!guards.acting(0).limited_models.is_empty());
    }

    #[test]
    fn upstreams_are_numbered() {
        let (one, other) = (Guards::default(), Guards::default());
        assert!(one.upstream != other.upstream && one.upstream != 0);
    }
}
