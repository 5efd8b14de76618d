//! Requests that ask to leave HTTP (RFC 9110 7.8), and what becomes of their connections.
//!
//! hyper lets go of a connection on which a request has had an `Upgrade` instead of closing it: after a 101, and when it ends. It then
//! gives away what the client had sent ahead, too.
//!
//! After a 101 the connection is the tunnel's. After any other answer to a request that could have become one it ends: nobody can say
//! whether what was sent ahead is of the other protocol, so none of it may be taken for a request.

use std::time::Duration;

use bytes::Bytes;
use domain::rewrite::headers;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::body::{Counted, ServerBody};
use super::guarded_io::GuardedIo;
use super::in_flight::InFlight;

/// How long a client may go on sending when its tunnel has ended before its own direction has.
const FAREWELL: Duration = Duration::from_secs(2);

/// The protocols that a request asks for instead of HTTP, as `Upgrade` names them. The server puts this into the extensions of requests
/// for which it would give its connection away.
#[derive(Clone, Debug)]
pub struct Protocols(pub HeaderValue);

/// The connection of a request that has an `Upgrade`.
pub struct Asked {
    connection: OnUpgrade,
    /// Whether the request has [`Protocols`].
    may_switch: bool,
}

impl Asked {
    /// Looks for an `Upgrade`. One that is not for us, or that comes with a body, changes nothing: the request is answered as any other.
    pub fn of(request: &mut Request<Incoming>) -> Option<Self> {
        // hyper puts it into HTTP/1.1 requests with an `Upgrade` and into CONNECT; others have no extensions at all.
        let connection = request.extensions_mut().remove::<OnUpgrade>()?;
        let could = request.uri().path().starts_with("/proxy/") && request.body().is_end_stream();
        let protocols = headers::upgrade(request.headers()).filter(|_| could);
        let may_switch = protocols.is_some();
        if let Some(protocols) = protocols {
            request.extensions_mut().insert(Protocols(protocols));
        }
        Some(Self { connection, may_switch })
    }

    /// Has the connection go where the answer says, as one of `tasks`.
    pub fn answer(self, response: Response<ServerBody>, in_flight: InFlight, tasks: &TaskTracker) -> Response<Counted> {
        let (mut head, body) = response.into_parts();
        match body {
            ServerBody::Tunnel(tunnel) => {
                tasks.spawn(async move {
                    let _in_flight = in_flight;
                    // If the client has left, dropping the tunnel says so in the log.
                    let Some((mut client, ahead)) = self.connection().await else { return };
                    client.half_closes(true);
                    if client.becomes_tunnel() {
                        tunnel.carry(&mut client, &ahead).await;
                    }
                    let _ = timeout(FAREWELL, close(client)).await;
                });
                Response::from_parts(head, Counted::new(ServerBody::empty(), None, None))
            }
            body => {
                if self.may_switch {
                    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                tasks.spawn(async move {
                    if let Some((client, _)) = self.connection().await {
                        close(client).await;
                    }
                });
                Response::from_parts(head, Counted::new(body, Some(in_flight), None))
            }
        }
    }

    /// The connection and what was read from it ahead, once hyper lets go of it.
    async fn connection(self) -> Option<(GuardedIo, Bytes)> {
        let parts = self.connection.await.ok()?.downcast::<TokioIo<GuardedIo>>().ok()?;
        Some((parts.io.into_inner(), parts.read_buf))
    }
}

/// Lets the client have what has been written, though it may still be sending.
async fn close(mut client: GuardedIo) {
    client.half_closes(false);
    // However it ends, it ends.
    let _ = client.shutdown().await;
}
