//! Servers that are reached over the network, with TLS only.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Engine, Server, mariadb, postgres};

/// Who a server is and whose clients it knows, as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The server's certificate.
    pub certificate: String,
    /// The key of it.
    pub key: String,
    /// The authority that signs the clients' certificates.
    pub authority: String,
}

/// A server of its own at a loopback address.
#[derive(Debug)]
pub struct TlsServer {
    engine: Engine,
    port: u16,
    _server: Server,
}

impl TlsServer {
    /// Starts one. SQLite has none.
    pub fn start(engine: Engine, identity: Identity) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let listener = Listener { port: free.expect("a free port").port(), identity };
        let server = match engine {
            Engine::Sqlite => unreachable!("SQLite has no server"),
            Engine::Postgres => postgres::start(Some(&listener)),
            Engine::MariaDb => mariadb::start(Some(&listener)),
        };
        Self { engine, port: listener.port, _server: server }
    }

    /// A `DATABASE_DSN` with the server's host by this name, and these options: `name=value&…`. `with_certificate`: who comes without one
    /// that the server's authority has signed is not let in.
    pub fn dsn(&self, host: &str, options: &str, with_certificate: bool) -> String {
        let address = format!("{host}:{}", self.port);
        match self.engine {
            Engine::MariaDb => mariadb::tls_dsn(&address, options, with_certificate),
            _ => postgres::tls_dsn(&address, options, with_certificate),
        }
    }
}

/// Where a server is to listen, and as whom.
pub(super) struct Listener {
    pub(super) port: u16,
    identity: Identity,
}

impl Listener {
    /// `certificate.pem`, `key.pem` and `authority.pem`. Servers refuse a key that others may read.
    pub(super) fn write_files(&self, folder: &Path) {
        let Identity { certificate, key, authority } = &self.identity;
        for (name, text) in [("certificate.pem", certificate), ("key.pem", key), ("authority.pem", authority)] {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("the folder can be written");
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("the file is ours");
        }
    }
}
