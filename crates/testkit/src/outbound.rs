//! Real outbound proxies: SOCKS5, HTTP (CONNECT and absolute form), and tinyproxy where it is installed.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

mod http_proxy;
mod socks5;
#[cfg(test)]
mod tests;
mod tinyproxy;

pub use http_proxy::HttpProxy;
pub use socks5::Socks5;
pub use tinyproxy::{Tinyproxy, tinyproxy};

/// User and password that a client must give.
pub type Credentials = (String, String);

/// What both proxies written here know: who may pass, where names lead, and what was asked.
#[derive(Debug, Default)]
struct Book {
    credentials: Option<Credentials>,
    names: Mutex<HashMap<String, SocketAddr>>,
    asked: Mutex<Vec<String>>,
}

impl Book {
    fn new(credentials: Option<(&str, &str)>) -> Arc<Self> {
        let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
        Arc::new(Self { credentials, ..Self::default() })
    }

    fn resolve(&self, name: &str, addr: SocketAddr) {
        lock(&self.names).insert(name.to_owned(), addr);
    }

    fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }

    /// Notes the destination `host:port` and connects to it, or to where its host was told to lead.
    async fn connect(&self, destination: &str) -> io::Result<TcpStream> {
        lock(&self.asked).push(destination.to_owned());
        let host = destination.rsplit_once(':').map_or(destination, |(host, _)| host);
        let known = lock(&self.names).get(host).copied();
        match known {
            Some(addr) => TcpStream::connect(addr).await,
            None => TcpStream::connect(destination).await,
        }
    }

    /// The URL of a proxy with this scheme, credentials included.
    fn url(&self, scheme: &str, addr: SocketAddr) -> String {
        match &self.credentials {
            Some((user, password)) => format!("{scheme}://{user}:{password}@{addr}"),
            None => format!("{scheme}://{addr}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries bytes both ways until both have ended.
async fn tunnel(client: &mut TcpStream, target: &mut TcpStream) {
    // However it ends, both sides see it by their own sockets.
    let _ = copy_bidirectional(client, target).await;
}
