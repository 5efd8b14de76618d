//! Everything the environment decides, read and checked before anything is opened. All faults are found at once.

use std::net::{TcpListener, ToSocketAddrs};
use std::sync::Arc;

use cluster::RedisDsn;
use domain::secret::Secret;
use listenfd::ListenFd;
use storage::{Dsn, KeyCipher};
use upstream::Proxies;

use crate::config::{self, Config, Faults, ServerConfig, Warning};
use crate::server::acceptor;

/// What the program starts with.
pub struct Setup {
    /// The environment, typed.
    pub config: Config,
    /// What is to be said about it.
    pub warnings: Vec<Warning>,
    /// The database.
    pub dsn: Dsn,
    /// Redis, if there is one.
    pub redis: Option<RedisDsn>,
    /// Encryption of keys at rest.
    pub cipher: Arc<KeyCipher>,
    /// The environment's outbound proxies.
    pub proxies: Arc<Proxies>,
}

/// Reads the process' environment and the `.env` file beside it.
pub fn read() -> Result<Setup, Faults> {
    gather(|_, _| Some(())).map(|(setup, ())| setup)
}

/// The same, and listens: on the socket that is `inherited`, on one that the service manager gives, or on the configured address. One that
/// is taken is a fault like the others.
pub fn read_and_listen(inherited: Option<TcpListener>) -> Result<(Setup, TcpListener), Faults> {
    gather(|server, faults| match inherited.or_else(|| activated(faults)) {
        Some(listener) => faults.take("LISTEN_FDS", listener.set_nonblocking(true)).map(|()| listener),
        None => listen(server, faults),
    })
}

/// The socket that the service manager listens on for us, `sd_listen_fds(3)`.
fn activated(faults: &mut Faults) -> Option<TcpListener> {
    faults.take("LISTEN_FDS", ListenFd::from_env().take_tcp_listener(0)).flatten()
}

fn gather<L>(listen: impl FnOnce(&ServerConfig, &mut Faults) -> Option<L>) -> Result<(Setup, L), Faults> {
    let mut loaded = config::from_process();
    let (config, faults) = (loaded.config, &mut loaded.faults);
    let dsn = faults.take("DATABASE_DSN", Dsn::parse(config.database_dsn.expose(), &config.time_zone));
    let cipher = faults.take("ENCRYPTION_KEY", KeyCipher::new(config.encryption_key.as_ref().map(Secret::expose)));
    let variable = |name: &str| config.outbound_proxies.get(name).map(|value| value.expose().to_owned());
    let proxies = Proxies::from_env(variable).unwrap_or_else(|bad| {
        for (name, error) in bad {
            faults.add(name, error);
        }
        Proxies::default()
    });
    let redis = config.redis_dsn.as_ref().and_then(|dsn| faults.take("REDIS_DSN", dsn.expose().parse::<RedisDsn>()));
    if redis.is_some() && dsn.as_ref().is_some_and(|dsn| dsn.data_dir().is_some()) {
        loaded.warnings.push(Warning {
            variable: "REDIS_DSN",
            value: "****".to_owned(),
            problem: "a SQLite file has a single node, and nobody to talk to".to_owned(),
            used: "no Redis".to_owned(),
        });
    }
    let listener = listen(&config.server, faults);
    loaded.faults.into_result()?;
    match (dsn, cipher, listener) {
        (Some(dsn), Some(cipher), Some(listener)) => {
            let (cipher, proxies) = (Arc::new(cipher), Arc::new(proxies));
            Ok((Setup { config, warnings: loaded.warnings, dsn, redis, cipher, proxies }, listener))
        }
        _ => Err(Faults::default()),
    }
}

/// Binds the first of the host's addresses that can be bound.
fn listen(server: &ServerConfig, faults: &mut Faults) -> Option<TcpListener> {
    if faults.has("HOST") {
        return None;
    }
    let name = (server.host.as_str(), server.port);
    let addresses = match name.to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            faults.add("HOST", format_args!("{:?} can't be resolved: {error}", server.host));
            return None;
        }
    };
    let mut problem = String::from("the host has no address");
    for address in addresses {
        match acceptor::bind(address) {
            Ok(listener) => return Some(listener),
            Err(error) => problem = format!("the address {address} can't be bound: {error}"),
        }
    }
    faults.add("PORT", problem);
    None
}
