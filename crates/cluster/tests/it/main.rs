//! Messages over real servers of Redis, and what becomes of them when these are away.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod servers;

use std::sync::{Arc, Mutex};

use cluster::{Link, Listener, RedisDsn, Sender};
use testkit::servers::Redis;
use testkit::{FaultProxy, eventually};
use tokio_util::task::AbortOnDropHandle;

/// What a node has heard of.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

/// A node on a channel.
struct Node {
    log: Arc<Log>,
    sender: Sender,
    _link: AbortOnDropHandle<()>,
}

struct Ear(Arc<Log>);

impl Listener for Ear {
    fn connected(&self) {
        self.0.note("connected");
    }

    fn lost(&self, why: &str) {
        assert!(!why.contains("p@ss"), "{why}");
        self.0.note(&format!("lost: {why}"));
    }

    fn heard(&self, message: &[u8]) {
        self.0.note(std::str::from_utf8(message).unwrap());
    }
}

impl Log {
    fn note(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }
}

impl Node {
    fn start(dsn: &str, channel: &str) -> Self {
        let log = Arc::<Log>::default();
        let dsn: RedisDsn = dsn.parse().unwrap();
        let (link, sender) = Link::new(dsn, channel.to_owned(), Ear(Arc::clone(&log)));
        #[expect(clippy::disallowed_methods, reason = "it ends with the node")]
        let task = tokio::spawn(link.run());
        Self { log, sender, _link: AbortOnDropHandle::new(task) }
    }

    async fn connected(dsn: &str, channel: &str) -> Self {
        let node = Self::start(dsn, channel);
        node.is_connected(1).await;
        node
    }

    /// Waits until it has connected so many times.
    async fn is_connected(&self, times: usize) {
        eventually("a connection", async || {
            (self.log.count("connected") >= times).then_some(()).ok_or(self.log.lines())
        })
        .await;
    }

    fn send(&self, message: &str) {
        self.sender.send(message.as_bytes().to_vec());
    }

    async fn hears(&self, message: &str) {
        eventually(message, async || {
            self.log.lines().iter().any(|line| line == message).then_some(()).ok_or(self.log.lines())
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_reaches_all_others_on_its_channel_and_nobody_else() {
    let redis = Redis::start();
    let dsn = Redis::dsn_at(redis.addr());
    let (one, two, three) =
        (Node::connected(&dsn, "a").await, Node::connected(&dsn, "a").await, Node::connected(&dsn, "a").await);
    let other = Node::connected(&dsn, "b").await;
    one.send("from one");
    two.hears("from one").await;
    two.send("from two");
    for node in [&one, &three] {
        node.hears("from two").await;
    }
    assert_eq!((one.log.lines().len(), three.log.lines().len()), (2, 3), "nobody hears himself");
    assert_eq!(other.log.lines(), ["connected"]);
}

#[tokio::test]
async fn while_redis_is_away_it_is_said_once_and_what_is_sent_then_is_not_sent_later() {
    let redis = Redis::start();
    let proxy = FaultProxy::to(redis.addr());
    let (near, far) = (
        Node::connected(&Redis::dsn_at(redis.addr()), "a").await,
        Node::connected(&Redis::dsn_at(proxy.addr()), "a").await,
    );
    proxy.refuse().await;
    eventually("a word of it", async || far.log.count("lost") == 1).await;
    far.send("meanwhile");
    let tried = proxy.connections();
    proxy.pass().await;
    far.is_connected(2).await;
    far.send("afterwards");
    near.hears("afterwards").await;
    assert_eq!((near.log.count("meanwhile"), far.log.count("lost")), (0, 1), "{tried} connections before");
}

#[tokio::test]
async fn a_connection_that_carries_nothing_is_given_up() {
    let redis = Redis::start();
    let proxy = FaultProxy::to(redis.addr());
    let node = Node::connected(&Redis::dsn_at(proxy.addr()), "a").await;
    proxy.stall().await;
    eventually("a word of it", async || node.log.count("lost") == 1).await;
    proxy.pass().await;
    node.is_connected(2).await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_without_the_password() {
    let redis = Redis::start();
    let node = Node::start(&format!("redis://:p@ss-wrong@{}", redis.addr()), "a");
    eventually("a word of it", async || node.log.count("lost") == 1).await;
    let line = node.log.lines().remove(0);
    assert!(line.contains("WRONGPASS") || line.to_lowercase().contains("auth"), "{line}");
}
