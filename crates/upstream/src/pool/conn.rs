//! One HTTP/1.1 connection: its request side, and the task that drives its socket.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Handle,
    sync::OwnedSemaphorePermit,
    task::AbortHandle,
    time::Instant,
};
use tokio_util::task::TaskTracker;

use crate::body::RequestBody;

/// No request begins on a connection older than this, so that changes of DNS are seen.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(600);
/// A longer response head is broken, and one with more than hyper's own limit of 100 headers: any other limit would make it allocate for
/// them at each answer.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most that is read of a body at once.
const MAX_READ_BYTES: usize = 128 * 1024;
/// What a peer may send before the end of a head, interim heads (1xx) included. Well above a head and what is read of the body before
/// the head has been looked at.
const MAX_BYTES_TO_HEAD: usize = 1024 * 1024;

/// Dropped, it closes its socket at once, whatever goes on there and even if the peer reads nothing.
#[derive(Debug)]
pub(crate) struct Conn {
    sender: http1::SendRequest<RequestBody>,
    driver: Option<AbortHandle>,
    heard: Arc<Heard>,
    expires: Instant,
}

/// What has been heard of the peer since the last request was sent.
#[derive(Debug, Default)]
struct Heard {
    bytes: AtomicUsize,
    head: AtomicBool,
}

impl Conn {
    /// Starts HTTP over `io`, which counts as `socket` as long as it is open; its driver becomes one of `tasks`.
    pub(crate) async fn open<T>(
        io: T,
        socket: Option<OwnedSemaphorePermit>,
        tasks: &TaskTracker,
        runtime: &Handle,
    ) -> hyper::Result<Self>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let heard = Arc::<Heard>::default();
        let io = TokioIo::new(Watched { io, heard: Arc::clone(&heard), _socket: socket });
        let (sender, connection) =
            http1::Builder::new().max_buf_size(MAX_READ_BYTES).max_header_size(MAX_HEAD_BYTES).handshake(io).await?;
        let driver = tasks.spawn_on(
            async move {
                if let Err(error) = connection.with_upgrades().await {
                    tracing::trace!(%error, "an upstream connection ended");
                }
            },
            runtime,
        );
        Ok(Self { sender, driver: Some(driver.abort_handle()), heard, expires: Instant::now() + MAX_AGE })
    }

    /// Whether the next request can begin now: the last one was sent and answered completely, the peer is there.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    pub(crate) fn expires(&self) -> Instant {
        self.expires
    }

    /// Sends a request; on failure [`Conn::answered`] tells whether the peer had said anything.
    pub(crate) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + Send + use<> {
        self.heard.head.store(false, Ordering::Relaxed);
        self.heard.bytes.store(0, Ordering::Relaxed);
        self.sender.try_send_request(request)
    }

    /// Whether any byte has arrived since the last request was sent.
    pub(crate) fn answered(&self) -> bool {
        self.heard.bytes.load(Ordering::Relaxed) > 0
    }

    /// The head of the answer has arrived: from here on the peer may send as much as it likes.
    pub(crate) fn head_is_there(&self) {
        self.heard.head.store(true, Ordering::Relaxed);
    }

    /// Lets go of a connection that has become a tunnel (101): it belongs to the upgrade now.
    pub(crate) fn detach(mut self) {
        self.driver = None;
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if let Some(driver) = &self.driver {
            driver.abort();
        }
    }
}

/// A transport that counts what arrives before the head of an answer, and takes no more than [`MAX_BYTES_TO_HEAD`].
struct Watched<T> {
    io: T,
    heard: Arc<Heard>,
    _socket: Option<OwnedSemaphorePermit>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        if !self.heard.head.load(Ordering::Relaxed) {
            let bytes = self.heard.bytes.load(Ordering::Relaxed) + buf.filled().len() - before;
            self.heard.bytes.store(bytes, Ordering::Relaxed);
            if bytes > MAX_BYTES_TO_HEAD {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "interim responses without end")));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
