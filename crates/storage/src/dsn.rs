//! `DATABASE_DSN`: which database to open.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::server_url;
use jiff::tz::TimeZone;

mod mysql;
mod postgres;
mod server;

pub use server::{Endpoint, Server, Tls, TlsMode};

/// A database to open. `Debug` masks passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    /// SQLite in a file.
    Sqlite(PathBuf),
    /// SQLite in memory, gone when it is closed.
    Memory,
    /// PostgreSQL.
    Postgres(Server),
    /// MySQL or MariaDB.
    MySql {
        /// Where it is and how to log in.
        server: Server,
        /// The time zone that its times without an offset stand in.
        zone: TimeZone,
    },
}

/// Why a DSN can't be used. The DSN itself is never shown: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    /// The DSN is empty.
    #[error("DATABASE_DSN is empty; {ALLOWED}")]
    Empty,
    /// A URL of something else.
    #[error("DATABASE_DSN starts with {0}://, which is no database we know; {ALLOWED}")]
    UnknownScheme(String),
    /// In none of the forms there are; any part of it may be a password.
    #[error("DATABASE_DSN is neither a path nor a database server in a form we know; {ALLOWED}")]
    Unreadable,
    /// A part without which no server can be opened.
    #[error("DATABASE_DSN names no {0}; {ALLOWED}")]
    Missing(&'static str),
    /// A part or an option with a value that can't be used.
    #[error("DATABASE_DSN has a {name} that can't be used; give {allowed}")]
    Invalid {
        /// Of which part or option.
        name: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
}

const ALLOWED: &str =
    "give a file (SQLite), postgres://user:password@host/database or user:password@tcp(host:3306)/database (MySQL)";

impl Dsn {
    /// The folder the database lives in, if it is a file.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(match file.parent() {
                Some(parent) if parent != "" => parent,
                _ => Path::new("."),
            }),
            _ => None,
        }
    }

    /// As [`from_str`](Self::from_str), where `Local` is this zone.
    pub fn parse(text: &str, local: &TimeZone) -> Result<Self, DsnError> {
        let text = text.trim();
        if let Some(server) = postgres::parse(text) {
            return server.map(Self::Postgres);
        }
        if let Some(server) = mysql::parse(text, local) {
            return server.map(|(server, zone)| Self::MySql { server, zone });
        }
        let file = ["sqlite://", "sqlite:", "file:"].iter().find_map(|prefix| text.strip_prefix(prefix));
        if let (None, Some((scheme, _))) = (file, text.split_once("://")) {
            return Err(if is_scheme(scheme) {
                DsnError::UnknownScheme(scheme.to_owned())
            } else {
                DsnError::Unreadable
            });
        }
        // GPT-Load 1.4.x hands what follows a `?` to its driver; none of it names the file.
        let path = file.unwrap_or(text).split('?').next().unwrap_or_default();
        match path {
            "" => Err(DsnError::Empty),
            ":memory:" => Ok(Self::Memory),
            path if text.starts_with("file:") => Ok(Self::Sqlite(server_url::percent_decoded(path).into())),
            path => Ok(Self::Sqlite(path.into())),
        }
    }
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        Self::parse(text, &TimeZone::system())
    }
}

/// RFC 3986 3.1, and no longer than any there is.
fn is_scheme(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.len() <= 20 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests;
