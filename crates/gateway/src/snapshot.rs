//! The configuration in force: an immutable whole that requests read through one atomic pointer.
//!
//! A request takes the snapshot once and keeps it to its end, so a change in the middle of it can't mix two configurations. What must
//! outlive a change (key pools, the health of upstreams) is shared between snapshots.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::GroupId;
use domain::settings::Settings;

use crate::sync::ArcSwap;

pub mod aggregate;
pub mod build;
pub mod guards;
pub mod health;
pub mod incidents;
mod latest;
pub mod proxy_keys;
pub mod service;
pub mod upstreams;

pub use aggregate::Aggregate;
pub use proxy_keys::ProxyKeys;
pub use service::Service;

/// The pointer all planes share. Published by [`build::Publisher`] only.
pub type Current = Arc<ArcSwap<Snapshot>>;

/// Everything a request needs to know.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The system's settings.
    pub settings: Settings,
    /// Keys with which clients may use every group.
    pub proxy_keys: ProxyKeys,
    routes: HashMap<Box<str>, Arc<Route>>,
    services: HashMap<GroupId, Arc<Service>>,
}

/// What a group's name in the URL leads to.
#[derive(Debug)]
pub struct Route {
    /// The group's id.
    pub id: GroupId,
    /// The group's name.
    pub name: Arc<str>,
    /// The group's own proxy keys.
    pub proxy_keys: ProxyKeys,
    /// Whether an operator lets it serve.
    pub enabled: bool,
    /// Who answers.
    pub target: Target,
}

/// Who answers a group's requests.
#[derive(Debug)]
pub enum Target {
    /// The group itself.
    Service(Arc<Service>),
    /// One of its sub-groups.
    Aggregate(Aggregate),
}

impl Snapshot {
    /// The group of this name.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name)
    }

    /// All groups, in no order.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.values().map(AsRef::as_ref)
    }

    /// All standard groups.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The standard group with this id.
    #[must_use]
    pub fn service(&self, id: GroupId) -> Option<&Arc<Service>> {
        self.services.get(&id)
    }
}
