//! The data plane: the way of one proxied request.
//!
//! ```text
//! admit ─► intake ─► ┌─ plan ─► shape ─► attempt ─► judge ─┐ ─► respond ─► relay ─► record
//!                    └────────────◄ another key ◄──────────┘
//! ```
//!
//! | phase | what it does |
//! |---|---|
//! | [`admit`] | finds the group, checks the client's key, cleans the head |
//! | [`intake`] | reads as much of the body as the choice of a key needs |
//! | [`plan`] | chooses sub-group, key and upstream for the next attempt |
//! | [`shape`] | overrides, model redirect, URL and headers for that choice |
//! | [`attempt`] | sends it, follows redirects, holds a stream until its first event |
//! | [`judge`] | asks the outcome table, tells the pool and the upstream's health |
//! | [`guards`] | keeps one cause from being counted as many |
//! | [`respond`] | the client's answer: the provider's, or our own in the provider's form |
//! | [`relay`] | passes the body on as it arrives and sees how it ends |
//! | [`tunnel`] | after a 101, in the place of both: bytes both ways |
//! | [`record`] | the rows of the request log |
//!
//! Nothing here touches a database, and no lock is held across an await.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use upstream::{Budget, Client};

use crate::config::TrustedProxies;
use crate::journal::Journal;
use crate::metrics::refusals::Refusals;
use crate::server::body::ServerBody;
use crate::server::in_flight::Count;
use crate::snapshot::Current;

mod admit;
mod attempt;
mod guards;
mod intake;
mod journey;
mod judge;
mod mask;
mod model_list;
mod names;
mod plan;
mod record;
pub mod relay;
mod respond;
mod shape;
pub mod tunnel;

/// Our id of a request; it stands in the log rows of all its attempts.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-gpt-load-request-id");

/// What all workers share.
pub struct Shared {
    /// The configuration in force.
    pub current: Current,
    /// Where log entries go.
    pub journal: Journal,
    /// Memory for kept request bodies, all requests together.
    pub kept_bodies: Arc<Budget>,
    /// Proxied requests under way.
    pub requests: Count,
    /// Those that were turned away.
    pub refusals: Refusals,
    /// `MAX_CONCURRENT_REQUESTS`; 0 for no limit.
    pub max_requests: usize,
    /// `MAX_REQUEST_BODY_MB` in bytes; `None` for no limit.
    pub max_body_bytes: Option<u64>,
    /// Longest wait between two reads of a client's body.
    pub read_timeout: Duration,
    /// Whose word on the client's address is believed.
    pub trusted_proxies: TrustedProxies,
}

/// The data plane of one worker.
pub struct DataPlane {
    shared: Arc<Shared>,
    client: Client,
}

impl DataPlane {
    /// `client` holds the upstream connections of this worker alone.
    #[must_use]
    pub fn new(shared: Arc<Shared>, client: Client) -> Self {
        Self { shared, client }
    }

    /// Answers a request under `/proxy/`.
    pub async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<ServerBody> {
        let id = uuid::Uuid::now_v7();
        let mut response = journey::travel(self, request, peer, id).await;
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        if let Ok(value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
}
