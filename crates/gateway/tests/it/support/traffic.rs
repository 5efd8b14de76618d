//! Clients that call without a pause while something is done to the program, and none of which may notice it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::http::{Connection, Request};
use testkit::wait::eventually;
use tokio::task::JoinSet;

/// Clients that keep their connection for as long as the server does.
const KEEPING: usize = 4;
/// Clients that make a connection for each request.
const FRESH: usize = 2;

/// The clients.
pub(crate) struct Traffic {
    clients: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
}

impl Traffic {
    /// Begins to send `request` to `addr`.
    pub(crate) fn start(addr: SocketAddr, request: &Request) -> Self {
        let (mut clients, shared) = (JoinSet::new(), Arc::<Shared>::default());
        for number in 0..KEEPING + FRESH {
            clients.spawn(call(addr.to_string(), request.clone(), number < KEEPING, Arc::clone(&shared)));
        }
        Self { clients, shared }
    }

    /// Waits until so many more requests have been answered.
    pub(crate) async fn goes_on(&mut self, more: u64) {
        let wanted = self.shared.answered.load(Ordering::Relaxed) + more;
        eventually("clients to be answered", async || {
            if let Some(ended) = self.clients.try_join_next() {
                ended.expect("no client fails");
            }
            self.shared.answered.load(Ordering::Relaxed) >= wanted
        })
        .await;
    }

    /// Lets every client end with the request it is at. Returns how many requests were answered, all of them well.
    pub(crate) async fn stop(mut self) -> u64 {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("no client fails");
        }
        self.shared.answered.load(Ordering::Relaxed)
    }
}

async fn call(authority: String, request: Request, keeps: bool, shared: Arc<Shared>) {
    let mut kept = None;
    while !shared.stop.load(Ordering::Relaxed) {
        kept = ask(&authority, &request, kept).await.filter(|_| keeps);
        shared.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends a request, on a connection that was kept or a new one; it must be answered with 200. Returns the connection if the server keeps it.
pub(crate) async fn ask(authority: &str, request: &Request, kept: Option<Connection>) -> Option<Connection> {
    let connection = match kept {
        Some(connection) => connection,
        None => Connection::open(authority).await.expect("connections are accepted"),
    };
    let response = connection.request(request).await.expect("requests are answered");
    let (reply, connection) = response.finish().await.expect("answers are whole");
    assert_eq!(reply.status, 200, "{}", reply.text());
    Some(connection).filter(|_| reply.headers.get("connection") != Some("close"))
}
