//! First phase: whose request is this, may it pass, and what of its head goes on.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use domain::rewrite::{headers, url};
use http::header::{CONNECTION, COOKIE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Version};
use uuid::Uuid;

use super::Shared;
use super::names;
use super::respond::Refusal;
use crate::channels::ErrorShape;
use crate::server::in_flight::Entered;
use crate::server::upgrade::Protocols;
use crate::snapshot::proxy_keys::{KeyDigest, digest_of};
use crate::snapshot::{Route, Snapshot, Target};

/// A request that may pass.
pub struct Admitted {
    /// Our id of it.
    pub id: Uuid,
    /// When it arrived.
    pub arrived: Instant,
    /// The group it is for, as configured when the request arrived.
    pub route: Arc<Route>,
    /// Its method.
    pub method: Method,
    /// The path as the client asked for it, for the log.
    pub full_path: Arc<str>,
    /// Where in it the provider's path begins.
    pub path_at: usize,
    /// The query without the client's key.
    pub query: Option<Box<str>>,
    /// The headers that go on: no hop-by-hop ones, no client identity, no credential.
    pub headers: HeaderMap,
    /// Whether it asks for a tunnel: its headers then say for which protocol.
    pub asks_for_tunnel: bool,
    /// The client's address.
    pub client_ip: IpAddr,
    /// Digest of the proxy key.
    pub proxy_key: KeyDigest,
    /// Keeps the request counted.
    pub counted: Entered,
}

impl Admitted {
    /// The provider's path, with its leading slash.
    pub fn path(&self) -> &str {
        self.full_path.get(self.path_at..).unwrap_or("/")
    }

    /// The form in which errors of our own are told.
    pub fn error_shape(&self) -> ErrorShape {
        shape_of(&self.route)
    }
}

/// Lets a request in, or says why not.
pub fn admit(shared: &Shared, mut head: Parts, peer: IpAddr, id: Uuid) -> Result<Admitted, Refusal> {
    let arrived = Instant::now();
    let snapshot = shared.current.load_full();
    let path = names::shared(head.uri.path());
    let (name, rest) = url::group_and_rest(&path);
    let route = snapshot.route(name).cloned().ok_or_else(|| Refusal::unknown_group(name))?;
    let shape = shape_of(&route);
    let protocols = head.extensions.remove::<Protocols>();
    let proxy_key =
        authenticate(&snapshot, &route, &head, protocols.is_some()).ok_or_else(|| Refusal::unauthorized(shape))?;
    if url::escapes_base(rest) {
        return Err(Refusal::bad_path(shape));
    }
    let counted = shared.requests.enter_below(shared.max_requests).ok_or_else(|| Refusal::too_busy(shape))?;
    let query = url::strip_key(head.uri.query()).map(|query| query.into_owned().into_boxed_str());
    let client_ip = shared.trusted_proxies.client_ip(peer, &head.headers);
    let asks_for_tunnel = protocols.is_some();
    let mut headers = clean(head.headers, head.version);
    if let Some(Protocols(protocols)) = protocols {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocols);
    }
    Ok(Admitted {
        id,
        arrived,
        route,
        method: head.method,
        path_at: path.len() - rest.len(),
        full_path: path,
        query,
        headers,
        asks_for_tunnel,
        client_ip,
        proxy_key,
        counted,
    })
}

fn authenticate(snapshot: &Snapshot, route: &Route, head: &Parts, asks_for_tunnel: bool) -> Option<KeyDigest> {
    let among_subprotocols = || headers::subprotocol_credential(&head.headers).filter(|_| asks_for_tunnel);
    let credential = headers::credential(&head.headers, head.uri.query());
    let digest = digest_of(&credential.or_else(|| among_subprotocols().map(Cow::Borrowed))?);
    (snapshot.proxy_keys.contains(&digest) || route.proxy_keys.contains(&digest)).then_some(digest)
}

fn clean(mut headers: HeaderMap, version: Version) -> HeaderMap {
    headers::strip_for_provider(&mut headers);
    if version == Version::HTTP_2 {
        join_cookies(&mut headers);
    }
    headers
}

/// What HTTP/2 may send as several fields is one in HTTP/1.1 (RFC 9113 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

fn shape_of(route: &Route) -> ErrorShape {
    match &route.target {
        Target::Service(service) => service.channel.error_shape(),
        Target::Aggregate(aggregate) => {
            aggregate.members().next().map_or(ErrorShape::OpenAi, |service| service.channel.error_shape())
        }
    }
}
