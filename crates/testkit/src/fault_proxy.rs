//! A TCP forwarder that can be told to cut, refuse, stall, delay or reset: the network between two parts, broken on purpose.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::server::OwnRuntime;
use crate::wait::within;

/// Connections that may wait for the accept loop.
const BACKLOG: u32 = 1024;

/// A forwarder on loopback. Ends when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    addr: SocketAddr,
    orders: watch::Sender<Orders>,
    listening: watch::Sender<bool>,
    accepted: Arc<AtomicU64>,
    /// Keeps the port from others while nobody listens on it.
    _holder: TcpSocket,
    _runtime: OwnRuntime,
}

/// Where connections go.
#[derive(Clone, Debug)]
pub enum Target {
    /// Over the network.
    Tcp(SocketAddr),
    /// To a socket in the file system.
    Unix(PathBuf),
}

impl From<SocketAddr> for Target {
    fn from(addr: SocketAddr) -> Self {
        Self::Tcp(addr)
    }
}

impl Target {
    async fn connect(&self) -> io::Result<(Reader, Writer)> {
        Ok(match self {
            Self::Tcp(addr) => {
                let (from, to) = TcpStream::connect(addr).await?.into_split();
                (Box::new(from), Box::new(to))
            }
            Self::Unix(path) => {
                let (from, to) = UnixStream::connect(path).await?.into_split();
                (Box::new(from), Box::new(to))
            }
        })
    }
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Refuse,
    Stall,
    Delay(Duration),
    ResetAfter(u64),
}

#[derive(Clone, Copy, Debug)]
struct Orders {
    mode: Mode,
    /// Raised to end all connections that are open.
    cuts: u64,
    /// Raised to carry nothing over them any more.
    losses: u64,
}

impl FaultProxy {
    /// Forwards to `target`, all well at first.
    pub fn to(target: impl Into<Target>) -> Self {
        let runtime = OwnRuntime::new(1);
        let holder = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free loopback port");
        let addr = holder.local_addr().expect("a bound socket has an address");
        let listener = {
            let handle = runtime.handle();
            let _entered = handle.enter();
            bound(addr).and_then(|socket| socket.listen(BACKLOG)).expect("the port is held by us")
        };
        let orders = watch::Sender::new(Orders { mode: Mode::Pass, cuts: 0, losses: 0 });
        let accepted = Arc::<AtomicU64>::default();
        let handle = runtime.handle();
        let listening = watch::Sender::new(true);
        let forwarder = Forwarder {
            addr,
            target: target.into(),
            orders: orders.subscribe(),
            listening: listening.clone(),
            accepted: Arc::clone(&accepted),
        };
        handle.clone().spawn(forwarder.run(listener, handle));
        Self { addr, orders, listening, accepted, _holder: holder, _runtime: runtime }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Forwards everything again, what was stalled included.
    pub async fn pass(&self) {
        self.order(Mode::Pass, 0).await;
    }

    /// Closes all connections now; new ones are served as before.
    pub fn cut(&self) {
        self.orders.send_modify(|orders| orders.cuts += 1);
    }

    /// Loses all connections without a word to either end; new ones are served as before.
    pub async fn lose(&self) {
        self.orders.send_modify(|orders| orders.losses += 1);
        self.pass().await;
    }

    /// Closes all connections, and refuses new ones as if nobody listened.
    pub async fn refuse(&self) {
        self.order(Mode::Refuse, 1).await;
    }

    /// Accepts, but forwards nothing in either direction, on old connections too.
    pub async fn stall(&self) {
        self.order(Mode::Stall, 0).await;
    }

    /// Holds back whatever is read for this long, in both directions.
    pub async fn delay(&self, pause: Duration) {
        self.order(Mode::Delay(pause), 0).await;
    }

    /// Resets a connection to its client after it has carried so many bytes from the target; 0: instead of the first.
    pub async fn reset_after(&self, bytes: u64) {
        self.order(Mode::ResetAfter(bytes), 0).await;
    }

    /// Gives the order and waits until the listener follows it, so that the next connection meets what was ordered.
    async fn order(&self, mode: Mode, cuts: u64) {
        let listens = mode != Mode::Refuse;
        self.orders.send_modify(|orders| *orders = Orders { mode, cuts: orders.cuts + cuts, ..*orders });
        let mut listening = self.listening.subscribe();
        within("the fault proxy to obey", listening.wait_for(|now| *now == listens))
            .await
            .expect("self holds the sender");
    }
}

#[derive(Clone, Debug)]
struct Forwarder {
    addr: SocketAddr,
    target: Target,
    orders: watch::Receiver<Orders>,
    listening: watch::Sender<bool>,
    accepted: Arc<AtomicU64>,
}

impl Forwarder {
    async fn run(mut self, mut listener: TcpListener, tasks: Handle) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.orders.wait_for(|orders| orders.mode == Mode::Refuse) => None,
                accepted = listener.accept() => accepted.ok(),
            };
            if let Some((client, _)) = accepted {
                self.accepted.fetch_add(1, Ordering::Relaxed);
                tasks.spawn(self.clone().forward(client));
            } else {
                drop(listener);
                let Some(again) = self.refuse_until_told().await else { return };
                listener = again;
            }
        }
    }

    async fn refuse_until_told(&mut self) -> Option<TcpListener> {
        self.listening.send_replace(false);
        self.orders.wait_for(|orders| orders.mode != Mode::Refuse).await.ok()?;
        let listener = bound(self.addr).and_then(|socket| socket.listen(BACKLOG)).expect("the port is held by us");
        self.listening.send_replace(true);
        Some(listener)
    }

    async fn forward(mut self, mut client: TcpStream) {
        let Orders { cuts, losses, .. } = *self.orders.borrow_and_update();
        let Ok((from_target, to_target)) = self.target.connect().await else { return };
        let (from_client, to_client) = client.split();
        let up = Pump { from: from_client, to: to_target, orders: self.orders.clone(), losses, carried: None };
        let down = Pump { from: from_target, to: to_client, orders: self.orders.clone(), losses, carried: Some(0) };
        let reset = tokio::select! {
            reset = both(up, down) => reset,
            _ = self.orders.wait_for(|orders| orders.cuts > cuts) => false,
        };
        if reset {
            // Without it the client would see an orderly end; it is gone anyway if this fails.
            let _ = client.set_zero_linger();
        }
    }
}

/// A socket that shares its address with others of ours; the kernel refuses connections unless one of them listens.
fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Runs until both directions have ended, or one asks for a reset.
async fn both(
    up: Pump<impl AsyncRead + Unpin, impl AsyncWrite + Unpin>,
    down: Pump<impl AsyncRead + Unpin, impl AsyncWrite + Unpin>,
) -> bool {
    let (up, down) = (up.run(), down.run());
    tokio::pin!(up, down);
    tokio::select! {
        reset = &mut down => reset || up.await,
        reset = &mut up => reset || down.await,
    }
}

/// One direction.
struct Pump<R, W> {
    from: R,
    to: W,
    orders: watch::Receiver<Orders>,
    /// How many there had been when it began.
    losses: u64,
    /// The bytes so far, in the direction whose bytes are counted.
    carried: Option<u64>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<R, W> {
    /// True if the connection is to be reset.
    async fn run(mut self) -> bool {
        let mut buf = vec![0; 64 << 10];
        while let Ok(read @ 1..) = self.from.read(&mut buf).await {
            match self.pass(&buf[..read]).await {
                Ok(false) => {}
                Ok(true) => return true,
                Err(_) => break,
            }
        }
        // An end is held back like bytes: a stalled network tells nobody that the peer has gone.
        self.unstalled().await;
        let _ = self.to.shutdown().await;
        false
    }

    async fn pass(&mut self, data: &[u8]) -> io::Result<bool> {
        let mode = self.unstalled().await;
        if let Mode::Delay(pause) = mode {
            sleep(pause).await;
        }
        let mut data = data;
        let mut reset = false;
        if let (Mode::ResetAfter(limit), Some(carried)) = (mode, self.carried) {
            let left = usize::try_from(limit.saturating_sub(carried)).unwrap_or(usize::MAX);
            reset = data.len() >= left;
            data = &data[..left.min(data.len())];
        }
        self.to.write_all(data).await?;
        self.carried = self.carried.map(|carried| carried + data.len() as u64);
        Ok(reset)
    }

    async fn unstalled(&mut self) -> Mode {
        let losses = self.losses;
        let going = self.orders.wait_for(|orders| orders.mode != Mode::Stall && orders.losses == losses).await;
        going.map_or(Mode::Pass, |orders| orders.mode)
    }
}

#[cfg(test)]
mod tests;
