//! The one listener. `SO_REUSEPORT` with a listener a thread would hash long streams onto one core, drop the queue of a listener that
//! closes, and let two servers share a port unnoticed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::sockets::Sockets;
use super::worker::{Accepted, Worker};
use crate::clock::Seldom;

/// Connections the kernel queues before they are accepted.
const BACKLOG: i32 = 4096;

/// How long to wait when the process is out of file descriptors: they come back only when connections end.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Binds the listening socket.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `::` serves IPv4 too, whatever the system's default is.
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Accepts until `stop`, as many connections at once as `sockets` allow, handing each to the worker with the fewest requests under way.
pub async fn accept(listener: TcpListener, workers: Vec<Worker>, sockets: Sockets, stop: CancellationToken) {
    static SAID: Seldom = Seldom::new();
    let next = async || Some((sockets.client().await?, listener.accept().await));
    while let Some(Some((socket, accepted))) = stop.run_until_cancelled(next()).await {
        let handed = accepted.and_then(|(stream, peer)| Ok(Accepted { stream: stream.into_std()?, peer, socket }));
        match handed {
            Ok(accepted) => {
                if let Some(worker) = workers.iter().min_by_key(|worker| worker.load()) {
                    worker.hand(accepted).await;
                }
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                if SAID.is_time() {
                    tracing::error!(%error, "no connection can be accepted");
                }
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
            }
        }
    }
}

/// Whether an accept failed because the client had already gone.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
