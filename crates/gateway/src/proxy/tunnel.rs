//! Last phase of a request that asked for another protocol and got it (101): bytes both ways until both sides have ended.
//!
//! A side that has ended its own direction may go on receiving, and neither is read from faster than the other takes it. From within, a
//! tunnel ends with its second direction, a broken connection, or a time in which no byte moves; from without, with the requests that
//! still run when the server stops.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::classify::Outcome;
use http::header::{CONNECTION, CONTENT_LENGTH, UPGRADE};
use http::{HeaderValue, Response, response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use upstream::Upgraded;

use super::record::Record;
use super::respond::passed_on;
use crate::clock::mono_ms;
use crate::server::body::ServerBody;
use crate::server::in_flight::Entered;

/// What is held of one direction.
const BUFFER_BYTES: usize = 8 * 1024;

/// A tunnel that begins once the client has its 101.
pub struct Tunnel {
    upstream: Option<Upgraded>,
    status: u16,
    record: Record,
    idle: Duration,
    counted: Entered,
}

/// How a tunnel ends.
enum End {
    /// Both sides have ended, or the client broke off: whoever asked for a tunnel may leave it as it likes.
    Orderly,
    /// Anything else, in words for the log.
    Cut(String),
}

/// What keeps bytes from going on, while their source could still send some.
enum Broken {
    Source(io::Error),
    /// The other side takes nothing for too long.
    Stalled,
}

impl Tunnel {
    /// The client's 101, which begins it. `head` is the provider's, `upstream` the connection behind it; `idle` the longest time without a byte either way; `counted` keeps
    /// the request counted.
    pub fn begin(
        mut head: response::Parts,
        upstream: Option<Upgraded>,
        record: Record,
        idle: Duration,
        counted: Entered,
    ) -> Response<ServerBody> {
        let protocol = head.headers.remove(UPGRADE);
        head = passed_on(head, false);
        head.headers.remove(CONTENT_LENGTH);
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.extend(protocol.map(|protocol| (UPGRADE, protocol)));
        let tunnel = Self { upstream, status: head.status.as_u16(), record, idle, counted };
        Response::from_parts(head, ServerBody::Tunnel(Box::new(tunnel)))
    }

    /// Carries bytes until the end. `ahead` is what has been read from `client` already.
    pub async fn carry<C>(self: Box<Self>, client: &mut C, ahead: &[u8])
    where
        C: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Self { upstream, status, mut record, idle, counted } = *self;
        let end = match upstream {
            Some(upstream) => both(client, ahead, upstream, idle).await,
            None => End::Cut("the provider's connection is gone".to_owned()),
        };
        match end {
            End::Orderly => record.finish(status, Some(Outcome::Ok), None),
            End::Cut(why) => record.finish(status, Some(Outcome::CutShort), Some(&why)),
        }
        drop(counted);
    }
}

async fn both<C, U>(client: &mut C, ahead: &[u8], upstream: U, idle: Duration) -> End
where
    C: AsyncRead + AsyncWrite + Unpin + Send,
    U: AsyncRead + AsyncWrite + Unpin + Send,
{
    let moved_ms = AtomicU64::new(mono_ms());
    let (from_client, to_client) = split(client);
    let (from_upstream, to_upstream) = split(upstream);
    let up = pump(ahead.chain(from_client), to_upstream, &moved_ms);
    let down = pump(from_upstream, to_client, &moved_ms);
    let up = async { up.await.map_err(End::of_the_client) };
    let down = async { down.await.map_err(End::of_the_upstream) };
    tokio::select! {
        ended = async { tokio::try_join!(up, down) } => ended.err().unwrap_or(End::Orderly),
        () = quiet(&moved_ms, idle) => End::Cut(format!("the tunnel carried nothing for {} s", idle.as_secs())),
    }
}

impl End {
    fn of_the_client(broken: Broken) -> Self {
        match broken {
            // Its connection looks after itself: it is broken for us, too, when what waits for the client is not taken.
            Broken::Source(error) if error.kind() == ErrorKind::TimedOut => Self::of_the_upstream(Broken::Stalled),
            Broken::Source(_) => Self::Orderly,
            Broken::Stalled => Self::Cut("the provider took nothing for too long".to_owned()),
        }
    }

    fn of_the_upstream(broken: Broken) -> Self {
        match broken {
            Broken::Source(error) => Self::Cut(format!("the provider's connection broke off: {error}")),
            Broken::Stalled => Self::Cut("the client took nothing for too long".to_owned()),
        }
    }
}

/// One direction, to its end. If `to` takes nothing more, that is the end, too: what `to` itself still has to say is worth waiting for.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved_ms: &AtomicU64,
) -> Result<(), Broken> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match from.read(&mut buffer).await {
            // TLS that ends without saying so, as many servers do it.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
            read => read.map_err(Broken::Source)?,
        };
        moved_ms.store(mono_ms(), Ordering::Relaxed);
        let Some(data @ [_, ..]) = buffer.get(..read) else { break };
        match pass(&mut to, data).await {
            Err(error) if error.kind() == ErrorKind::TimedOut => return Err(Broken::Stalled),
            Err(_) => return Ok(()),
            Ok(()) => moved_ms.store(mono_ms(), Ordering::Relaxed),
        }
    }
    // A side that is gone has ended, too.
    let _ = to.shutdown().await;
    Ok(())
}

async fn pass(to: &mut (impl AsyncWrite + Unpin), data: &[u8]) -> io::Result<()> {
    to.write_all(data).await?;
    to.flush().await
}

/// Returns when nothing has moved for `limit`. The timer is not touched while something does.
async fn quiet(moved_ms: &AtomicU64, limit: Duration) {
    loop {
        let since = Duration::from_millis(mono_ms().saturating_sub(moved_ms.load(Ordering::Relaxed)));
        let Some(left) = limit.checked_sub(since).filter(|left| !left.is_zero()) else { return };
        tokio::time::sleep(left).await;
    }
}
