//! A TCP load balancer as simple as they come: it asks each node whether it is ready, and gives a new connection to the next one that is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::http::Request;
use crate::server::OwnRuntime;

/// How often each node is asked, and how long it may take to answer.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// A balancer on loopback. Ends when dropped.
#[derive(Debug)]
pub struct Balancer {
    addr: SocketAddr,
    nodes: Arc<[Node]>,
    _runtime: OwnRuntime,
}

#[derive(Debug)]
struct Node {
    addr: SocketAddr,
    ready: AtomicBool,
}

impl Balancer {
    /// In front of these nodes, none of which gets anything until it has said that it is ready.
    pub fn over(nodes: impl IntoIterator<Item = SocketAddr>) -> Self {
        let runtime = OwnRuntime::new(1);
        let node = |addr| Node { addr, ready: false.into() };
        let nodes: Arc<[Node]> = nodes.into_iter().map(node).collect();
        let (listener, addr) = runtime.listen(0);
        for number in 0..nodes.len() {
            runtime.handle().spawn(ask(Arc::clone(&nodes), number));
        }
        let (all, next) = (Arc::clone(&nodes), Arc::<AtomicUsize>::default());
        runtime
            .accept(listener, move |client, _| carry(client, Arc::clone(&all), next.fetch_add(1, Ordering::Relaxed)));
        Self { addr, nodes, _runtime: runtime }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether new connections go to this node, too.
    pub fn gives_to(&self, node: SocketAddr) -> bool {
        self.nodes.iter().any(|known| known.addr == node && known.ready.load(Ordering::Relaxed))
    }
}

/// Asks one node for as long as the runtime lives.
async fn ask(nodes: Arc<[Node]>, number: usize) {
    let node = &nodes[number];
    let question = Request::get(&format!("http://{}/health/ready", node.addr));
    loop {
        let answer = timeout(ASKED_EVERY * 20, question.try_fetch()).await;
        let is_ready = matches!(answer, Ok(Ok(reply)) if reply.status == 200);
        node.ready.store(is_ready, Ordering::Relaxed);
        sleep(ASKED_EVERY).await;
    }
}

/// Carries a connection to the first ready node from `turn` on that takes it.
async fn carry(mut client: TcpStream, nodes: Arc<[Node]>, turn: usize) {
    let in_turn = (0..nodes.len()).map(|step| &nodes[(turn + step) % nodes.len()]);
    for node in in_turn.filter(|node| node.ready.load(Ordering::Relaxed)) {
        if let Ok(mut server) = TcpStream::connect(node.addr).await {
            // Either side may break off; the other one sees its connection end.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
