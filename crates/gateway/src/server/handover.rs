//! Requests for the control plane. A proxy in front mixes `/api` and `/proxy` on one connection, so it is the request that is handed
//! over to the other runtime, with a channel for its answer, never the connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::ServerBody;
use super::succession::Succession;
use patience::Patience;

mod patience;

/// Requests that may wait for the control plane to look at them.
const WAITING: usize = 1024;

struct Handed {
    request: Request<axum::body::Body>,
    answer: oneshot::Sender<Response<axum::body::Body>>,
}

/// The data plane's end.
#[derive(Clone)]
pub struct Handover {
    sender: mpsc::Sender<Handed>,
    read_timeout: Duration,
}

/// The control plane's end.
pub struct Receiver(mpsc::Receiver<Handed>);

/// Both ends. `read_timeout` is the longest wait between two reads of a request's body.
#[must_use]
pub fn channel(read_timeout: Duration) -> (Handover, Receiver) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Handover { sender, read_timeout }, Receiver(receiver))
}

impl Handover {
    /// Requests that wait for the control plane to look at them.
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Has the control plane answer a request; 503 if it can't.
    pub async fn answer(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Response<ServerBody> {
        request.extensions_mut().insert(ConnectInfo(peer));
        self.hand(request.map(|body| axum::body::Body::new(Patience::new(body, self.read_timeout)))).await
    }

    async fn hand(&self, request: Request<axum::body::Body>) -> Response<ServerBody> {
        let (answer, answered) = oneshot::channel();
        // What could not be sent holds the channel of its answer open: it must not be kept while that is waited for.
        if self.sender.send(Handed { request, answer }).await.is_err() {
            return unavailable();
        }
        answered.await.map_or_else(|_| unavailable(), |response| response.map(ServerBody::Control))
    }
}

impl Receiver {
    /// Answers with `router`, if it is for this process to answer, until `stop`. An answer that has begun is finished even if its client has left: an operator's change is
    /// made whole or not at all.
    pub async fn serve(
        mut self,
        router: Router,
        succession: Arc<Succession>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) {
        while let Some(Some(Handed { request, answer })) = stop.run_until_cancelled(self.0.recv()).await {
            let (router, succession, own) = (router.clone(), Arc::clone(&succession), tasks.clone());
            tasks.spawn(async move {
                let response = succession.answer(request, router, &own).await;
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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use futures_util::FutureExt;
    use tokio::task::{JoinSet, unconstrained};

    use super::*;

    fn request() -> Request<axum::body::Body> {
        Request::get("/").body(axum::body::Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn requests_that_find_the_queue_full_wait_and_all_are_answered() {
        let (handover, receiver) = channel(Duration::from_secs(1));
        let mut waiting = Vec::new();
        for _ in 0..WAITING + 10 {
            let handover = handover.clone();
            let mut one = Box::pin(async move { handover.hand(request()).await.status() });
            assert!(unconstrained(&mut one).now_or_never().is_none());
            waiting.push(one);
        }
        assert_eq!(handover.waiting(), WAITING);
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(async || "here"));
        let mut serving = JoinSet::new();
        serving.spawn(receiver.serve(router, Arc::default(), TaskTracker::new(), stop.clone()));
        for one in waiting {
            assert_eq!(one.await, StatusCode::OK);
        }
        stop.cancel();
        serving.join_next().await;
        assert_eq!(handover.hand(request()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_panic_is_one_requests_only() {
        let (handover, receiver) = channel(Duration::from_secs(1));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let broken = get(async || -> &'static str { panic!("as if it were broken") });
        let router = Router::new().route("/", get(async || "here")).route("/broken", broken);
        let mut serving = JoinSet::new();
        serving.spawn(receiver.serve(router, Arc::default(), tasks, stop.clone()));
        let broken = Request::get("/broken").body(axum::body::Body::empty()).unwrap();
        assert_eq!(handover.hand(broken).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(handover.hand(request()).await.status(), StatusCode::OK);
        stop.cancel();
        serving.join_next().await;
    }
}
