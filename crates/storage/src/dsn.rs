//! `DATABASE_DSN`: which database to open.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A database this build can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    /// SQLite in a file.
    Sqlite(PathBuf),
    /// SQLite in memory, gone when it is closed.
    Memory,
}

/// Why a DSN can't be used. The DSN itself is never shown: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    /// The DSN is empty.
    #[error("DATABASE_DSN is empty; {ALLOWED}")]
    Empty,
    /// A database that is to come.
    #[error("DATABASE_DSN names a {0} database, which is not supported yet by this build; {ALLOWED}")]
    NotSupported(&'static str),
    /// A URL of something else.
    #[error("DATABASE_DSN starts with {0}://, which is no database we know; {ALLOWED}")]
    UnknownScheme(String),
    /// Something with `://` in it whose beginning is no scheme and may be a password.
    #[error("DATABASE_DSN is neither a path nor the URL of a database we know; {ALLOWED}")]
    Unreadable,
}

const ALLOWED: &str = "give the path of a SQLite file, as in ./data/gpt-load.db";

impl Dsn {
    /// The folder the database lives in, if it is a file.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(match file.parent() {
                Some(parent) if parent != "" => parent,
                _ => Path::new("."),
            }),
            Self::Memory => None,
        }
    }
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, DsnError> {
        let text = text.trim();
        if let Some(server) = server_of(text) {
            return Err(DsnError::NotSupported(server));
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
            path if text.starts_with("file:") => Ok(Self::Sqlite(percent_decoded(path).into())),
            path => Ok(Self::Sqlite(path.into())),
        }
    }
}

/// RFC 3986 3.1, and no longer than any there is.
fn is_scheme(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.len() <= 20 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain)
}

/// The database server a DSN names, in any of the forms 1.4.x takes.
fn server_of(text: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    if starts(&["postgres://", "postgresql://"]) {
        Some("PostgreSQL")
    } else if starts(&["mysql://", "mariadb://", "tcp("]) || text.contains("@tcp(") || text.contains("@unix(") {
        Some("MySQL")
    } else {
        None
    }
}

/// `file:` names are URIs, where `%20` is a space.
fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, escaped)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let byte = escaped.get(..2).and_then(crate::hex::decode);
        rest = if byte.is_some() { escaped.get(2..).unwrap_or_default() } else { escaped };
        bytes.extend(byte.unwrap_or_else(|| vec![b'%']));
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
