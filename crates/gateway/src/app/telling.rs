//! What the console is told without asking.

use std::sync::Arc;

use super::App;
use crate::events::Events;
use crate::events::outages::Outages;
use crate::events::picture::Picture;
use crate::jobs::tell_events::TellEvents;
use crate::jobs::watch_database::WatchDatabase;
use crate::tasks::Tasks;

impl App {
    /// Starts looking for changes, and for what is away.
    pub(super) fn start_telling(&self, tasks: &Arc<Tasks>) -> (Arc<Events>, Arc<Outages>) {
        let outages = Arc::new(Outages::new(self.foundation.db.clone(), Arc::clone(&self.nodes)));
        self.start_job(WatchDatabase { outages: Arc::clone(&outages) });
        let publisher = Arc::clone(&self.foundation.publisher);
        let events = Arc::new(Events::new(publisher, Arc::clone(tasks), self.sink.clone(), Arc::clone(&outages)));
        self.start_job(TellEvents { events: Arc::clone(&events), last: Picture::default() });
        (events, outages)
    }
}
