//! Which pages of other origins may call the gateway.

use super::environment::{ALLOW_CREDENTIALS, ALLOWED_HEADERS, ALLOWED_METHODS, ALLOWED_ORIGINS, ENABLE_CORS};
use super::reader::Reader;

/// What CORS allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// From where.
    pub origins: Origins,
    /// Method names; never empty.
    pub methods: Vec<String>,
    /// Names of request headers, or `*`; never empty.
    pub headers: Vec<String>,
    /// Whether browsers may send credentials. Never together with [`Origins::Any`].
    pub credentials: bool,
}

/// The origins that CORS allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// `*`
    Any,
    /// Compared as they stand, `https://console.example.com`; never empty.
    Listed(Vec<String>),
}

impl Origins {
    /// Whether a request whose `Origin` header is `origin` may be answered.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}

impl Cors {
    /// `None` when CORS is off.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let enabled = reader.boolean(&ENABLE_CORS);
        let origins = reader.list(&ALLOWED_ORIGINS);
        let (methods, headers) = (reader.list(&ALLOWED_METHODS), reader.list(&ALLOWED_HEADERS));
        let credentials = reader.boolean(&ALLOW_CREDENTIALS);
        if !enabled {
            return None;
        }
        if origins.is_empty() {
            reader.warn(&ENABLE_CORS, "true".to_owned(), "ALLOWED_ORIGINS names no origin", "false");
            return None;
        }
        let any = origins.iter().any(|origin| origin == "*");
        if any && credentials {
            // Any page could then act with the credentials of whoever visits it.
            reader.warn(&ALLOW_CREDENTIALS, "true".to_owned(), "ALLOWED_ORIGINS holds *", "false");
        }
        let origins = if any { Origins::Any } else { Origins::Listed(origins) };
        Some(Self { origins, methods, headers, credentials: credentials && !any })
    }
}
