//! A SOCKS5 server (RFC 1928) for CONNECT, with user and password (RFC 1929) if told.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Book, tunnel};
use crate::server::OwnRuntime;
use crate::wire::broken;

const VERSION: u8 = 5;
const NO_AUTH: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const DOMAIN: u8 = 3;
const IPV6: u8 = 4;
const HOST_UNREACHABLE: u8 = 4;
const COMMAND_UNKNOWN: u8 = 7;

/// A running server. Ends when dropped.
#[derive(Debug)]
pub struct Socks5 {
    addr: SocketAddr,
    book: Arc<Book>,
    _runtime: OwnRuntime,
}

impl Socks5 {
    /// With user and password, lets only those through who give them.
    pub fn start(credentials: Option<(&str, &str)>) -> Self {
        let runtime = OwnRuntime::new(1);
        let (listener, addr) = runtime.listen(0);
        let book = Book::new(credentials);
        let served = Arc::clone(&book);
        runtime.accept(listener, move |client, _| {
            let book = Arc::clone(&served);
            async move {
                // A client that breaks off or is refused sees it by itself.
                let _ = relay(&book, client).await;
            }
        });
        Self { addr, book, _runtime: runtime }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `socks5://[user:password@]host:port`.
    pub fn url(&self) -> String {
        self.book.url("socks5", self.addr)
    }

    /// Where this host name leads: a name that exists nowhere else proves that it was resolved here.
    pub fn resolve(&self, name: &str, addr: SocketAddr) {
        self.book.resolve(name, addr);
    }

    /// The destinations asked for, as `host:port`, by clients that were let through.
    pub fn asked(&self) -> Vec<String> {
        self.book.asked()
    }
}

async fn relay(book: &Book, mut client: TcpStream) -> io::Result<()> {
    if !admit(book, &mut client).await? {
        return Ok(());
    }
    let [_, command, _, kind] = read(&mut client).await?;
    let destination = destination(&mut client, kind).await?;
    if command != CONNECT {
        return reply(&mut client, COMMAND_UNKNOWN).await;
    }
    match book.connect(&destination).await {
        Ok(mut target) => {
            target.set_nodelay(true)?;
            reply(&mut client, 0).await?;
            tunnel(&mut client, &mut target).await;
            Ok(())
        }
        Err(_) => reply(&mut client, HOST_UNREACHABLE).await,
    }
}

/// The choice of a method, and the login if one is wanted.
async fn admit(book: &Book, client: &mut TcpStream) -> io::Result<bool> {
    let [version, count] = read(client).await?;
    if version != VERSION {
        return Err(broken("another version than 5"));
    }
    let mut methods = vec![0; count.into()];
    client.read_exact(&mut methods).await?;
    let wanted = if book.credentials.is_some() { USER_PASSWORD } else { NO_AUTH };
    if !methods.contains(&wanted) {
        client.write_all(&[VERSION, NO_METHOD]).await?;
        return Ok(false);
    }
    client.write_all(&[VERSION, wanted]).await?;
    let Some((user, password)) = &book.credentials else { return Ok(true) };
    let [_] = read(client).await?;
    let good = (text(client).await?, text(client).await?) == (user.clone(), password.clone());
    client.write_all(&[1, u8::from(!good)]).await?;
    Ok(good)
}

async fn destination(client: &mut TcpStream, kind: u8) -> io::Result<String> {
    let host = match kind {
        IPV4 => Ipv4Addr::from(read::<4>(client).await?).to_string(),
        IPV6 => format!("[{}]", Ipv6Addr::from(read::<16>(client).await?)),
        DOMAIN => text(client).await?,
        _ => return Err(broken("an unknown kind of address")),
    };
    Ok(format!("{host}:{}", u16::from_be_bytes(read(client).await?)))
}

async fn reply(client: &mut TcpStream, code: u8) -> io::Result<()> {
    client.write_all(&[VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0]).await
}

async fn read<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A length in one byte, then so many bytes.
async fn text(client: &mut TcpStream) -> io::Result<String> {
    let [len] = read(client).await?;
    let mut bytes = vec![0; len.into()];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
