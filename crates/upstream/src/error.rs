//! Why a request got no response head.

use std::{error::Error, fmt};

use crate::body::replay::SourceFailure;

/// What went wrong, for deciding who is at fault and whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendErrorKind {
    /// This machine has no socket left to connect with: nobody else's fault.
    Exhausted,
    /// The upstream's name could not be resolved.
    Dns,
    /// No TCP connection to the upstream.
    Connect,
    /// The outbound proxy could not be reached, or refused.
    Proxy,
    /// The TLS handshake with the upstream failed, its certificate included.
    Tls,
    /// TCP, proxy and TLS together took longer than the profile's connect timeout.
    ConnectTimeout,
    /// No response head within the head timeout.
    HeadTimeout,
    /// The connection was closed or reset before the first byte of a response head.
    Reset,
    /// The response head was cut short, malformed or over the limits.
    BrokenHead,
    /// The request body's source failed: the client is at fault, not the upstream.
    ClientBody(SourceFailure),
}

impl SendErrorKind {
    fn text(self) -> &'static str {
        match self {
            Self::Exhausted => "no socket is left",
            Self::Dns => "name resolution failed",
            Self::Connect => "connection failed",
            Self::Proxy => "outbound proxy failed",
            Self::Tls => "TLS handshake failed",
            Self::ConnectTimeout => "connecting timed out",
            Self::HeadTimeout => "no response head in time",
            Self::Reset => "connection closed before the response",
            Self::BrokenHead => "broken response head",
            Self::ClientBody(_) => "request body failed",
        }
    }
}

/// A request that got no response head. Its text is one line and holds neither header values nor proxy passwords.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}", kind.text())]
pub struct SendError {
    kind: SendErrorKind,
    detail: String,
}

impl SendError {
    pub(crate) fn new(kind: SendErrorKind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string() }
    }

    /// An error with the whole chain of its causes.
    pub(crate) fn caused(kind: SendErrorKind, error: &(dyn Error + 'static)) -> Self {
        Self { kind, detail: chain(error) }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> SendErrorKind {
        self.kind
    }

    /// Whether a time limit ended the attempt: 504 rather than 502.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, SendErrorKind::ConnectTimeout | SendErrorKind::HeadTimeout)
    }
}

/// The error and its causes on one line, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let link = error.to_string();
        if !text.contains(&link) {
            text.push_str(": ");
            text.push_str(&link);
        }
        cause = error.source();
    }
    text.replace(['\r', '\n'], " ")
}
