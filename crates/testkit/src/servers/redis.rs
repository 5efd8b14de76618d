//! Redis: a server, a Cluster, or a master with its Sentinel. Each listens on loopback only.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use super::{Identity, Server};

/// With all that makes a DSN hard to read.
const PASSWORD: &str = "p@ss/w:rd?#%&=";

/// A running server of Redis.
#[derive(Debug)]
pub struct Redis {
    addr: SocketAddr,
    tls: bool,
    server: Server,
}

impl Redis {
    /// Starts one with a password.
    pub fn start() -> Self {
        Self::start_with(&["--requirepass", PASSWORD])
    }

    /// Starts one that takes whoever has a certificate of the identity's authority, over TLS only.
    pub fn start_with_tls(identity: &Identity) -> Self {
        let files =
            [("certificate.pem", &identity.certificate), ("key.pem", &identity.key), ("ca.pem", &identity.authority)];
        Self::launch(&["--port", "0"], &files.map(|(name, text)| (name, text.as_str())), true)
    }

    /// Three masters of a Cluster.
    pub fn start_cluster() -> Vec<Self> {
        let nodes: Vec<_> = (0..3).map(|_| Self::start_with(&["--cluster-enabled", "yes"])).collect();
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]).args(nodes.iter().map(|node| node.addr.to_string())).arg("--cluster-yes");
        super::run(&mut create);
        nodes
    }

    /// A replica of this server, which asks for no password.
    pub fn replica(&self) -> Self {
        let port = self.addr.port().to_string();
        Self::start_with(&["--replicaof", "127.0.0.1", &port])
    }

    /// A Sentinel that knows this server, which asks for no password, as the master `name`.
    pub fn sentinel(&self, name: &str) -> Self {
        let port = self.addr.port();
        let config = format!(
            "sentinel monitor {name} 127.0.0.1 {port} 1\nsentinel down-after-milliseconds {name} 1000\nsentinel failover-timeout {name} 5000\n"
        );
        Self::launch(&["--sentinel"], &[("config", &config)], false)
    }

    /// Starts one with these arguments.
    pub fn start_with(args: &[&str]) -> Self {
        Self::launch(args, &[], false)
    }

    fn launch(args: &[&str], files: &[(&str, &str)], tls: bool) -> Self {
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        // Nodes of a Cluster listen 10,000 ports above, too.
        let addrs = std::iter::repeat_with(|| free().expect("a free port"));
        let addr = { addrs }.find(|addr| addr.port() < u16::MAX - 10_000).expect("there is no end of them");
        let ready = |folder: &std::path::Path| {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            log.contains("Ready to accept connections") || log.contains("Sentinel ID is")
        };
        let server = super::start(
            |folder| {
                for (name, text) in files {
                    std::fs::write(folder.join(name), text).expect("the folder can be written");
                }
                Vec::new()
            },
            |folder| {
                let mut server = Command::new("redis-server");
                if files.iter().any(|(name, _)| *name == "config") {
                    server.arg(folder.join("config"));
                }
                server.args([if tls { "--tls-port" } else { "--port" }, &addr.port().to_string()]);
                if tls {
                    let files = ["--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"];
                    for (option, name) in files.iter().zip(["certificate.pem", "key.pem", "ca.pem"]) {
                        server.arg(option).arg(folder.join(name));
                    }
                }
                server.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder).args(args);
                server
            },
            ready,
        );
        Self { addr, tls, server }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `REDIS_DSN` of the server that has a password, as it is reached at `addr`.
    pub fn dsn_at(addr: SocketAddr) -> String {
        format!("redis://:{PASSWORD}@{addr}")
    }

    /// What it answers to a command.
    pub fn call(&self, command: &[&str]) -> String {
        let mut client = Command::new("redis-cli");
        client.args(["-p", &self.addr.port().to_string()]).args(command).env("REDISCLI_AUTH", PASSWORD);
        if self.tls {
            client.arg("--tls").current_dir(&self.server.folder);
        }
        let output = client.output().expect("redis-cli is installed (make test does it)");
        String::from_utf8(output.stdout).expect("answers are UTF-8")
    }

    /// How many commands it has been sent, but for connecting and for questions like this one.
    pub fn commands(&self) -> u64 {
        const CONNECTING: [&str; 8] = ["auth", "client", "command", "config", "hello", "info", "ping", "subscribe"];
        let stats = self.call(&["INFO", "commandstats"]);
        let calls = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
        let others = calls.filter(|(name, _)| !CONNECTING.iter().any(|known| name.starts_with(known)));
        others.filter_map(|(_, calls)| calls.split(',').next()?.parse::<u64>().ok()).sum()
    }
}
