//! One upstream as seen with one profile: everything about it that is the same for each request.

use std::{
    borrow::Cow,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use http::{HeaderValue, uri::Authority};
use url::{Host, Url};

use crate::{
    profile::Profile,
    proxy::{Proxy, ProxyScheme},
};

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text, port 80 unless said otherwise.
    Http,
    /// TLS, port 443 unless said otherwise.
    Https,
}

/// Where requests go: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    /// Lower case; an IPv6 address without brackets.
    host: Box<str>,
    port: u16,
}

/// A URL no request can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The scheme is neither `http` nor `https`.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// There is no host, or one that can't stand in a `Host` header.
    #[error("the URL has no valid host")]
    Host,
}

impl Origin {
    /// The origin of `url`; its user, path and query are ignored.
    pub fn from_url(url: &Url) -> Result<Self, OriginError> {
        let (scheme, default_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            _ => return Err(OriginError::Scheme),
        };
        let host = host_of(url).ok_or(OriginError::Host)?;
        let origin = Self { scheme, host, port: url.port().unwrap_or(default_port) };
        origin.authority().parse::<Authority>().map_err(|_| OriginError::Host)?;
        Ok(origin)
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name or address; IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, whether the URL named it or not.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, the port always there: the form of CONNECT (RFC 9110 9.3.6) and of error texts.
    pub(crate) fn host_and_port(&self) -> String {
        host_and_port(&self.host, self.port)
    }

    /// The form of the `Host` header: without the scheme's own port.
    fn authority(&self) -> String {
        let own = matches!((self.scheme, self.port), (Scheme::Http, 80) | (Scheme::Https, 443));
        if own { bracketed(&self.host).into_owned() } else { self.host_and_port() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

/// The host in lower case, an IPv6 address without brackets; `None` if there is none.
pub(crate) fn host_of(url: &Url) -> Option<Box<str>> {
    match url.host()? {
        Host::Domain("") => None,
        Host::Domain(name) => Some(name.to_ascii_lowercase().into()),
        Host::Ipv4(address) => Some(address.to_string().into()),
        Host::Ipv6(address) => Some(address.to_string().into()),
    }
}

pub(crate) fn host_and_port(host: &str, port: u16) -> String {
    format!("{}:{port}", bracketed(host))
}

/// An IPv6 address in brackets, anything else as it is (RFC 3986 3.2.2).
fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { format!("[{host}]").into() } else { host.into() }
}

/// An upstream with its profile. Equal ones share their connections, so it may be made anew whenever the
/// configuration is read; keep it in an `Arc` and compare nothing per request.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Of origin and profile, computed once; inverted if it is for requests that leave HTTP.
    hash: u64,
    origin: Origin,
    profile: Arc<Profile>,
    host_header: HeaderValue,
    proxy: Option<Arc<Proxy>>,
    absolute: Option<Authority>,
}

impl Endpoint {
    /// Also decides whether an outbound proxy is used.
    pub fn new(origin: Origin, profile: Arc<Profile>) -> Result<Arc<Self>, OriginError> {
        let mut hasher = DefaultHasher::new();
        (&origin, &profile).hash(&mut hasher);
        let authority = origin.authority();
        let proxy = profile.proxies.proxy_for(origin.scheme, &origin.host, origin.port).cloned();
        let forwards = proxy.as_ref().is_some_and(|proxy| proxy.scheme() != ProxyScheme::Socks5);
        let absolute = (forwards && origin.scheme == Scheme::Http).then(|| authority.parse());
        Ok(Arc::new(Self {
            hash: hasher.finish(),
            host_header: authority.parse().map_err(|_| OriginError::Host)?,
            absolute: absolute.transpose().map_err(|_| OriginError::Host)?,
            origin,
            profile,
            proxy,
        }))
    }

    /// The same for requests that ask for another protocol: a proxy that forwards would take their `Upgrade` as meant for itself, so that
    /// it is asked for a tunnel instead (RFC 6455 4.1). The two share no connections, if they differ.
    #[must_use]
    pub fn for_upgrade(self: &Arc<Self>) -> Arc<Self> {
        if self.absolute.is_none() {
            return Arc::clone(self);
        }
        Arc::new(Self { hash: !self.hash, absolute: None, ..Self::clone(self) })
    }

    /// Where requests go.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How connections are made and kept.
    #[must_use]
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_deref()
    }

    /// Set if an HTTP proxy forwards the requests: they then name the whole URL (RFC 9112 3.2.2). Many proxies
    /// refuse CONNECT to port 80.
    pub(crate) fn absolute(&self) -> Option<&Authority> {
        self.absolute.as_ref()
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.origin == other.origin && self.profile == other.profile
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

#[cfg(test)]
pub(crate) mod tests;
