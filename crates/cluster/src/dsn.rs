//! `REDIS_DSN`.

use std::path::PathBuf;
use std::str::FromStr;

use domain::secret::Secret;
use domain::server_url::{self, Parts};

/// The port of Redis.
const PORT: u16 = 6379;
/// The port of Sentinel.
const SENTINEL_PORT: u16 = 26379;

/// What may stand behind the `?`.
const OPTIONS: [&str; 5] = ["ca", "cert", "key", "sentinel_user", "sentinel_password"];
/// What GPT-Load 1.4.x took there too. None of it is of use here: messages are of no database, and there are two connections.
const IGNORED: [&str; 21] = [
    "addr",
    "client_name",
    "conn_max_idle_time",
    "conn_max_lifetime",
    "db",
    "dial_timeout",
    "idle_check_frequency",
    "idle_timeout",
    "max_conn_age",
    "max_idle_conns",
    "max_retries",
    "max_retry_backoff",
    "min_idle_conns",
    "min_retry_backoff",
    "pool_fifo",
    "pool_size",
    "pool_timeout",
    "protocol",
    "read_timeout",
    "skip_verify",
    "write_timeout",
];

/// Where Redis is, and how to log in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisDsn {
    pub(crate) place: Place,
    pub(crate) login: Login,
    pub(crate) tls: Option<Tls>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One server, or nodes of one Cluster: each of them passes messages on to all.
    Servers(Vec<Address>),
    /// Sentinels that know where the master of this name is.
    Sentinels { sentinels: Vec<Address>, master: String, login: Login },
    /// A Unix socket.
    Socket(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
}

/// Files with what the connection is protected by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Authorities to trust in place of the system's.
    pub(crate) ca: Option<PathBuf>,
    /// Our certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// Why `REDIS_DSN` can't be used. No text of it holds any part that may be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisDsnError {
    /// In none of the forms there are.
    #[error("REDIS_DSN is in no form we know; {ALLOWED}")]
    Unreadable,
    /// A port that is none.
    #[error("REDIS_DSN has a port that is no number from 1 to 65535; {ALLOWED}")]
    Port,
    /// Sentinels without the name of a master.
    #[error("REDIS_DSN names no master behind the Sentinels; {ALLOWED}")]
    NoMaster,
    /// A database that is none.
    #[error("REDIS_DSN has a database that is no number; {ALLOWED}")]
    Database,
    /// An option that there isn't.
    #[error("REDIS_DSN has an option that there isn't; there are ca, cert, key, sentinel_user and sentinel_password")]
    Option,
    /// Files for TLS where there is no TLS, or one of two.
    #[error("REDIS_DSN has ca, cert or key without rediss://, or only one of cert and key")]
    Tls,
}

const ALLOWED: &str = "give redis://user:password@host:6379, rediss:// for TLS, several hosts with commas between them for a Cluster, or redis+sentinel://host:26379,host:26379/master";

impl FromStr for RedisDsn {
    type Err = RedisDsnError;

    fn from_str(text: &str) -> Result<Self, RedisDsnError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(RedisDsnError::Unreadable)?;
        let parts = server_url::split(rest);
        match scheme {
            "redis" => servers(parts.ok_or(RedisDsnError::Unreadable)?, false),
            "rediss" => servers(parts.ok_or(RedisDsnError::Unreadable)?, true),
            "redis+sentinel" => sentinels(parts.ok_or(RedisDsnError::Unreadable)?, false),
            "rediss+sentinel" => sentinels(parts.ok_or(RedisDsnError::Unreadable)?, true),
            "unix" => socket(rest),
            _ => Err(RedisDsnError::Unreadable),
        }
    }
}

fn servers(mut parts: Parts, has_tls: bool) -> Result<RedisDsn, RedisDsnError> {
    let options = Options::of(&mut parts)?;
    if !parts.path.is_empty() && parts.path.parse::<u32>().is_err() {
        return Err(RedisDsnError::Database);
    }
    let place = Place::Servers(addresses(&parts, PORT)?);
    Ok(RedisDsn { place, login: login(parts.user, parts.password), tls: options.tls(has_tls)? })
}

fn sentinels(mut parts: Parts, has_tls: bool) -> Result<RedisDsn, RedisDsnError> {
    let options = Options::of(&mut parts)?;
    let master = parts.path.clone();
    if master.is_empty() {
        return Err(RedisDsnError::NoMaster);
    }
    let of_sentinels = login(options.get("sentinel_user"), options.get("sentinel_password"));
    let place = Place::Sentinels { sentinels: addresses(&parts, SENTINEL_PORT)?, master, login: of_sentinels };
    Ok(RedisDsn { place, login: login(parts.user, parts.password), tls: options.tls(has_tls)? })
}

/// `[user:password@]/path[?…]`
fn socket(rest: &str) -> Result<RedisDsn, RedisDsnError> {
    let (of_user, path) = rest.rsplit_once("@/").unwrap_or(("", rest.strip_prefix('/').unwrap_or_default()));
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() {
        return Err(RedisDsnError::Unreadable);
    }
    let (user, password) = of_user.split_once(':').unwrap_or((of_user, ""));
    let decoded = |text: &str| Some(server_url::percent_decoded(text));
    let place = Place::Socket(format!("/{}", server_url::percent_decoded(path)).into());
    Ok(RedisDsn { place, login: login(decoded(user), decoded(password)), tls: None })
}

fn login(user: Option<String>, password: Option<String>) -> Login {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    Login { user: given(user), password: given(password).map(Secret::from) }
}

/// Of several hosts, the last one's port has been split off.
fn addresses(parts: &Parts, port: u16) -> Result<Vec<Address>, RedisDsnError> {
    let last = parts.port.as_ref().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{last}", parts.host).split(',').map(|text| address(text.trim(), port)).collect()
}

fn address(text: &str, default: u16) -> Result<Address, RedisDsnError> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| RedisDsnError::Port)?),
        _ => (text, default),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match (host, port) {
        (_, 0) => Err(RedisDsnError::Port),
        ("", port) => Ok(Address { host: "localhost".to_owned(), port }),
        (host, port) => Ok(Address { host: host.to_owned(), port }),
    }
}

struct Options(Vec<(String, String)>);

impl Options {
    fn of(parts: &mut Parts) -> Result<Self, RedisDsnError> {
        let mut options = std::mem::take(&mut parts.query);
        options.retain(|(name, _)| !IGNORED.contains(&name.as_str()));
        let are_known = options.iter().all(|(name, _)| OPTIONS.contains(&name.as_str()));
        are_known.then_some(Self(options)).ok_or(RedisDsnError::Option)
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn tls(&self, has_tls: bool) -> Result<Option<Tls>, RedisDsnError> {
        let file = |name| self.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let tls = match (file("cert"), file("key")) {
            (Some(certificate), Some(key)) => Tls { ca: file("ca"), identity: Some((certificate, key)) },
            (None, None) => Tls { ca: file("ca"), identity: None },
            _ => return Err(RedisDsnError::Tls),
        };
        if !has_tls && tls != Tls::default() {
            return Err(RedisDsnError::Tls);
        }
        Ok(has_tls.then_some(tls))
    }
}

#[cfg(test)]
mod tests;
