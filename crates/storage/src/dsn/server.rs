//! A database server as a DSN describes it.

use std::fmt;
use std::path::PathBuf;

use domain::secret::Secret;

use super::DsnError;

/// Where a database server is, and how to log in to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Who logs in.
    pub user: String,
    /// With which password.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// How the connection is protected.
    pub tls: Tls,
    /// Settings of the server for our sessions, by their names there.
    pub session: Vec<(String, String)>,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host by name or address.
    Tcp {
        /// Name or address, an IPv6 one without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket: the file of MySQL, the folder of PostgreSQL, whose file is named after the port.
    Socket {
        /// File or folder.
        path: PathBuf,
        /// The port.
        port: u16,
    },
}

/// How the connection to a server is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Whether at all, and what is checked.
    pub mode: TlsMode,
    /// PEM file of authorities to trust beside the system's.
    pub root: Option<PathBuf>,
    /// PEM file of our certificate.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub key: Option<PathBuf>,
}

/// Whether a connection is encrypted, and what is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain text.
    Disabled,
    /// Encrypted if the server can; nothing is checked.
    #[default]
    Preferred,
    /// Encrypted; nothing is checked.
    Required,
    /// Encrypted, with a certificate of an authority we trust.
    VerifyCa,
    /// As above, made out to the host's name.
    VerifyFull,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket { path, .. } => path.display().fmt(f),
        }
    }
}

impl Endpoint {
    /// A host, or the socket that a path names.
    pub(super) fn of(host: &str, port: u16) -> Result<Self, DsnError> {
        if host.starts_with('/') {
            return Ok(Self::Socket { path: host.into(), port });
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = |c: char| c.is_alphanumeric() || "-._:%".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(DsnError::Invalid { name: "host", allowed: "one name, address or path of a Unix socket" });
        }
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

pub(super) fn port(text: &str) -> Result<u16, DsnError> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or(DsnError::Invalid { name: "port", allowed: "a number from 1 to 65535" })
}

/// Names of a session's settings become part of statements.
pub(super) fn session_setting(name: &str, value: &str) -> Result<(String, String), DsnError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) || value.contains(char::is_control) {
        return Err(DsnError::Invalid { name: "parameter", allowed: "name=value pairs, special characters as %XX" });
    }
    Ok((name.to_owned(), value.to_owned()))
}
