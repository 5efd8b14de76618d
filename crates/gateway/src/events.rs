//! What people who look at the console should see without asking: keys that change their states, guards, tasks, settings, outages.
//!
//! Nobody has to report anything: once a second a [`Picture`] is taken and compared with the one before.

use std::sync::Arc;

use domain::ids::GroupId;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::jobs::spool_logs::SpoolSink;
use crate::snapshot::build::Publisher;
use crate::tasks::{Status, Tasks};
use key_states::KeyStates;
use outages::{Away, Outages};
use picture::Picture;

pub mod key_states;
pub mod outages;
pub mod picture;

/// Events that a listener may be behind.
const WAITING: usize = 1024;

/// Something has changed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The system's settings are others.
    Settings {},
    /// Groups, their links or what they inherit are others.
    Groups {},
    /// Keys of a group have changed their states; or so they stand at the beginning.
    Keys(KeyStates),
    /// Guards of a group have begun or ended, or say something else.
    Guards(Guards),
    /// Something that nodes share has gone away or is back. Requests are served without it.
    Degraded(Degraded),
    /// A task has begun, got on or ended.
    Task(Status),
    /// Requests have been logged; who reads log or statistics now sees them.
    Requests {},
    /// Events were lost, for they were not taken in time: everything may be another.
    Missed {},
}

/// Which guards are at work in a group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Guards {
    group_id: GroupId,
    /// What each of them does and why; empty if there is none.
    at_work: Vec<String>,
}

/// What is away of what nodes share.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Degraded {
    /// Empty if nothing is.
    away: Vec<Away>,
}

/// Takes pictures, and tells all listeners what is new in them.
pub struct Events {
    publisher: Arc<Publisher>,
    tasks: Arc<Tasks>,
    sink: SpoolSink,
    outages: Arc<Outages>,
    listeners: broadcast::Sender<Event>,
}

impl Events {
    /// Events of these.
    #[must_use]
    pub fn new(publisher: Arc<Publisher>, tasks: Arc<Tasks>, sink: SpoolSink, outages: Arc<Outages>) -> Self {
        Self { publisher, tasks, sink, outages, listeners: broadcast::Sender::new(WAITING) }
    }

    /// How everything stands, as events, and whatever comes then.
    pub fn listen(&self) -> (Vec<Event>, Listener) {
        // In this order: what happens between the two is told twice rather than not at all.
        let listener = Listener(self.listeners.subscribe());
        (self.picture(&Picture::default()).news_since(&Picture::default()), listener)
    }

    /// Tells what has changed since `last`, and makes it what is now.
    pub fn tell(&self, last: &mut Picture) {
        let now = self.picture(last);
        for event in now.news_since(last) {
            // It may be that nobody listens.
            let _ = self.listeners.send(event);
        }
        *last = now;
    }

    fn picture(&self, before: &Picture) -> Picture {
        let logged = self.sink.freshness().arrived();
        Picture::take(self.publisher.current(), self.tasks.status(), logged, self.outages.known(), before)
    }
}

/// Somebody who wants to know.
pub struct Listener(broadcast::Receiver<Event>);

impl Listener {
    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Missed {}),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_too_far_behind_is_told_so_and_goes_on() {
        let listeners = broadcast::Sender::new(2);
        let mut listener = Listener(listeners.subscribe());
        for _ in 0..5 {
            listeners.send(Event::Groups {}).unwrap();
        }
        drop(listeners);
        let mut told = Vec::new();
        while let Some(event) = listener.next().await {
            told.push(event);
        }
        assert_eq!(told, [Event::Missed {}, Event::Groups {}, Event::Groups {}]);
    }
}
