//! Sends one request over a kept or a new connection and waits for the head of its answer.

use std::{sync::Arc, time::Duration};

use http::{Request, Response, StatusCode, Version, header};
use hyper::{body::Incoming, client::conn::TrySendError};
use rustls::ClientConfig;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

use crate::{
    LONGEST_WAIT,
    body::{RequestBody, replay::Replay},
    connect,
    endpoint::Endpoint,
    error::{SendError, SendErrorKind},
    incoming, outgoing,
    pool::{Pool, conn::Conn},
    response::{Lease, ResponseBody},
};

/// The upstream connections of one runtime. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pool: Arc<Pool>,
    tls: TlsConnector,
    /// One permit for each socket the process may still open; `None` for no limit.
    sockets: Option<Arc<Semaphore>>,
}

/// A request that got no head, and what is needed to decide whether a fresh connection makes up for it.
struct Failure {
    error: SendError,
    /// The request, if nothing of it was sent.
    unsent: Option<Box<Request<RequestBody>>>,
    /// The connection closed without a byte of an answer, and the body can be sent from its start.
    repeatable: bool,
}

impl Client {
    /// A client without connections. Their tasks run on `runtime` as part of `tasks`.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>, tasks: TaskTracker, runtime: Handle) -> Self {
        Self { pool: Pool::new(tasks, runtime), tls: TlsConnector::from(tls), sockets: None }
    }

    /// The same client, each of whose connections takes a permit as long as it lives. If there is none, the client's idle
    /// connections are given up, and a permit is waited for as long as connecting may take.
    #[must_use]
    pub fn within(mut self, sockets: Arc<Semaphore>) -> Self {
        self.sockets = Some(sockets);
        self
    }

    /// Sends a request to `endpoint` and gives its response as soon as the head is there; 1xx heads but 101 are
    /// skipped. Dropping the future closes the connection at once.
    ///
    /// `request` makes the request: target in path-and-query form, hop-by-hop headers removed. `Host`, the body's
    /// framing, version and, for an HTTP proxy, target form and `Proxy-Authorization` are set here. It is called a
    /// second time only if a reused connection closed before any byte of an answer and the body can be sent from its
    /// start: then a fresh connection is tried, once.
    ///
    /// `head_timeout` is the time without progress: it starts anew when more of a streamed request body is sent.
    /// Connecting has the profile's own limit.
    pub async fn send<F>(
        &self,
        endpoint: &Arc<Endpoint>,
        head_timeout: Duration,
        mut request: F,
    ) -> Result<Response<ResponseBody>, SendError>
    where
        F: FnMut() -> Request<RequestBody>,
    {
        let mut next = None;
        if let Some(conn) = self.pool.take(endpoint) {
            match self.exchange(endpoint, conn, request(), head_timeout).await {
                Ok(response) => return Ok(response),
                Err(Failure { unsent: Some(unsent), .. }) => next = Some(*unsent),
                Err(Failure { repeatable: true, .. }) => {}
                Err(failure) => return Err(failure.error),
            }
        }
        let conn = Box::pin(self.connect(endpoint)).await?;
        let next = next.unwrap_or_else(request);
        self.exchange(endpoint, conn, next, head_timeout).await.map_err(|failure| failure.error)
    }

    /// Closes all idle connections now and the others when their responses end.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Connections waiting for a request.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.pool.len()
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Conn, SendError> {
        let limit = endpoint.profile().connect_timeout;
        let socket = timeout(limit, self.socket()).await;
        let socket = socket.map_err(|_| SendError::new(SendErrorKind::Exhausted, "all are in use"))?;
        let stream = timeout(limit, connect::connect(endpoint, &self.tls)).await.map_err(|_| {
            let target = endpoint.origin().host_and_port();
            SendError::new(SendErrorKind::ConnectTimeout, format_args!("{target} after {limit:?}"))
        })??;
        Conn::open(stream, socket, self.pool.tasks(), self.pool.runtime())
            .await
            .map_err(|error| SendError::caused(SendErrorKind::Connect, &error))
    }

    async fn socket(&self) -> Option<OwnedSemaphorePermit> {
        let sockets = self.sockets.as_ref()?;
        if let Ok(socket) = Arc::clone(sockets).try_acquire_owned() {
            return Some(socket);
        }
        self.pool.shed();
        Arc::clone(sockets).acquire_owned().await.ok()
    }

    async fn exchange(
        &self,
        endpoint: &Arc<Endpoint>,
        mut conn: Conn,
        mut request: Request<RequestBody>,
        head_timeout: Duration,
    ) -> Result<Response<ResponseBody>, Failure> {
        outgoing::prepare(&mut request, endpoint);
        let asks_for_tunnel = request.headers().contains_key(header::UPGRADE);
        let replay = request.body().replay();
        let head = conn.send(request);
        match await_head(head, head_timeout, replay.as_ref()).await {
            Some(Ok(response)) if is_of_the_proxy(endpoint, &response) => Err(Failure::refused_by_proxy(endpoint)),
            Some(Ok(response)) => match incoming::fault(&response, asks_for_tunnel) {
                None => Ok(self.deliver(endpoint, conn, response)),
                Some(fault) => Err(Failure::broken_head(fault)),
            },
            Some(Err(error)) => Err(Failure::of(error, conn.answered(), replay.as_ref())),
            None => Err(Failure::timed_out(endpoint, head_timeout, replay.as_ref())),
        }
    }

    fn deliver(&self, endpoint: &Arc<Endpoint>, conn: Conn, response: Response<Incoming>) -> Response<ResponseBody> {
        conn.head_is_there();
        let lease = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            conn.detach();
            None
        } else {
            // To a peer that speaks HTTP/1.0, a body of unknown length could not be sent.
            let reusable = response.version() == Version::HTTP_11;
            let (endpoint, pool) = (Arc::clone(endpoint), Arc::clone(&self.pool));
            Some(Lease { conn, reusable, endpoint, pool })
        };
        response.map(|incoming| ResponseBody::new(incoming, lease))
    }
}

/// Whether an HTTP proxy that forwards answers for itself: it does not take our login (RFC 9110 15.5.8).
fn is_of_the_proxy(endpoint: &Endpoint, response: &Response<Incoming>) -> bool {
    endpoint.absolute().is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
}

/// Waits for the head; `None` if neither it nor any progress of the request body came for `limit`.
async fn await_head<T>(head: impl Future<Output = T>, limit: Duration, replay: Option<&Replay>) -> Option<T> {
    tokio::pin!(head);
    let mut last_progress = Instant::now();
    loop {
        if let Ok(outcome) = timeout_at(last_progress + limit.min(LONGEST_WAIT), &mut head).await {
            return Some(outcome);
        }
        last_progress = replay.map(Replay::last_progress).filter(|latest| *latest > last_progress)?;
    }
}

impl Failure {
    fn of(mut error: TrySendError<Request<RequestBody>>, answered: bool, replay: Option<&Replay>) -> Self {
        let unsent = error.take_message().map(Box::new);
        let error = error.into_error();
        let kind = match replay.and_then(Replay::source_failure) {
            Some(failure) => SendErrorKind::ClientBody(failure),
            None if answered => SendErrorKind::BrokenHead,
            None => SendErrorKind::Reset,
        };
        let repeatable = kind == SendErrorKind::Reset && replay.is_none_or(Replay::can_replay);
        Self { error: SendError::caused(kind, &error), unsent, repeatable }
    }

    fn refused_by_proxy(endpoint: &Endpoint) -> Self {
        let proxy = endpoint.proxy().map(ToString::to_string).unwrap_or_default();
        let error = SendError::new(SendErrorKind::Proxy, format_args!("{proxy}: it wants other credentials (407)"));
        Self { error, unsent: None, repeatable: false }
    }

    fn broken_head(fault: &str) -> Self {
        Self { error: SendError::new(SendErrorKind::BrokenHead, fault), unsent: None, repeatable: false }
    }

    fn timed_out(endpoint: &Endpoint, limit: Duration, replay: Option<&Replay>) -> Self {
        let kind = match replay.and_then(Replay::source_failure) {
            Some(failure) => SendErrorKind::ClientBody(failure),
            None => SendErrorKind::HeadTimeout,
        };
        let target = endpoint.origin().host_and_port();
        let error = SendError::new(kind, format_args!("{target} sent none for {limit:?}"));
        Self { error, unsent: None, repeatable: false }
    }
}

#[cfg(test)]
mod tests;
