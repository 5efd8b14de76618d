//! A data-plane thread: a current-thread runtime that serves the connections it is handed.
//!
//! A connection stays on its thread for life, so nothing on the way of a request is shared with another thread but the snapshot, the
//! key pool and the log queue, and a slow query in the control plane can't delay a stream.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::guarded_io::Limits;
use super::handover::Handover;
use super::in_flight::Count;
use super::leaving::Leaving;
use super::sockets::ClientSocket;
use crate::config::Cors;
use crate::proxy::DataPlane;

/// Connections that may wait for a worker to take them.
const WAITING: usize = 256;

/// A connection on its way to a worker.
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// Who is at its other end.
    pub peer: SocketAddr,
    /// Keeps it counted.
    pub socket: ClientSocket,
}

/// What every connection of a worker needs.
pub struct WorkerContext {
    /// The way of proxied requests.
    pub proxy: DataPlane,
    /// The way of all other requests.
    pub handover: Handover,
    /// Cross-origin rules, if enabled.
    pub cors: Option<Cors>,
    /// Time limits of client connections.
    pub limits: Limits,
    /// Requests under way on this worker.
    pub requests: Count,
    /// Set when the server is about to go.
    pub leaving: Leaving,
    /// Set when connections are to finish what they do and close.
    pub drain: CancellationToken,
    /// Connections, and what becomes of those that leave HTTP.
    pub tasks: TaskTracker,
}

/// The acceptor's hold on a worker.
pub struct Worker {
    connections: mpsc::Sender<Accepted>,
    open: Count,
    requests: Count,
}

impl Worker {
    /// How busy the worker is: requests first, then connections.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        (self.requests.get(), self.open.get())
    }

    /// Hands over an accepted connection; drops it if the worker has stopped.
    pub async fn hand(&self, accepted: Accepted) {
        let peer = accepted.peer;
        if self.connections.send(accepted).await.is_err() {
            tracing::warn!(%peer, "connection refused because its worker has stopped");
        }
    }
}

/// Starts a worker's thread. `context` is called on it, inside its runtime. The thread ends when `stop` is set or, after a drain, when its
/// last connection has.
pub fn start(
    index: usize,
    stop: CancellationToken,
    context: impl FnOnce(Count) -> WorkerContext + Send + 'static,
) -> io::Result<(Worker, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (open, requests) = (Count::default(), Count::default());
    let worker = Worker { connections: sender, open: open.clone(), requests: requests.clone() };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("data-plane-{index}")).spawn(move || {
        runtime.block_on(async move {
            let context = Arc::new(context(requests));
            stop.run_until_cancelled(serve_all(context, receiver, open)).await;
        });
        // A lookup of a name may still hang: nobody waits for it any more.
        runtime.shutdown_background();
    })?;
    Ok((worker, thread))
}

async fn serve_all(context: Arc<WorkerContext>, mut handed: mpsc::Receiver<Accepted>, open: Count) {
    let tasks = context.tasks.clone();
    while let Some(Accepted { stream, peer, socket }) = handed.recv().await {
        let (context, counted) = (Arc::clone(&context), open.enter());
        tasks.spawn(async move {
            let _counted = counted;
            match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => connection::serve(context, stream, peer, socket).await,
                Err(error) => tracing::warn!(%peer, %error, "connection could not be taken up"),
            }
        });
    }
    tasks.close();
    tasks.wait().await;
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use futures_util::FutureExt;
    use tokio::task::unconstrained;

    use super::*;
    use crate::server::sockets::Sockets;

    #[tokio::test]
    async fn a_worker_that_takes_nothing_holds_up_the_acceptor_until_it_ends() {
        let (connections, receiver) = mpsc::channel(WAITING);
        let worker = Worker { connections, open: Count::default(), requests: Count::default() };
        let (listener, sockets) = (TcpListener::bind("127.0.0.1:0").unwrap(), Sockets::new(2 * WAITING));
        let accepted = async || {
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (_, peer) = listener.accept().unwrap();
            Accepted { stream, peer, socket: sockets.client().await.unwrap() }
        };
        for _ in 0..WAITING {
            unconstrained(worker.hand(accepted().await)).now_or_never().expect("there is room");
        }
        let mut one_more = Box::pin(unconstrained(worker.hand(accepted().await)));
        assert!((&mut one_more).now_or_never().is_none(), "it waits");
        drop(receiver);
        one_more.await;
    }
}
