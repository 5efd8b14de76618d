//! Sends one request over a kept or a new connection and waits for the head of its answer.

use std::{future::poll_fn, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, Version, header};
use rustls::ClientConfig;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

use crate::{
    LONGEST_WAIT,
    body::{
        RequestBody,
        replay::{Replay, SourceFailure},
    },
    connect,
    endpoint::Endpoint,
    error::{SendError, SendErrorKind},
    http1::{
        ExchangeError, Upgraded,
        decoder::Decoder,
        exchange::{Answering, Exchange},
        head::Head,
    },
    incoming, outgoing,
    pool::{Pool, conn::Conn},
    response::{Lease, ResponseBody},
};

/// The upstream connections of one runtime. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pool: Arc<Pool>,
    tls: TlsConnector,
}

/// How long a request may go without its answer's head.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Once connected, without progress: it starts anew when more of a streamed request body is sent.
    pub head: Duration,
    /// Whatever goes on, connecting included; `None` for no such limit.
    pub until: Option<Instant>,
}

impl From<Duration> for Patience {
    fn from(head: Duration) -> Self {
        Self { head, until: None }
    }
}

impl Patience {
    /// `limit` from `since` on, or the end of all patience if that is earlier.
    fn within(self, since: Instant, limit: Duration) -> Instant {
        let end = since + limit.min(LONGEST_WAIT);
        self.until.map_or(end, |until| until.min(end))
    }

    fn is_over(self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// A request that got no head, and what is needed to decide whether a fresh connection makes up for it.
struct Failure {
    error: SendError,
    /// The connection closed without a byte of an answer, and the body can be sent from its start.
    repeatable: bool,
}

impl Client {
    /// A client without connections. What closes idle ones in time runs on `runtime` as one of `tasks`.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>, tasks: TaskTracker, runtime: Handle) -> Self {
        Self { pool: Pool::new(tasks, runtime), tls: TlsConnector::from(tls) }
    }

    /// The same client, without connections yet, each of which takes a permit as long as it lives. If there is none, idle connections are
    /// given up, those of other clients too, and a permit is waited for as long as connecting may take.
    #[must_use]
    pub fn within(self, sockets: Arc<Semaphore>) -> Self {
        Self { pool: self.pool.within(sockets), ..self }
    }

    /// Sends a request to `endpoint` and gives its response as soon as the head is there; 1xx heads but 101 are
    /// skipped. Dropping the future closes the connection at once.
    ///
    /// `request` makes the request: target in path-and-query form, hop-by-hop headers removed. `Host`, the body's
    /// framing, version and, for an HTTP proxy, target form and `Proxy-Authorization` are set here. It is called a
    /// second time only if a reused connection closed before any byte of an answer and the body can be sent from its
    /// start: then a fresh connection is tried, once.
    ///
    /// Connecting has the profile's own limit beside `patience`.
    pub async fn send<F>(
        &self,
        endpoint: &Arc<Endpoint>,
        patience: impl Into<Patience>,
        mut request: F,
    ) -> Result<Response<ResponseBody>, SendError>
    where
        F: FnMut() -> Request<RequestBody>,
    {
        let patience = patience.into();
        if let Some(conn) = self.pool.take(endpoint) {
            match self.exchange(endpoint, conn, request(), patience).await {
                Ok(response) => return Ok(response),
                Err(Failure { repeatable: true, .. }) => {}
                Err(failure) => return Err(failure.error),
            }
        }
        let conn = Box::pin(self.connect(endpoint, patience)).await?;
        self.exchange(endpoint, conn, request(), patience).await.map_err(|failure| failure.error)
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

    async fn connect(&self, endpoint: &Endpoint, patience: Patience) -> Result<Conn, SendError> {
        let limit = endpoint.profile().connect_timeout;
        let end = || patience.within(Instant::now(), limit);
        let socket = timeout_at(end(), self.pool.socket()).await;
        let socket = socket.map_err(|_| SendError::new(SendErrorKind::Exhausted, "all are in use"))?;
        let stream = timeout_at(end(), connect::connect(endpoint, &self.tls)).await.map_err(|_| {
            let target = endpoint.origin().host_and_port();
            SendError::new(SendErrorKind::ConnectTimeout, format_args!("{target} after {limit:?}"))
        })??;
        Ok(Conn::new(stream, socket))
    }

    async fn exchange(
        &self,
        endpoint: &Arc<Endpoint>,
        conn: Conn,
        mut request: Request<RequestBody>,
        patience: Patience,
    ) -> Result<Response<ResponseBody>, Failure> {
        outgoing::prepare(&mut request, endpoint);
        let asks_for_tunnel = request.headers().contains_key(header::UPGRADE);
        let is_head = *request.method() == Method::HEAD;
        let replay = request.body().replay();
        let mut exchange = Exchange::new(conn, request);
        let head = poll_fn(|cx| exchange.poll_head(cx));
        match await_head(head, patience, replay.as_ref()).await {
            Some(Ok(head)) if is_of_the_proxy(endpoint, &head.response) => Err(Failure::refused_by_proxy(endpoint)),
            Some(Ok(head)) => match incoming::fault(&head.response, asks_for_tunnel && exchange.is_sent()) {
                None => Ok(self.deliver(endpoint, exchange.into_answering(), head, is_head)),
                Some(fault) => Err(Failure::broken_head(fault)),
            },
            Some(Err(error)) => Err(Failure::of(&error, exchange.is_answered(), replay.as_ref())),
            None => Err(Failure::timed_out(endpoint, patience.head, replay.as_ref())),
        }
    }

    fn deliver(
        &self,
        endpoint: &Arc<Endpoint>,
        answering: Answering,
        Head { response, rest }: Head,
        is_head: bool,
    ) -> Response<ResponseBody> {
        let Answering { conn, upload, takes } = answering;
        let decoder = Decoder::of(&response, is_head);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = Upgraded::new(rest.freeze(), conn);
            return response.map(|()| ResponseBody::upgraded(decoder, upgraded));
        }
        // A peer that has refused a request has no use for the rest of it (RFC 9112 9.5).
        let is_refused = upload.is_some() && response.status().as_u16() >= 400;
        let upload = upload.filter(|_| !is_refused);
        // To a peer that speaks HTTP/1.0, a body of unknown length could not be sent.
        let reusable = takes && !is_refused && response.version() == Version::HTTP_11 && !incoming::closes(&response);
        let (endpoint, pool) = (Arc::clone(endpoint), Arc::clone(&self.pool));
        let lease = Lease { conn, reusable, endpoint, pool };
        response.map(|()| ResponseBody::new(decoder, rest, lease, upload))
    }
}

/// Whether an HTTP proxy that forwards answers for itself: it does not take our login (RFC 9110 15.5.8).
fn is_of_the_proxy(endpoint: &Endpoint, response: &Response<()>) -> bool {
    endpoint.absolute().is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
}

/// Waits for the head; `None` if neither it nor any progress of the request body came for too long, or all patience is over.
async fn await_head<T>(head: impl Future<Output = T>, patience: Patience, replay: Option<&Replay>) -> Option<T> {
    tokio::pin!(head);
    let mut last_progress = Instant::now();
    loop {
        if let Ok(outcome) = timeout_at(patience.within(last_progress, patience.head), &mut head).await {
            return Some(outcome);
        }
        let latest = replay.filter(|_| !patience.is_over()).map(Replay::last_progress);
        last_progress = latest.filter(|latest| *latest > last_progress)?;
    }
}

impl Failure {
    fn of(error: &ExchangeError, answered: bool, replay: Option<&Replay>) -> Self {
        let kind = match replay.and_then(Replay::source_failure) {
            Some(failure) => SendErrorKind::ClientBody(failure),
            None if answered => SendErrorKind::BrokenHead,
            None => SendErrorKind::Reset,
        };
        let repeatable = kind == SendErrorKind::Reset && replay.is_none_or(Replay::can_replay);
        Self { error: SendError::caused(kind, error), repeatable }
    }

    fn refused_by_proxy(endpoint: &Endpoint) -> Self {
        let proxy = endpoint.proxy().map(ToString::to_string).unwrap_or_default();
        let error = SendError::new(SendErrorKind::Proxy, format_args!("{proxy}: it wants other credentials (407)"));
        Self { error, repeatable: false }
    }

    fn broken_head(fault: &str) -> Self {
        Self { error: SendError::new(SendErrorKind::BrokenHead, fault), repeatable: false }
    }

    fn timed_out(endpoint: &Endpoint, limit: Duration, replay: Option<&Replay>) -> Self {
        let is_late = |replay: &Replay| replay.waits_for_client().then_some(SourceFailure::TimedOut);
        let failure = replay.and_then(|replay| replay.source_failure().or_else(|| is_late(replay)));
        let target = endpoint.origin().host_and_port();
        let of_upstream =
            || SendError::new(SendErrorKind::HeadTimeout, format_args!("{target} sent none for {limit:?}"));
        let of_client = |failure| SendError::new(SendErrorKind::ClientBody(failure), failure);
        let error = failure.map_or_else(of_upstream, of_client);
        Self { error, repeatable: false }
    }
}

#[cfg(test)]
mod tests;
