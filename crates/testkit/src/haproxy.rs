//! `HAProxy` in front of nodes, by the configuration that is shipped with the program.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running `HAProxy` on loopback. Killed when dropped.
#[derive(Debug)]
pub struct HaProxy {
    addr: SocketAddr,
    folder: TempDir,
    child: Child,
}

impl HaProxy {
    /// In front of these nodes, by `configuration` with other addresses.
    pub fn over(configuration: &str, nodes: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for HAProxy");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, here(configuration, nodes, &stats(&folder))).expect("the folder can be written");
        let mut command = Command::new("haproxy");
        // Its socket is its standard input, so that nobody can take the port before it does.
        command.arg("-db").arg("-f").arg(file).stdin(Stdio::from(OwnedFd::from(listener)));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("haproxy is installed (make test does it)");
        Self { addr, folder, child }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it gives requests to the node at this place.
    pub fn gives_to(&self, node: usize) -> bool {
        let name = name(node);
        let is_up = |line: &str| {
            let fields: Vec<_> = line.split(',').collect();
            fields.get(1) == Some(&&*name) && fields.get(17).is_some_and(|status| status.starts_with("UP"))
        };
        self.ask("show stat\n").is_ok_and(|stats| stats.lines().any(is_up))
    }

    fn ask(&self, question: &str) -> std::io::Result<String> {
        let (mut socket, mut answer) = (UnixStream::connect(stats(&self.folder))?, String::new());
        socket.write_all(question.as_bytes())?;
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stats(folder: &TempDir) -> PathBuf {
    folder.path().join("stats")
}

fn name(node: usize) -> String {
    format!("node-{}", node + 1)
}

/// The configuration with the addresses of the test, and without names that have to be looked up.
fn here(configuration: &str, nodes: &[SocketAddr], stats: &std::path::Path) -> String {
    let mut text = String::new();
    for line in configuration.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("global"), _) => _ = writeln!(text, "{line}\n  stats socket {}", stats.display()),
            (Some("bind"), _) => text.push_str("  bind fd@0\n"),
            // As many as whatever limit on open files there is lets it have.
            (Some("maxconn"), _) => text.push_str("  maxconn 200\n"),
            (Some("server"), Some(server)) => {
                let node =
                    (0..nodes.len()).find(|node| name(*node) == server).expect("as many nodes as are configured");
                _ = writeln!(text, "  server {server} {}", nodes[node]);
            }
            (Some("resolvers" | "parse-resolv-conf"), _) => {}
            _ => _ = writeln!(text, "{}", line.replace(" init-addr none resolvers docker", "")),
        }
    }
    text
}
