//! Clients that never pause for long, whatever happens, and each of whose requests must be answered with 200.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use testkit::app::GroupHandle;
use testkit::http::Request;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::fleet::Fleet;
use crate::support::traffic::ask;

/// Between two requests of a client.
const PACE: Duration = Duration::from_millis(20);
/// Answers that show that all goes on.
const SOME: u64 = 30;
/// Clients that come through the balancer where all do.
const BEHIND: usize = 4;

/// The clients.
pub(super) struct Clients {
    all: JoinSet<()>,
    stop: CancellationToken,
    answers: Answers,
}

/// When each of them came.
type Answers = Arc<Mutex<Vec<Instant>>>;

impl Clients {
    /// One that asks each node, and one that asks the balancer.
    pub(super) fn of(fleet: &Fleet, group: &GroupHandle) -> Self {
        let nodes = fleet.nodes.iter().map(|node| node.app.addr());
        Self::start(nodes.chain([fleet.balancer.addr()]), group)
    }

    /// All ask the balancer.
    pub(super) fn behind(fleet: &Fleet, group: &GroupHandle) -> Self {
        Self::start(std::iter::repeat_n(fleet.balancer.addr(), BEHIND), group)
    }

    fn start(addrs: impl IntoIterator<Item = SocketAddr>, group: &GroupHandle) -> Self {
        let (mut all, stop, answers) = (JoinSet::new(), CancellationToken::new(), Answers::default());
        for addr in addrs {
            let call = call(addr.to_string(), group.chat("gpt-4o"), stop.clone(), Arc::clone(&answers));
            all.spawn(call);
        }
        Self { all, stop, answers }
    }

    /// Waits as long as an outage is to last.
    pub(super) async fn stand_it(&mut self) {
        let seconds = std::env::var("CLUSTER_OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            self.go_on().await;
        }
    }

    /// Waits for some more answers.
    pub(super) async fn go_on(&mut self) {
        let enough = self.answered() + SOME;
        while self.answered() < enough {
            if let Some(ended) = self.all.try_join_next() {
                ended.expect("no request fails");
            }
            sleep(PACE).await;
        }
    }

    /// How many requests have been answered.
    pub(super) fn answered(&self) -> u64 {
        count(&self.answers, |_| true)
    }

    /// How many of them between these instants.
    pub(super) fn answered_between(&self, from: Instant, to: Instant) -> u64 {
        count(&self.answers, |at| (from..=to).contains(&at))
    }

    /// Ends them. Returns how many requests were answered.
    pub(super) async fn stop(mut self) -> u64 {
        self.stop.cancel();
        while let Some(ended) = self.all.join_next().await {
            ended.expect("no request fails");
        }
        self.answered()
    }
}

fn count(answers: &Answers, which: impl Fn(Instant) -> bool) -> u64 {
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    answers.iter().filter(|at| which(**at)).count() as u64
}

/// Keeps its connection for as long as the server does.
async fn call(authority: String, request: Request, stop: CancellationToken, answers: Answers) {
    let mut kept = None;
    while !stop.is_cancelled() {
        kept = ask(&authority, &request, kept).await;
        answers.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        sleep(PACE).await;
    }
}
