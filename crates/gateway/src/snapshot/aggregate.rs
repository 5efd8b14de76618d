//! A group that spreads its requests over weighted sub-groups.

use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::GroupId;
use domain::pick::SmoothWeighted;

use super::Service;

/// An aggregate group at run time. It supplies only its name and its proxy keys; everything else is its members'.
#[derive(Debug)]
pub struct Aggregate {
    members: Box<[(u32, Arc<Service>)]>,
    rotation: Mutex<SmoothWeighted>,
}

impl Aggregate {
    /// `members` with their weights.
    #[must_use]
    pub fn new(members: Vec<(u32, Arc<Service>)>) -> Self {
        let rotation = Mutex::new(SmoothWeighted::new(members.len()));
        Self { members: members.into(), rotation }
    }

    /// The member for the next attempt, by smooth weighted round robin over those that can serve a request for the model `asked` and are
    /// not in `failed`. If the upstreams of all of them are ejected, they are used as if none were.
    #[must_use]
    pub fn pick(&self, asked: Option<&str>, failed: &[GroupId], now_ms: u64) -> Option<&Arc<Service>> {
        let mut rotation = self.rotation.lock().unwrap_or_else(PoisonError::into_inner);
        let weight_if = |place: usize, fits: &dyn Fn(&Service) -> bool| match self.members.get(place) {
            Some((weight, service)) if !service.refuses(asked) && !failed.contains(&service.id) && fits(service) => {
                *weight
            }
            _ => 0,
        };
        let place = rotation
            .pick(|place| weight_if(place, &|service| service.can_serve(asked, now_ms)))
            .or_else(|| rotation.pick(|place| weight_if(place, &|service| service.has_key(asked, now_ms))))?;
        self.members.get(place).map(|(_, service)| service)
    }

    /// The members in the operator's order.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.members.iter().map(|(_, service)| service)
    }

    /// Whether every member's strict rules refuse the model `asked`.
    #[must_use]
    pub fn refuses(&self, asked: Option<&str>) -> bool {
        !self.members.is_empty() && self.members().all(|service| service.refuses(asked))
    }
}
