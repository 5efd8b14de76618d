//! A group's upstreams and the choice between them.

use std::sync::{Arc, Mutex, PoisonError};

use domain::pick::SmoothWeighted;
use upstream::Endpoint;

use super::health::{Health, Ticket};

/// One base URL of a group.
#[derive(Debug)]
pub struct Upstream {
    /// Where requests go.
    pub endpoint: Arc<Endpoint>,
    /// The path of the base URL.
    pub base_path: Box<str>,
    /// The base URL as the log shows it.
    pub url: Arc<str>,
    /// Share of the traffic; 0 takes none.
    pub weight: u32,
    /// How it fares.
    pub health: Arc<Health>,
}

/// The upstreams of a group.
#[derive(Debug)]
pub struct Upstreams {
    list: Box<[Upstream]>,
    rotation: Mutex<SmoothWeighted>,
}

impl Upstreams {
    /// The upstreams of one group, in the operator's order.
    #[must_use]
    pub fn new(list: Vec<Upstream>) -> Self {
        let rotation = Mutex::new(SmoothWeighted::new(list.len()));
        Self { list: list.into(), rotation }
    }

    /// The upstream for the next attempt, by smooth weighted round robin over the healthy ones that are not in `failed`, the places of
    /// those that failed in this request.
    ///
    /// Ejection only shifts traffic: if no upstream is healthy, all are used as if none were ejected. `None` only if none has a weight.
    #[must_use]
    pub fn pick(&self, model: Option<&str>, failed: &[usize], now_ms: u64) -> Option<(usize, &Upstream, Ticket)> {
        let place = match &*self.list {
            [only] if only.weight > 0 => 0,
            _ => self.rotate(model, failed, now_ms)?,
        };
        let upstream = self.list.get(place)?;
        Some((place, upstream, upstream.health.enter(model, now_ms)))
    }

    /// All of them, in the operator's order.
    #[must_use]
    pub fn all(&self) -> &[Upstream] {
        &self.list
    }

    /// The upstream in a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Upstream> {
        self.list.get(place)
    }

    /// Whether an upstream that has not failed in this request could take another attempt.
    #[must_use]
    pub fn has_other(&self, model: Option<&str>, failed: &[usize], now_ms: u64) -> bool {
        let fresh = |(place, upstream): (usize, &Upstream)| upstream.weight > 0 && !failed.contains(&place);
        self.list.iter().enumerate().any(|entry| fresh(entry) && entry.1.health.would_admit(model, now_ms))
    }

    /// Whether any upstream is not ejected.
    #[must_use]
    pub fn has_healthy(&self, model: Option<&str>, now_ms: u64) -> bool {
        self.has_other(model, &[], now_ms)
    }

    fn rotate(&self, model: Option<&str>, failed: &[usize], now_ms: u64) -> Option<usize> {
        let mut rotation = self.rotation.lock().unwrap_or_else(PoisonError::into_inner);
        let weight = |place: usize| self.list.get(place).map_or(0, |upstream| upstream.weight);
        let healthy = |place: usize| {
            let admits = self.list.get(place).is_some_and(|upstream| upstream.health.would_admit(model, now_ms));
            if admits { weight(place) } else { 0 }
        };
        let unless_failed = |place: usize, weight: u32| if failed.contains(&place) { 0 } else { weight };
        rotation
            .pick(|place| unless_failed(place, healthy(place)))
            .or_else(|| rotation.pick(healthy))
            .or_else(|| rotation.pick(|place| unless_failed(place, weight(place))))
            .or_else(|| rotation.pick(weight))
    }
}
