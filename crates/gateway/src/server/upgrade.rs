//! Requests that ask to leave HTTP (RFC 9110 7.8), and what becomes of their connections.
//!
//! hyper lets go of such a connection when its answer has been written, with whatever the client had sent ahead. After a 101 it becomes
//! the tunnel's. After any other answer it is closed: nobody can say whether what was sent ahead is of the other protocol, so none of it
//! may be taken for a request.

use std::time::Duration;

use bytes::Bytes;
use domain::rewrite::headers;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
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

/// The connection of a request that has [`Protocols`].
pub struct Asked(OnUpgrade);

impl Asked {
    /// `None` if the request asks for nothing else than its answer. So does one with a body: it is sent as it is, without its `Upgrade`.
    pub fn of(request: &mut Request<Incoming>) -> Option<Self> {
        // hyper puts it into HTTP/1.1 requests with an `Upgrade` and into CONNECT; others have no extensions at all.
        let connection = request.extensions_mut().remove::<OnUpgrade>()?;
        let is_proxied = request.uri().path().starts_with("/proxy/");
        let protocols = headers::upgrade(request.headers()).filter(|_| is_proxied && request.body().is_end_stream())?;
        request.extensions_mut().insert(Protocols(protocols));
        Some(Self(connection))
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
                    tunnel.carry(&mut client, &ahead).await;
                    let _ = timeout(FAREWELL, close(client)).await;
                });
                Response::from_parts(head, Counted { body: ServerBody::empty(), _in_flight: None })
            }
            body => {
                tasks.spawn(async move {
                    if let Some((client, _)) = self.connection().await {
                        close(client).await;
                    }
                });
                head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
                Response::from_parts(head, Counted { body, _in_flight: Some(in_flight) })
            }
        }
    }

    /// The connection and what was read from it ahead, once the answer has been written.
    async fn connection(self) -> Option<(GuardedIo, Bytes)> {
        let parts = downcast::<TokioIo<GuardedIo>>(self.0.await.ok()?).ok()?;
        Some((parts.io.into_inner(), parts.read_buf))
    }
}

/// Lets the client have what has been written, though it may still be sending.
async fn close(mut client: GuardedIo) {
    client.half_closes(false);
    // However it ends, it ends.
    let _ = client.shutdown().await;
}
