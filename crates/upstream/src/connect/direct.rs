//! A TCP connection to a host, over whichever of its addresses answers first.

mod lookup;

use std::{io, net::SocketAddr, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, time::sleep};

use crate::{
    endpoint::host_and_port,
    error::{SendError, SendErrorKind},
};

/// How long an address may take before the next one is tried beside it (RFC 8305 5).
const STAGGER: Duration = Duration::from_millis(250);
/// A peer that has vanished is noticed after about a minute and a half of silence.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(45);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);

/// Resolves `host` and connects.
pub(super) async fn open(host: &str, port: u16) -> Result<TcpStream, SendError> {
    let found = lookup::addresses(host, port).await;
    let addresses = found.map_err(|error| failed(SendErrorKind::Dns, host, port, &error))?;
    race(interleaved(addresses)).await.map_err(|error| failed(SendErrorKind::Connect, host, port, &error))
}

fn failed(kind: SendErrorKind, host: &str, port: u16, error: &io::Error) -> SendError {
    let kind = if is_of_this_machine(error) { SendErrorKind::Exhausted } else { kind };
    SendError::new(kind, format_args!("{}: {error}", host_and_port(host, port)))
}

/// Whether it says that the process or the machine is out of file descriptors or memory.
fn is_of_this_machine(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    error.kind() == io::ErrorKind::OutOfMemory || matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Alternates between IPv6 and IPv4, beginning with the family the resolver put first (RFC 8305 4).
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

/// The first connection that succeeds. The next address is tried when one fails or is slow; the last error stands
/// for all.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        attempts.extend(waiting.next().map(open_address));
        tokio::select! {
            outcome = attempts.next() => match outcome {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => last_error = error,
                None => return Err(last_error),
            },
            () = sleep(STAGGER), if waiting.len() > 0 => {}
        }
    }
}

async fn open_address(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Head and body may be written apart; Nagle would hold the second back until the first is acknowledged.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive.with_retries(3))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_beginning_with_the_resolvers_choice() {
        let list = |text: &str| -> Vec<SocketAddr> {
            text.split(' ').map(|address| format!("{address}:1").parse().expect("an address")).collect()
        };
        for (given, ordered) in [
            ("[::1] [::2] 1.0.0.1 1.0.0.2", "[::1] 1.0.0.1 [::2] 1.0.0.2"),
            ("1.0.0.1 [::1] [::2]", "1.0.0.1 [::1] [::2]"),
            ("1.0.0.1 1.0.0.2", "1.0.0.1 1.0.0.2"),
        ] {
            assert_eq!(interleaved(list(given)), list(ordered), "{given}");
        }
    }

    #[tokio::test]
    async fn an_address_that_refuses_gives_way_to_the_next() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let refusing = closed.local_addr().expect("its address");
        drop(closed);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let open = listener.local_addr().expect("its address");
        let stream = race(vec![refusing, open]).await.expect("the second address");
        assert_eq!(stream.peer_addr().expect("connected"), open);
        assert!(stream.nodelay().expect("an option"));
        let error = race(vec![refusing, refusing]).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
