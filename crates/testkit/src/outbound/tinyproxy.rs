//! Debian's tinyproxy as a child process: an HTTP proxy that nobody here has written.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::wait::eventually;

/// A running tinyproxy. Killed when dropped.
#[derive(Debug)]
pub struct Tinyproxy {
    child: Child,
    addr: SocketAddr,
    url: String,
    _dir: TempDir,
}

/// Starts tinyproxy on a free loopback port; with user and password it asks for them. `None` if it is not installed.
pub async fn tinyproxy(credentials: Option<(&str, &str)>) -> Option<Tinyproxy> {
    // It can't choose a port by itself: take one that was free a moment ago.
    let addr =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|probe| probe.local_addr()).expect("a free loopback port");
    let dir = tempfile::tempdir().expect("a folder for the configuration");
    let config = dir.path().join("tinyproxy.conf");
    let login = credentials.map(|(user, password)| format!("BasicAuth {user} {password}\n")).unwrap_or_default();
    let text = format!(
        "Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 200\nDisableViaHeader Yes\n{login}",
        addr.port()
    );
    std::fs::write(&config, text).expect("the configuration can be written");
    let mut command = Command::new("tinyproxy");
    command.arg("-d").arg("-c").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().ok()?;
    let login = credentials.map(|(user, password)| format!("{user}:{password}@")).unwrap_or_default();
    let proxy = Tinyproxy { child, addr, url: format!("http://{login}{addr}"), _dir: dir };
    eventually("tinyproxy to listen", async || TcpStream::connect(addr).await.map(drop)).await;
    Some(proxy)
}

impl Tinyproxy {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://[user:password@]host:port`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
