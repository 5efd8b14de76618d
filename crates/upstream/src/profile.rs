//! How connections of one configuration are made and kept.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use crate::{LONGEST_WAIT, proxy::Proxies};

/// The settings of one group, or of many groups that have the same. Connections are shared between equal profiles
/// and never between different ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle: usize,
    pub(crate) max_idle_per_host: usize,
    pub(crate) proxies: Arc<Proxies>,
}

/// The limits of a [`Profile`], as configured for the whole process.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For TCP, outbound proxy and TLS together.
    pub connect_timeout: Duration,
    /// An unused connection is closed after this; zero keeps none.
    pub idle_timeout: Duration,
    /// Unused connections of the profile, over all hosts; zero keeps none.
    pub max_idle: usize,
    /// Unused connections to one upstream; zero keeps none.
    pub max_idle_per_host: usize,
}

impl Profile {
    /// `clients` is how many [`crate::Client`]s share the limits, one a thread: each gets an equal part, rounded up.
    #[must_use]
    pub fn new(limits: Limits, proxies: Arc<Proxies>, clients: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self {
            connect_timeout: limits.connect_timeout.min(LONGEST_WAIT),
            idle_timeout: limits.idle_timeout.min(LONGEST_WAIT),
            max_idle: limits.max_idle.div_ceil(clients.get()),
            max_idle_per_host: limits.max_idle_per_host.div_ceil(clients.get()),
            proxies,
        })
    }
}
