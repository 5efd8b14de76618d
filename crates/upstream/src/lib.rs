//! How bytes leave the machine: connections, TLS, outbound proxies and request bodies that can be sent again.
//!
//! Knows no groups, keys or rules. A caller holds one [`Endpoint`] for each upstream and [`Profile`], one [`Client`]
//! for each runtime thread, and gives [`Client::send`] a function that makes the request:
//!
//! ```text
//! Client::send ── pool ──────────────► a kept connection, the one used last first
//!      │            └─ none ─ connect ► direct │ HTTP proxy │ SOCKS5, then TLS
//!      ├─ RequestBody ◄── Replay ◄───── what the client sends, kept while it is small enough to be sent again
//!      └─ ResponseBody ───────────────► frames as they arrive; its end gives the connection back, its drop closes it
//! ```

mod body;
mod client;
mod connect;
mod endpoint;
mod error;
mod http1;
mod incoming;
mod outgoing;
mod pool;
mod profile;
mod proxy;
mod response;
mod sync;

/// A longer time limit means this one: instants can't be computed without end.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);

pub use body::{
    BodyError, RequestBody,
    budget::{Budget, Reservation},
    replay::{Keep, Replay, SourceFailure},
};
pub use client::{Client, Patience};
pub use connect::tls::tls_config;
pub use endpoint::{Endpoint, Origin, OriginError, Scheme};
pub use error::{SendError, SendErrorKind};
pub use http1::Upgraded;
pub use profile::{Limits, Profile};
pub use proxy::{Proxies, Proxy, ProxyScheme, ProxyUrlError};
pub use response::{BodyCut, ResponseBody};
