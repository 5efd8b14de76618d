//! A client connection with time limits: for a request's head to arrive, for an idle connection, for a client that does not read, and
//! for one that goes on sending what is not wanted. What comes in passes [`Framing`].
//!
//! One timer a connection, looked at only when nothing moves: it is armed for the earliest moment a limit could be reached and, when it
//! fires early, set anew. A busy connection never touches it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::framing::Framing;
use super::in_flight::Count;
use super::sockets::ClientSocket;

/// How long a client that has been answered may go on sending, and how long it may pause meanwhile.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_PAUSE: Duration = Duration::from_secs(2);

/// With what an HTTP/2 connection begins (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes read at once to find out what a connection begins with: room for most requests.
const AHEAD_BYTES: usize = 8 * 1024;

/// The limits of a client connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// Without any request.
    pub idle: Duration,
    /// Without the client taking a byte of what waits for it.
    pub write: Duration,
}

/// What goes on on a connection, as its requests tell it.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Requests under way.
    pub requests: Count,
    /// Bodies that the client's own flow control holds back (RFC 9113 5.2).
    pub untaken: Count,
}

/// A [`TcpStream`] under [`Limits`].
pub struct GuardedIo {
    stream: TcpStream,
    /// What has been read already and is to be read once more.
    ahead: BytesMut,
    framing: Framing,
    limits: Limits,
    activity: Activity,
    timer: Pin<Box<Sleep>>,
    idle_since: Instant,
    was_busy: bool,
    head_since: Option<Instant>,
    write_blocked_since: Option<Instant>,
    untaken_since: Option<Instant>,
    lingers_until: Option<Instant>,
    half_closes: bool,
    /// More has come than has been read.
    has_more: bool,
    _socket: Option<ClientSocket>,
}

impl GuardedIo {
    /// `activity` is told what goes on on this connection.
    pub fn new(stream: TcpStream, limits: Limits, activity: Activity) -> Self {
        let now = Instant::now();
        Self {
            stream,
            ahead: BytesMut::new(),
            framing: Framing::default(),
            limits,
            activity,
            timer: Box::pin(tokio::time::sleep_until(now + limits.idle)),
            idle_since: now,
            was_busy: false,
            head_since: None,
            write_blocked_since: None,
            untaken_since: None,
            lingers_until: None,
            half_closes: false,
            has_more: false,
            _socket: None,
        }
    }

    /// The same, counted as `socket` until it is closed.
    pub fn counted(self, socket: ClientSocket) -> Self {
        Self { _socket: Some(socket), ..self }
    }

    /// Whether the client speaks HTTP/2 from its first byte on. What is read to find out is read once more.
    pub async fn announces_http2(&mut self) -> io::Result<bool> {
        let mut ahead = BytesMut::with_capacity(AHEAD_BYTES);
        loop {
            let has_ended = self.read_buf(&mut ahead).await? == 0;
            let is_announced = ahead.starts_with(PREFACE);
            if has_ended || is_announced || !PREFACE.starts_with(&ahead) {
                self.ahead = ahead;
                return Ok(is_announced);
            }
        }
    }

    /// Takes what comes from now on as it is, for the connection is a tunnel (RFC 9110 7.8). Not if what came ahead has been refused: it
    /// was changed.
    pub fn becomes_tunnel(&mut self) -> bool {
        self.framing.becomes_tunnel()
    }

    /// Whether to end our direction is to leave the client's as it is. Else what still comes is thrown away.
    pub fn half_closes(&mut self, half_closes: bool) {
        self.half_closes = half_closes;
    }

    /// Why the connection is over while its request is answered: the client has left. Nobody reads then, so this looks for the end without
    /// taking what comes.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let is_answered = self.activity.requests.get() > 0 && self.framing.is_between_requests();
        if !is_answered || self.has_more || !self.ahead.is_empty() {
            return Poll::Pending;
        }
        match self.stream.poll_peek(cx, &mut ReadBuf::new(&mut [0])) {
            Poll::Ready(Ok(0)) => Poll::Ready(io::ErrorKind::ConnectionAborted.into()),
            Poll::Ready(Ok(_)) => {
                self.has_more = true;
                Poll::Pending
            }
            Poll::Ready(Err(error)) => Poll::Ready(error),
            Poll::Pending => match self.check(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(error),
                _ => Poll::Pending,
            },
        }
    }

    fn deadline(&mut self) -> Option<Instant> {
        if let Some(since) = self.write_blocked_since {
            return Some(since + self.limits.write);
        }
        if self.activity.requests.get() > 0 {
            self.was_busy = true;
            self.head_since = None;
            self.untaken_since = match self.activity.untaken.get() {
                0 => None,
                _ => self.untaken_since.or_else(|| Some(Instant::now())),
            };
            return self.untaken_since.map(|since| since + self.limits.write);
        }
        if std::mem::take(&mut self.was_busy) {
            self.idle_since = Instant::now();
        }
        Some(self.head_since.map_or(self.idle_since + self.limits.idle, |since| since + self.limits.head))
    }

    /// Nothing moves: has it been so for too long?
    fn check(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let deadline = self.deadline();
        if let Some(deadline) = deadline.filter(|deadline| *deadline < self.timer.deadline()) {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            match deadline {
                Some(deadline) if deadline <= now => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Some(deadline) => self.timer.as_mut().reset(deadline),
                None => self.timer.as_mut().reset(now + self.limits.idle.min(self.limits.write)),
            }
        }
        Poll::Pending
    }

    fn wrote(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_pending() {
            self.write_blocked_since.get_or_insert_with(Instant::now);
            return self.check(cx).map_ok(|()| 0);
        }
        self.write_blocked_since = None;
        self.untaken_since = None;
        result
    }

    /// Throws away what still comes, if something does or a body has not ended. To close at once would reset the connection (RFC 9112
    /// 9.6), and a client that sends all of its body before it reads would see that instead of our 413.
    fn poll_linger(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        let mut thrown_away = [0; 16 * 1024];
        loop {
            let mut buf = ReadBuf::new(&mut thrown_away);
            let now = Instant::now();
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && now < until => {
                    self.lingers_until = Some(until);
                    self.timer.as_mut().reset(until.min(now + LINGER_PAUSE));
                }
                Poll::Pending if self.lingers_until.is_some() => return self.timer.as_mut().poll(cx),
                Poll::Pending if self.framing.is_in_body() => {
                    self.lingers_until = Some(until);
                    self.timer.as_mut().reset(now + LINGER_PAUSE);
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for GuardedIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let count = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(count));
            if self.ahead.is_empty() {
                self.ahead = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(instead) = self.framing.instead(buf.remaining()) {
            buf.put_slice(instead);
            return Poll::Ready(Ok(()));
        }
        self.has_more = false;
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if result.is_pending() {
            return self.check(cx);
        }
        let passed = self.framing.pass(buf.filled_mut().get_mut(before..).unwrap_or_default());
        buf.set_filled(before + passed);
        if self.activity.requests.get() == 0 {
            self.head_since.get_or_insert_with(Instant::now);
        }
        result
    }
}

impl AsyncWrite for GuardedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        match self.poll_left(cx) {
            Poll::Ready(error) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if self.half_closes {
            return Poll::Ready(Ok(()));
        }
        let until = self.lingers_until.unwrap_or_else(|| Instant::now() + LINGER);
        self.poll_linger(cx, until).map(Ok)
    }
}

#[cfg(test)]
mod tests;
