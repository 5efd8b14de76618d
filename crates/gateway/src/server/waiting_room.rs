//! Before the program can serve: whoever connects is told what it waits for.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections answered at once.
const AT_ONCE: usize = 128;
/// How long a connection may last.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the next connection is accepted after one that could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is closed.
pub struct WaitingRoom {
    closed: CancellationToken,
    tasks: TaskTracker,
}

impl WaitingRoom {
    /// Answers who connects to `listener`, which others may share.
    pub fn open(listener: std::net::TcpListener) -> io::Result<Self> {
        Self::of(listener, AT_ONCE, PATIENCE)
    }

    fn of(listener: std::net::TcpListener, at_once: usize, patience: Duration) -> io::Result<Self> {
        let (listener, closed, tasks) =
            (TcpListener::from_std(listener)?, CancellationToken::new(), TaskTracker::new());
        let (accepting, connections) = (accept(listener, at_once, patience, tasks.clone()), closed.clone());
        tasks.spawn(async move {
            connections.run_until_cancelled(accepting).await;
        });
        Ok(Self { closed, tasks })
    }

    /// Lets nobody in any more, and waits until all have left.
    pub async fn close(self) {
        self.closed.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, at_once: usize, patience: Duration, tasks: TaskTracker) {
    let seats = Arc::new(Semaphore::new(at_once));
    while let Ok(seat) = Arc::clone(&seats).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        tasks.spawn(async move {
            // Who takes longer, or leaves, is told nothing.
            let _ = timeout(patience, serve(stream)).await;
            drop(seat);
        });
    }
}

/// One request: the next one is the program's own to answer.
async fn serve(stream: TcpStream) -> hyper::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false);
    http.serve_connection(TokioIo::new(stream), service_fn(answer)).await
}

async fn answer(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let (status, body) = match request.uri().path() {
        "/health" => (StatusCode::OK, r#"{"status":"starting"}"#),
        "/health/live" => (StatusCode::OK, r#"{"status":"live"}"#),
        "/health/ready" => {
            let body = r#"{"status":"not_ready","reasons":["database"],"degraded":[]}"#;
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, r#"{"message":"starting: the database can't be reached yet"}"#),
    };
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use futures_util::FutureExt;
    use testkit::http::Request;
    use tokio::io::AsyncReadExt;

    use super::*;

    fn room(at_once: usize, patience: Duration) -> (WaitingRoom, SocketAddr) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        (WaitingRoom::of(listener, at_once, patience).unwrap(), addr)
    }

    #[tokio::test]
    async fn it_lives_and_is_not_ready() {
        let (room, addr) = room(AT_ONCE, PATIENCE);
        for (path, status, told) in [
            ("/health", 200, "starting"),
            ("/health/live", 200, "live"),
            ("/health/ready", 503, "database"),
            ("/proxy/g/v1/models", 503, "database"),
        ] {
            let reply = Request::get(&format!("http://{addr}{path}")).fetch().await;
            assert_eq!((reply.status, reply.text().contains(told)), (status, true), "{path}");
            assert_eq!(reply.headers.get("retry-after").is_some(), status == 503, "{path}");
        }
        room.close().await;
        assert!(TcpStream::connect(addr).await.is_err());
    }

    #[tokio::test]
    async fn who_says_nothing_keeps_a_seat_for_a_while_only() {
        let (room, addr) = room(1, Duration::from_millis(50));
        let mut silent = TcpStream::connect(addr).await.unwrap();
        let reply = Request::get(&format!("http://{addr}/health/live")).fetch().await;
        assert_eq!(reply.status, 200);
        let given_up = silent.read(&mut [0]).now_or_never();
        assert!(matches!(given_up, Some(Ok(0) | Err(_))), "there is one seat, and it was free again");
        room.close().await;
    }
}
