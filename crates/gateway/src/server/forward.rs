//! Requests for the control plane that reach a server whose successor serves already: that one answers, so that nothing is changed here
//! and forgotten there.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use domain::rewrite::headers::strip_hop_by_hop;
use http::header::{HOST, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Has the server at `to` answer, over a connection of its own that lives in `tasks`.
pub async fn forward(to: SocketAddr, request: Request<Body>, tasks: &TaskTracker) -> Response<Body> {
    try_forward(to, request, tasks).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the successor does not answer");
        let mut response = Response::new(Body::from("the server that has taken over does not answer"));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn try_forward(to: SocketAddr, request: Request<Body>, tasks: &TaskTracker) -> anyhow::Result<Response<Body>> {
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tasks.spawn(connection);
    let mut response = sender.send_request(prepared(request)).await?;
    strip_hop_by_hop(response.headers_mut());
    Ok(response.map(Body::new))
}

/// As HTTP/1.1 has it, whatever it came by, and with the client's address.
fn prepared(request: Request<Body>) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    strip_hop_by_hop(&mut head.headers);
    let host = head.uri.host().and_then(|host| HeaderValue::from_str(host).ok());
    if let Some(host) = host {
        head.headers.entry(HOST).or_insert(host);
    }
    let peer = head.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip().to_string());
    if let Some(peer) = peer.and_then(|peer| HeaderValue::from_str(&peer).ok()) {
        head.headers.append(FORWARDED_FOR, peer);
    }
    let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(path);
    head.version = Version::HTTP_11;
    Request::from_parts(head, body)
}
