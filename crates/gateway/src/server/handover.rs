//! Requests for the control plane. A proxy in front mixes `/api` and `/proxy` on one connection, so it is the request that is handed
//! over to the other runtime, with a channel for its answer, never the connection.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::body::ServerBody;

/// Requests that may wait for the control plane to look at them.
const WAITING: usize = 1024;

struct Handed {
    request: Request<Incoming>,
    answer: oneshot::Sender<Response<axum::body::Body>>,
}

/// The data plane's end.
#[derive(Clone)]
pub struct Handover(mpsc::Sender<Handed>);

/// The control plane's end.
pub struct Receiver(mpsc::Receiver<Handed>);

/// Both ends.
#[must_use]
pub fn channel() -> (Handover, Receiver) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Handover(sender), Receiver(receiver))
}

impl Handover {
    /// Has the control plane answer a request; 503 if it can't.
    pub async fn answer(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Response<ServerBody> {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, answered) = oneshot::channel();
        let sent = self.0.send(Handed { request, answer }).await;
        match (sent, answered.await) {
            (Ok(()), Ok(response)) => response.map(ServerBody::Control),
            _ => unavailable(),
        }
    }
}

impl Receiver {
    /// Answers with `router` until `stop`. An answer that has begun is finished even if its client has left: an operator's change is
    /// made whole or not at all.
    pub async fn serve(mut self, router: Router, tasks: TaskTracker, stop: CancellationToken) {
        while let Some(Some(Handed { request, answer })) = stop.run_until_cancelled(self.0.recv()).await {
            let router = router.clone();
            tasks.spawn(async move {
                let response = match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                // Nobody waits any more if the client has left.
                let _ = answer.send(response);
            });
        }
    }
}

fn unavailable() -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::from("the server is stopping"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
