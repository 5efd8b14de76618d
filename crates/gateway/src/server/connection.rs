//! One client connection, HTTP/1 or HTTP/2 with prior knowledge, until it ends.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use domain::rewrite::url;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::body::{Counted, ServerBody};
use super::cors::Origin;
use super::guarded_io::{Activity, GuardedIo};
use super::head_check::{self, MAX_HEAD_BYTES};
use super::in_flight::InFlight;
use super::sockets::ClientSocket;
use super::upgrade::Asked;
use super::worker::WorkerContext;

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;
/// Bytes of an answer that wait for an HTTP/2 client to take them.
const MAX_WAITING_BYTES: usize = 64 * 1024;
/// Requests of an HTTP/2 connection that may have been taken back before we looked at them, and faulty ones that we have reset: one more
/// ends the connection (CVE-2023-44487, RUSTSEC-2024-0003).
const MAX_TAKEN_BACK: usize = 20;
const MAX_RESET: usize = 256;
/// No more requests on this connection.
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Serves a connection until either side closes it, or, when draining, until its requests are answered.
pub async fn serve(context: Arc<WorkerContext>, stream: TcpStream, peer: SocketAddr, socket: ClientSocket) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "connection had already ended");
        return;
    }
    let activity = Activity::default();
    let mut io = GuardedIo::new(stream, context.limits, activity.clone()).counted(socket);
    // hyper-util could tell the versions apart, too, but hyper's buffer would then be twice as large for as long as the connection lives.
    let Some(Ok(is_http2)) = context.drain.run_until_cancelled(io.announces_http2()).await else { return };
    let client = Arc::new(Client { context: Arc::clone(&context), peer, activity });
    let service = service_fn(|request| answer(Arc::clone(&client), request));
    let io = TokioIo::new(io);
    let result = if is_http2 {
        let connection = Box::pin(http2().serve_connection(io, service));
        // Over HTTP/2 no request is lost when the server says that it wants no more of them.
        let end = context.leaving.token();
        until_ended(connection, |connection| connection.as_mut().graceful_shutdown(), end).await
    } else {
        let connection = pin!(http1().serve_connection(io, service).with_upgrades());
        until_ended(connection, |connection| connection.as_mut().graceful_shutdown(), &context.drain).await
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

async fn until_ended<C: Future<Output = hyper::Result<()>> + Unpin>(
    mut connection: C,
    end_gracefully: impl Fn(&mut C),
    drain: &CancellationToken,
) -> hyper::Result<()> {
    let mut drained = pin!(drain.cancelled());
    let mut watching = false;
    let mut draining = false;
    poll_fn(|cx| {
        // Polled once to be woken; after that a look at the flag is cheaper than another poll at each turn.
        if !watching || (!draining && drain.is_cancelled()) {
            watching = true;
            if drained.as_mut().poll(cx).is_ready() {
                draining = true;
                end_gracefully(&mut connection);
            }
        }
        Pin::new(&mut connection).poll(cx)
    })
    .await
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The time limits are GuardedIo's: hyper's own timer would cost an allocation a request.
    builder.timer(TokioTimer::new()).header_read_timeout(None);
    // hyper's own limit of 100 headers stays: any other makes it allocate for them at each request.
    builder.max_buf_size(MAX_HEAD_BYTES);
    // Whether a client has left is seen by GuardedIo: hyper would keep a second buffer to look for it.
    builder.half_close(true);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS);
    builder.max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX));
    builder.max_pending_accept_reset_streams(MAX_TAKEN_BACK).max_local_error_reset_streams(MAX_RESET);
    builder.max_send_buf_size(MAX_WAITING_BYTES);
    builder
}

/// What the requests of a connection have in common.
struct Client {
    context: Arc<WorkerContext>,
    peer: SocketAddr,
    activity: Activity,
}

/// Answers a request. Not itself `async`: such a function would keep room for its arguments twice for as long as the connection lives.
fn answer(
    client: Arc<Client>,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Counted>, Infallible>> {
    let asked = Asked::of(&mut request);
    let in_flight = InFlight::begin(&client.activity.requests, &client.context.requests);
    // Over HTTP/1 a client that takes nothing stops the connection's writes, which is seen there.
    let is_http2 = request.version() == Version::HTTP_2;
    let untaken = is_http2.then(|| client.activity.untaken.clone());
    // On the heap, where it is made, and gone when the answer begins: a stream that is open for hours does not keep what only its way there
    // needed, and what hyper moves about is small.
    let answering = Box::into_pin(Box::write(Box::new_uninit(), route(Arc::clone(&client), request)));
    async move {
        let mut response = answering.await;
        // A provider's answer has the version of its own connection (RFC 9112 2.3).
        *response.version_mut() = Version::HTTP_11;
        if !is_http2 && client.context.leaving.has_begun() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, CLOSE);
        }
        Ok(match asked {
            None => response.map(|body| Counted::new(body, Some(in_flight), untaken)),
            Some(asked) => asked.answer(response, in_flight, &client.context.tasks),
        })
    }
}

async fn route(client: Arc<Client>, request: Request<Incoming>) -> Response<ServerBody> {
    let Client { context, peer, .. } = &*client;
    if let Some(status) = head_check::refusal(&request) {
        return refused(status);
    }
    let origin = context.cors.as_ref().and_then(|cors| Origin::of(cors, request.headers()));
    if let Some(preflight) = origin.as_ref().and_then(|origin| origin.preflight(&request)) {
        return preflight;
    }
    let mut response = match request.uri().path() {
        path if path.starts_with("/proxy/") && !asks_about_itself(&request) => {
            context.proxy.answer(request, *peer).await
        }
        _ => Box::pin(context.handover.answer(request, *peer)).await,
    };
    if let Some(origin) = origin {
        origin.allow(response.headers_mut());
    }
    response
}

/// `GET /proxy/GROUP/api/integration/info` is ours, not the provider's.
fn asks_about_itself(request: &Request<Incoming>) -> bool {
    const ABOUT: &str = "/api/integration/info";
    let path = request.uri().path();
    request.method() == Method::GET && path.ends_with(ABOUT) && url::group_and_rest(path).1 == ABOUT
}

/// As hyper refuses what it can't read: no body, and nothing more on this connection.
fn refused(status: StatusCode) -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CONNECTION, CLOSE);
    response
}
