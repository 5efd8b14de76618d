//! Nodes, each with connections of its own to what they share, and clients that never pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{App, Builder, GroupHandle, StartFailure};
use testkit::database::Database;
use testkit::fault_proxy::Target;
use testkit::provider::MockProvider;
use testkit::servers::{self, Engine, Redis};
use testkit::wait::Observed;
use testkit::{FaultProxy, eventually};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::support::BINARY;

/// Between two requests of a client.
const PACE: Duration = Duration::from_millis(20);

/// Three nodes and what they share.
pub(super) struct Fleet {
    pub(super) nodes: Vec<Node>,
    pub(super) redis: Option<Redis>,
    pub(super) provider: MockProvider,
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
        let mut fleet = Self { nodes: Vec::new(), redis, provider: MockProvider::start(), database, place };
        for _ in 0..3 {
            let node = fleet.node().await;
            fleet.nodes.push(node);
        }
        fleet.nodes[0].app.set(json!({"request_log_write_interval_minutes": 0})).await;
        Some(fleet)
    }

    async fn node(&self) -> Node {
        let node = self.network().start().await;
        if node.to_redis.is_some() {
            eventually("a connection to Redis", async || node.app.output().contains("connected to Redis")).await;
        }
        node
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
        let to_database = FaultProxy::to(Target::Unix(self.database.socket()));
        let to_redis = self.redis.as_ref().map(|redis| FaultProxy::to(redis.addr()));
        let mut builder = self.place.sibling(BINARY).env("DATABASE_DSN", &self.database.dsn_by(to_database.addr()));
        if let Some(proxy) = &to_redis {
            builder = builder.env("REDIS_DSN", &Redis::dsn_at(proxy.addr()));
        }
        Network { builder, to_database, to_redis }
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
        for (number, node) in self.nodes.iter().enumerate() {
            node.app.eventually(&format!("{expected} on node {number}"), async || look(node).await).await;
        }
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
    pub(super) async fn books_agree(&self, sent: u64) {
        let statements = [
            "SELECT count(*), count(DISTINCT request_id) FROM request_logs WHERE request_type = 'final'",
            "SELECT sum(request_count) FROM api_keys",
        ];
        let expected = (vec![vec![json!(sent), json!(sent)]], vec![vec![json!(sent)]]);
        self.nodes[0]
            .app
            .eventually("a row for each request", async || {
                let [rows, used] = self.nodes[0].app.database().run(statements);
                if (rows.clone(), used.clone()) == expected { Ok(()) } else { Err((sent, rows, used)) }
            })
            .await;
    }
}

impl Node {
    /// How many keys of a group are active, and how many invalid, in its memory. Needs the database.
    pub(super) async fn keys(&self, group: &GroupHandle) -> [u64; 2] {
        let stats = self.app.api().get(&format!("/api/groups/{}/stats", group.id)).await.1;
        ["active_keys", "invalid_keys"].map(|field| stats["data"]["key_stats"][field].as_u64().unwrap_or_default())
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

/// Clients that ask all nodes, one request after the other, each of which must be answered with 200.
pub(super) struct Clients {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Clients {
    /// One client a node.
    pub(super) fn of(fleet: &Fleet, group: &GroupHandle) -> Self {
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let client = |node: &Node| {
            let (group, stop, sent) = (group.on(&node.app), Arc::clone(&stop), Arc::clone(&sent));
            #[expect(clippy::disallowed_methods, reason = "joined by `stop`")]
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let reply = group.chat("gpt-4o").fetch().await;
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    sent.fetch_add(1, Ordering::Relaxed);
                    sleep(PACE).await;
                }
            })
        };
        let tasks = fleet.nodes.iter().map(client).collect();
        Self { stop, sent, tasks }
    }

    /// Waits until as many further requests have been answered as there would be in an outage of the wanted length.
    pub(super) async fn go_on(&self) {
        let seconds = std::env::var("CLUSTER_OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
        let (before, until) =
            (self.sent.load(Ordering::Relaxed), tokio::time::Instant::now() + Duration::from_secs(seconds));
        while tokio::time::Instant::now() < until || self.sent.load(Ordering::Relaxed) < before + 30 {
            assert!(self.tasks.iter().all(|task| !task.is_finished()), "a request failed");
            sleep(PACE).await;
        }
    }

    /// Ends them. Returns how many requests were answered.
    pub(super) async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.sent.load(Ordering::Relaxed)
    }
}
