//! How everything stands at one moment, as far as the console shows it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::GroupId;

use super::key_states::KeyStates;
use super::outages::Away;
use super::{Degraded, Event, Guards};
use crate::clock;
use crate::snapshot::{Service, Snapshot};
use crate::tasks::Status;

/// How everything stands; at first nothing is known.
#[derive(Default)]
pub struct Picture {
    snapshot: Option<Arc<Snapshot>>,
    groups: HashMap<GroupId, Group>,
    task: Status,
    /// How many log records have come since the start.
    logged: u64,
    away: Vec<Away>,
}

#[derive(Clone)]
struct Group {
    /// Of the states of its keys.
    version: u64,
    keys: KeyStates,
    guards: Guards,
}

impl Picture {
    /// Takes a picture; keys are counted only where they have changed since `before`.
    pub fn take(snapshot: Arc<Snapshot>, task: Status, logged: u64, away: Vec<Away>, before: &Self) -> Self {
        let group = |service: &Arc<Service>| (service.id, Group::of(service, before.groups.get(&service.id)));
        let groups = snapshot.services().map(group).collect();
        Self { snapshot: Some(snapshot), groups, task, logged, away }
    }

    /// What is other than it was `before`.
    pub fn news_since(&self, before: &Self) -> Vec<Event> {
        let mut news = Vec::new();
        if let (Some(now), Some(then)) = (&self.snapshot, &before.snapshot)
            && !Arc::ptr_eq(now, then)
        {
            news.extend((now.settings != then.settings).then_some(Event::Settings {}));
            news.push(Event::Groups {});
        }
        for (id, group) in &self.groups {
            let then = before.groups.get(id);
            let has_news = then.is_none_or(|then| then.version != group.version);
            news.extend(has_news.then(|| Event::Keys(group.keys.clone())));
            let were_at_work = then.map_or(&[][..], |then| &then.guards.at_work);
            news.extend((were_at_work != group.guards.at_work).then(|| Event::Guards(group.guards.clone())));
        }
        news.extend((self.away != before.away).then(|| Event::Degraded(Degraded { away: self.away.clone() })));
        news.extend((self.task != before.task).then(|| Event::Task(self.task.clone())));
        news.extend((before.snapshot.is_some() && self.logged != before.logged).then_some(Event::Requests {}));
        news
    }
}

impl Group {
    fn of(service: &Service, before: Option<&Self>) -> Self {
        let now_ms = clock::mono_ms();
        let version = service.pool.version(now_ms);
        let keys = before.filter(|before| before.version == version).map(|before| before.keys.clone());
        Self {
            version,
            keys: keys.unwrap_or_else(|| KeyStates { group_id: service.id, keys: service.pool.states(now_ms).into() }),
            guards: Guards { group_id: service.id, at_work: service.guards_at_work(now_ms) },
        }
    }
}
