//! Nodes, each with a network of its own to what they share, and the balancer in front of them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, Builder, GroupHandle, StartFailure};
use testkit::database::Database;
use testkit::fault_proxy::Target;
use testkit::provider::MockProvider;
use testkit::servers::{self, Engine, Redis};
use testkit::wait::{Observed, eventually_in};
use testkit::{FaultProxy, HaProxy};
use tokio::time::Instant;

use crate::nodes::terms::{Term, assert_one_at_a_time, leads, terms, terms_of_killed};
use crate::packaging;
use crate::support::BINARY;

/// As in `docker-compose.cluster.yml`: longer than the balancer needs to take note.
const DRAIN_DELAY: &str = "5";
/// A lease may have to end first, a balancer to ask twice, a connection to be given up, a spool to be emptied.
const PATIENCE: Duration = Duration::from_secs(100);

/// Three nodes and what they share.
pub(super) struct Fleet {
    pub(super) nodes: Vec<Node>,
    pub(super) redis: Option<Redis>,
    pub(super) provider: MockProvider,
    pub(super) balancer: HaProxy,
    /// Of processes that have ended.
    terms: Vec<Term>,
    database: Arc<servers::Database>,
    place: Builder,
}

/// A node to be, and its network.
struct Network {
    builder: Builder,
    to_database: FaultProxy,
    to_redis: Option<FaultProxy>,
}

impl Network {
    async fn start(self) -> Node {
        Node { app: self.builder.start().await, to_database: self.to_database, to_redis: self.to_redis }
    }
}

/// A node, and its network.
pub(super) struct Node {
    pub(super) app: App,
    pub(super) to_database: FaultProxy,
    pub(super) to_redis: Option<FaultProxy>,
}

impl Fleet {
    /// `None` on SQLite.
    pub(super) async fn with_redis() -> Option<Self> {
        Self::start(true).await
    }

    /// The same without Redis.
    pub(super) async fn without_redis() -> Option<Self> {
        Self::start(false).await
    }

    async fn start(has_redis: bool) -> Option<Self> {
        let place = App::builder(BINARY);
        let Database::Server(database) = place.database().clone() else {
            assert_eq!(Engine::of_tests(), Engine::Sqlite);
            return None;
        };
        let redis = has_redis.then(Redis::start);
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(network(&place, &database, redis.as_ref()).start().await);
        }
        let addrs: Vec<_> = nodes.iter().map(|node: &Node| node.app.addr()).collect();
        let balancer = HaProxy::over(&packaging::text("packaging/haproxy/haproxy.cfg"), &addrs);
        let provider = MockProvider::start();
        let fleet = Self { nodes, redis, provider, balancer, terms: Vec::new(), database, place };
        for node in 0..3 {
            fleet.is_there(node).await;
        }
        fleet.nodes[0].app.set(json!({"request_log_write_interval_minutes": 0})).await;
        Some(fleet)
    }

    /// Waits until a node is all there.
    async fn is_there(&self, number: usize) {
        let node = &self.nodes[number];
        if node.to_redis.is_some() {
            node.app
                .eventually("a connection to Redis", async || node.app.output().contains("connected to Redis"))
                .await;
        }
        eventually_in(PATIENCE, "the balancer to know it", async || self.balancer.gives_to(number)).await;
    }

    /// Kills a node.
    pub(super) async fn kill(&mut self, node: usize) {
        self.nodes[node].app.kill9().await;
        self.terms.extend(terms_of_killed(&self.nodes[node].app));
    }

    /// Stops a node in good order.
    pub(super) async fn stop(&mut self, node: usize) {
        let app = &mut self.nodes[node].app;
        app.terminate();
        assert_eq!(app.wait_exit().await.code(), Some(0), "{}", app.output());
        assert!(!app.output().contains("cut off"), "{}", app.output());
        self.terms.extend(terms(app));
    }

    /// Starts it where it was.
    pub(super) async fn start_again(&mut self, node: usize) {
        self.nodes[node].app.restart().await;
        self.is_there(node).await;
    }

    /// Waits until a node leads, and returns its place.
    pub(super) async fn leader(&self) -> usize {
        let leader = async || self.nodes.iter().position(|node| leads(&node.app));
        eventually_in(PATIENCE, "a node to lead", leader).await
    }

    /// Waits until another node leads.
    pub(super) async fn successor_of(&self, leader: usize) {
        let begun = Instant::now();
        let others = || self.nodes.iter().enumerate().filter(|(node, _)| *node != leader);
        let leads = async || others().any(|(_, node)| leads(&node.app));
        eventually_in(PATIENCE, "another node to lead", leads).await;
        self.say("another node leads", begun);
    }

    /// Each leader's token was greater than the one's before, whose time had ended.
    #[track_caller]
    pub(super) fn one_led_at_a_time(&self) {
        let now = self.nodes.iter().flat_map(|node| terms(&node.app));
        assert_one_at_a_time(self.terms.iter().cloned().chain(now).collect());
    }

    /// Another node, whose network to the database is broken.
    pub(super) async fn start_without_database(&self) -> Node {
        let network = self.network();
        network.to_database.refuse().await;
        network.start().await
    }

    /// Another node, with a login that the database does not know.
    pub(super) async fn start_as_a_stranger(&self) -> StartFailure {
        let Network { builder, to_database, .. } = self.network();
        let dsn = self.database.dsn_by(to_database.addr()).replace("tester", "stranger");
        builder.env("DATABASE_DSN", &dsn).try_start().await.expect_err("a stranger is let in")
    }

    fn network(&self) -> Network {
        network(&self.place, &self.database, self.redis.as_ref())
    }

    /// A group with these keys and settings, known to all nodes.
    pub(super) async fn group(&self, keys: &[&str], config: Value) -> GroupHandle {
        let group = self.nodes[0].app.group("g").upstream(&self.provider.url()).keys(keys.iter().copied());
        let group = group.config(config).create().await;
        let active = u64::try_from(keys.len()).unwrap();
        self.all("the group", async |node| node.has(&group, [active, 0]).await).await;
        group
    }

    /// Waits until it is so on all nodes.
    pub(super) async fn all<O: Observed>(&self, expected: &str, look: impl AsyncFn(&Node) -> O) {
        let begun = Instant::now();
        for (number, node) in self.nodes.iter().enumerate() {
            node.app.eventually(&format!("{expected} on node {number}"), async || look(node).await).await;
        }
        self.say(&format!("{expected} on all nodes"), begun);
    }

    /// How long something took, for who wants to know.
    fn say(&self, what: &str, begun: Instant) {
        let redis = if self.redis.is_some() { "with" } else { "without" };
        say(&format!("{:?}, {redis} Redis: {what} after {} ms", Engine::of_tests(), begun.elapsed().as_millis()));
    }

    /// Breaks or mends the network of all nodes to Redis.
    pub(super) async fn redis_is_there(&self, is_there: bool) {
        for proxy in self.nodes.iter().filter_map(|node| node.to_redis.as_ref()) {
            if is_there { proxy.pass().await } else { proxy.refuse().await }
        }
    }

    /// Breaks or mends the network of all nodes to the database.
    pub(super) async fn database_is_there(&self, is_there: bool) {
        for node in &self.nodes {
            if is_there { node.to_database.pass().await } else { node.to_database.refuse().await }
        }
    }

    /// Waits until the log holds one final row of each request, and keys are counted as often.
    pub(super) async fn books_agree(&self, sent: RangeInclusive<u64>) {
        let statements = [
            "SELECT count(*), count(DISTINCT request_id) FROM request_logs WHERE request_type = 'final'",
            "SELECT sum(request_count) FROM api_keys",
        ];
        let agree = async || {
            let [rows, used] = self.nodes[0].app.database().run(statements);
            let logged = rows[0][0].as_u64().unwrap();
            let is_each_once = rows == [[json!(logged), json!(logged)]] && used == [[json!(logged)]];
            if is_each_once && sent.contains(&logged) { Ok(()) } else { Err((sent.clone(), rows, used)) }
        };
        eventually_in(PATIENCE, "a row for each request", agree).await;
    }
}

#[expect(clippy::print_stdout, reason = "figures for who asks for them by --nocapture")]
pub(super) fn say(line: &str) {
    println!("{line}");
}

fn network(place: &Builder, database: &servers::Database, redis: Option<&Redis>) -> Network {
    let to_database = FaultProxy::to(Target::Unix(database.socket()));
    let to_redis = redis.map(|redis| FaultProxy::to(redis.addr()));
    let mut builder = place.sibling(BINARY).env("DATABASE_DSN", &database.dsn_by(to_database.addr()));
    builder = builder.env("SERVER_DRAIN_DELAY", DRAIN_DELAY);
    if let Some(proxy) = &to_redis {
        builder = builder.env("REDIS_DSN", &Redis::dsn_at(proxy.addr()));
    }
    Network { builder, to_database, to_redis }
}

impl Node {
    /// The network to the database, and that to Redis.
    pub(super) fn networks(&self) -> impl Iterator<Item = &FaultProxy> {
        std::iter::once(&self.to_database).chain(&self.to_redis)
    }

    /// How many keys of a group are active, and how many invalid, in its memory. Needs the database.
    pub(super) async fn keys(&self, group: &GroupHandle) -> [u64; 2] {
        let map = self.app.api().get(&format!("/api/groups/{}/key-map", group.id)).await.1;
        let cells = map["data"]["cells"].as_array().cloned().unwrap_or_default();
        let sum = |states: &[usize]| {
            let counts = cells.iter().flat_map(|cell| states.iter().map(|state| cell[state].as_u64().unwrap()));
            counts.sum()
        };
        // After the first and the last id come the usable, the cooling and the invalid.
        [sum(&[2, 3]), sum(&[4])]
    }

    /// Whether that many keys are active, and that many invalid.
    pub(super) async fn has(&self, group: &GroupHandle, keys: [u64; 2]) -> Result<(), [u64; 2]> {
        let found = self.keys(group).await;
        if found == keys { Ok(()) } else { Err(found) }
    }

    /// Enables or disables a key by hand.
    pub(super) async fn switch(&self, verb: &str, group: &GroupHandle, secret: &str) {
        let keys = json!({"group_id": group.id, "keys_text": secret});
        self.app.api().create(&format!("/api/keys/{verb}-multiple"), &keys).await;
    }

    /// The key object, as this node shows it.
    pub(super) async fn key(&self, group: &GroupHandle, secret: &str) -> Value {
        self.app.key(group, secret).await
    }
}
