//! Making a snapshot of what the database says, and publishing it: the one place that does.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use domain::group::{Group, GroupKind, SubGroup, UpstreamSpec};
use domain::ids::GroupId;
use domain::raw_object::RawObject;
use domain::rewrite::headers::HeaderRules;
use domain::rewrite::models::Redirects;
use domain::settings::Settings;
use storage::{Db, StorageError};
use tokio::sync::Semaphore;
use upstream::{Endpoint, Limits, Origin, Profile, Proxies};
use url::Url;

use super::health::HealthRegistry;
use super::latest::Latest;
use super::service::probes_at_once;
use super::upstreams::{Upstream, Upstreams};
use super::{Aggregate, Current, ProxyKeys, Route, Service, Snapshot, Target};
use crate::channels;
use crate::clock::seconds;
use crate::keyring::Keyring;

/// Publishes snapshots.
pub struct Publisher {
    latest: Latest<Snapshot>,
    db: Db,
    keyring: Arc<Keyring>,
    health: HealthRegistry,
    /// The outbound proxies of the environment.
    proxies: Arc<Proxies>,
    /// Upstream clients that share the configured limits.
    clients: NonZeroUsize,
}

impl Publisher {
    /// Publishes into `current` what `db` holds.
    #[must_use]
    pub fn new(current: Current, db: Db, keyring: Arc<Keyring>, proxies: Arc<Proxies>, clients: NonZeroUsize) -> Self {
        Self { latest: Latest::new(current), db, keyring, health: HealthRegistry::default(), proxies, clients }
    }

    /// The snapshot in force.
    #[must_use]
    pub fn current(&self) -> Arc<Snapshot> {
        self.latest.current()
    }

    /// Reads the configuration anew. When this returns it is in force.
    pub async fn refresh(&self) -> Result<(), StorageError> {
        self.latest.renew(async || self.read().await).await?;
        self.health.sweep();
        Ok(())
    }

    async fn read(&self) -> Result<Snapshot, StorageError> {
        let (groups, links) = (self.db.groups().await?, self.db.sub_groups().await?);
        let stored = self.db.stored_settings().await?;
        let (mut settings, faults) = Settings::from_stored(&stored);
        for fault in faults {
            tracing::warn!(%fault, "stored setting can't be used");
            if fault.key == "proxy_url" {
                // Its default would mean direct connections: groups that inherit it go out of service instead.
                settings.proxy_url = stored.get("proxy_url").cloned().unwrap_or_default();
            }
        }
        Ok(self.snapshot(settings, &groups, &links))
    }

    fn snapshot(&self, settings: Settings, groups: &[Group], links: &[SubGroup]) -> Snapshot {
        let standard = groups.iter().filter(|group| group.spec.kind == GroupKind::Standard);
        let services: HashMap<_, _> =
            standard.map(|group| (group.id, Arc::new(self.service(&settings, group)))).collect();
        let routes = groups.iter().filter_map(|group| route(group, &services, links));
        Snapshot {
            proxy_keys: ProxyKeys::parse(&settings.proxy_keys),
            settings,
            routes: routes.map(|route| (route.name.as_ref().into(), Arc::new(route))).collect(),
            services,
        }
    }

    fn service(&self, system: &Settings, group: &Group) -> Service {
        let (spec, name) = (&group.spec, &group.spec.name);
        let (settings, faults) = system.with_overrides(&spec.config);
        for fault in &faults {
            tracing::warn!(group = %name, %fault, "stored override ignored");
        }
        let (header_rules, rule_faults) = HeaderRules::compile_lenient(&spec.header_rules);
        for fault in rule_faults {
            tracing::warn!(group = %name, %fault, "stored header rule ignored");
        }
        // Without the proxy it is configured for, a group must not connect at all: it would show the machine's own address.
        let proxies = if faults_of_proxy(&faults) { None } else { self.proxies_for(&settings.proxy_url, name) };
        let upstreams = proxies.as_ref().map_or_else(Vec::new, |proxies| self.upstreams(group, &settings, proxies));
        let channel = channels::of(spec.channel);
        let endpoint = Some(spec.validation_endpoint.clone()).filter(|path| !path.is_empty());
        Service {
            id: group.id,
            name: name.as_str().into(),
            enabled: group.enabled && proxies.is_some(),
            channel,
            failover: settings.failover(),
            blacklist: settings.blacklist(),
            upstreams: Upstreams::new(upstreams),
            pool: self.keyring.pool(group.id),
            budget: self.health.budget(group.id),
            incidents: self.health.incidents(group.id),
            overrides: spec.param_overrides.clone(),
            override_model: override_model(&spec.param_overrides),
            redirects: Redirects::new(spec.model_redirect_rules.clone(), spec.model_redirect_strict),
            header_rules,
            test_model: spec.test_model.clone(),
            validation_endpoint: endpoint.filter(|_| channel.takes_validation_endpoint()),
            probes: Semaphore::new(probes_at_once(&settings)),
            settings,
        }
    }

    fn proxies_for(&self, proxy_url: &str, group: &str) -> Option<Arc<Proxies>> {
        if proxy_url.is_empty() {
            return Some(Arc::clone(&self.proxies));
        }
        match Proxies::parse(proxy_url) {
            Ok(proxies) => Some(Arc::new(proxies)),
            Err(error) => {
                tracing::error!(%group, %error, "group is out of service: its proxy_url can't be read");
                None
            }
        }
    }

    fn upstreams(&self, group: &Group, settings: &Settings, proxies: &Arc<Proxies>) -> Vec<Upstream> {
        let limits = Limits {
            connect_timeout: seconds(settings.connect_timeout),
            idle_timeout: seconds(settings.idle_conn_timeout),
            max_idle: usize::try_from(settings.max_idle_conns).unwrap_or(0),
            max_idle_per_host: usize::try_from(settings.max_idle_conns_per_host).unwrap_or(0),
        };
        let profile = Profile::new(limits, Arc::clone(proxies), self.clients);
        let usable = |spec: &UpstreamSpec| {
            let upstream = self.upstream(group.id, spec, &profile);
            if upstream.is_none() {
                tracing::error!(group = %group.spec.name, "stored upstream ignored: its URL can't be read");
            }
            upstream
        };
        group.spec.upstreams.iter().filter_map(usable).collect()
    }

    fn upstream(&self, group: GroupId, spec: &UpstreamSpec, profile: &Arc<Profile>) -> Option<Upstream> {
        let url = Url::parse(spec.url.trim()).ok()?;
        let origin = Origin::from_url(&url).ok()?;
        let shown = format!("{origin}{}", url.path().trim_end_matches('/'));
        Some(Upstream {
            endpoint: Endpoint::new(origin, Arc::clone(profile)).ok()?,
            base_path: url.path().into(),
            health: self.health.of(group, &shown),
            url: shown.into(),
            weight: spec.weight,
        })
    }
}

fn faults_of_proxy(faults: &[domain::settings::SettingError]) -> bool {
    faults.iter().any(|fault| fault.key == "proxy_url")
}

/// The model that overrides set.
fn override_model(overrides: &RawObject) -> Option<String> {
    let (_, value) = overrides.iter().find(|(name, _)| *name == "model")?;
    serde_json::from_str(value).ok()
}

fn route(group: &Group, services: &HashMap<GroupId, Arc<Service>>, links: &[SubGroup]) -> Option<Route> {
    let target = match group.spec.kind {
        GroupKind::Standard => Target::Service(Arc::clone(services.get(&group.id)?)),
        GroupKind::Aggregate => {
            let members = links.iter().filter(|link| link.group_id == group.id);
            let member = |link: &SubGroup| Some((link.weight, Arc::clone(services.get(&link.sub_group_id)?)));
            Target::Aggregate(Aggregate::new(members.filter_map(member).collect()))
        }
    };
    Some(Route {
        id: group.id,
        name: group.spec.name.as_str().into(),
        proxy_keys: ProxyKeys::parse(&group.spec.proxy_keys),
        enabled: match &target {
            Target::Service(service) => service.enabled,
            Target::Aggregate(_) => group.enabled,
        },
        target,
    })
}
