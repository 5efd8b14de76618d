//! Who answers for the control plane when a new process takes over: changes wait until that is settled, for one that is made here after the
//! new process has read the database would be unknown there.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::forward::forward;

/// The process that answers for the control plane: this one, until another one has taken over.
#[derive(Debug, Default)]
pub struct Succession {
    successor: OnceLock<SocketAddr>,
    changes: Arc<RwLock<()>>,
}

/// No change is made as long as this lives.
pub type NoChanges = OwnedRwLockWriteGuard<()>;

impl Succession {
    /// Waits until the changes that are under way have been made, and holds back others.
    pub async fn hold_changes(&self) -> NoChanges {
        Arc::clone(&self.changes).write_owned().await
    }

    /// From now on the process that is reached at `successor` answers.
    pub fn goes_to(&self, successor: SocketAddr) {
        // It is the only one there will be.
        let _ = self.successor.set(successor);
    }

    /// Answers a request here, with `router`, or has the successor answer it.
    pub async fn answer(&self, request: Request<Body>, router: Router, tasks: &TaskTracker) -> Response<Body> {
        let _change = if request.method().is_safe() { None } else { Some(self.changes.read().await) };
        if let Some(successor) = self.successor.get() {
            return forward(*successor, request, tasks).await;
        }
        let Ok(response) = router.oneshot(request).await;
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::any;
    use futures_util::FutureExt;
    use tokio::task::unconstrained;

    use super::*;

    fn asking(method: &str) -> Request<Body> {
        Request::builder().method(method).uri("/").body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn changes_wait_while_a_successor_begins_and_looks_do_not() {
        let (succession, tasks) = (Succession::default(), TaskTracker::new());
        let router = Router::new().route("/", any(async || "here"));
        let answered = async |method| succession.answer(asking(method), router.clone(), &tasks).await.status();
        let no_changes = succession.hold_changes().await;
        assert_eq!(unconstrained(answered("GET")).now_or_never(), Some(http::StatusCode::OK));
        let mut change = Box::pin(unconstrained(answered("PUT")));
        assert!((&mut change).now_or_never().is_none(), "it waits");
        drop(no_changes);
        assert_eq!(change.await, http::StatusCode::OK);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        succession.goes_to(nobody);
        assert_eq!(answered("PUT").await, http::StatusCode::BAD_GATEWAY);
    }
}
