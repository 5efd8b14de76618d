//! Outbound proxies: which one, if any, stands between us and an upstream.

mod bypass;

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use url::Url;

use crate::endpoint::{Scheme, host_and_port, host_of};
use bypass::Bypass;

/// The outbound proxies of one profile. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    bypass: Bypass,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyScheme {
    /// In plain text.
    Http,
    /// Over TLS.
    Https,
    /// SOCKS version 5 (RFC 1928). Names are always resolved by the proxy, as with Go's `net/http`: `socks5` and
    /// `socks5h` are one.
    Socks5,
}

/// One proxy with its credentials, which never show in its texts.
#[derive(PartialEq, Eq, Hash)]
pub struct Proxy {
    scheme: ProxyScheme,
    host: Box<str>,
    port: u16,
    login: Option<Login>,
}

/// User and password, percent-decoded.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Login {
    pub(crate) user: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

/// A proxy URL that can't be used. The text shows the URL without its credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "outbound proxy {shown:?}: {problem}; expected http://, https://, socks5:// or socks5h:// and a host, \
     such as http://user:password@proxy.example:8080"
)]
pub struct ProxyUrlError {
    shown: String,
    problem: &'static str,
}

impl Proxies {
    /// One proxy for everything. A URL without a scheme is an `http://` one.
    pub fn parse(url: &str) -> Result<Self, ProxyUrlError> {
        let proxy = Arc::new(Proxy::parse(url)?);
        Ok(Self { http: Some(Arc::clone(&proxy)), https: Some(proxy), bypass: Bypass::default() })
    }

    /// The proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (lower case if the upper-case name is unset or
    /// empty), by the rules of Go's `golang.org/x/net/http/httpproxy`. On failure, every faulty variable.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<(&'static str, ProxyUrlError)>> {
        let value = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| lookup(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value)))
        };
        let mut faults = Vec::new();
        let mut proxy = |names| {
            let (name, url) = value(names)?;
            Proxy::parse(&url).map(Arc::new).map_err(|error| faults.push((name, error))).ok()
        };
        let http = proxy(["HTTP_PROXY", "http_proxy"]);
        let https = proxy(["HTTPS_PROXY", "https_proxy"]);
        let no_proxy = value(["NO_PROXY", "no_proxy"]).map(|(_, list)| list).unwrap_or_default();
        let bypass = Bypass::from_no_proxy(&no_proxy);
        if faults.is_empty() { Ok(Self { http, https, bypass }) } else { Err(faults) }
    }

    /// The proxy for requests to this origin.
    #[must_use]
    pub fn proxy_for(&self, scheme: Scheme, host: &str, port: u16) -> Option<&Arc<Proxy>> {
        let proxy = match scheme {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.bypass.covers(host, port))
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let text = text.trim();
        let fault = |problem| ProxyUrlError { shown: without_login(text), problem };
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let url = url.map_err(|_| fault("not a valid URL"))?;
        let (scheme, default_port) = match url.scheme() {
            "http" => (ProxyScheme::Http, 80),
            "https" => (ProxyScheme::Https, 443),
            "socks5" | "socks5h" => (ProxyScheme::Socks5, 1080),
            _ => return Err(fault("unknown scheme")),
        };
        let host = host_of(&url).ok_or_else(|| fault("no host"))?;
        let login = Login::of(&url);
        if scheme == ProxyScheme::Socks5 && login.as_ref().is_some_and(|login| !login.fits_socks5()) {
            return Err(fault("a SOCKS5 user and password take 1 to 255 bytes each"));
        }
        Ok(Self { scheme, host, port: url.port().unwrap_or(default_port), login })
    }

    /// How the proxy is spoken to.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// The proxy's name or address; IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The value of `Proxy-Authorization` (RFC 7617), if there is a login.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let login = self.login.as_ref()?;
        let pair = [login.user.as_slice(), b":", login.password.as_slice()].concat();
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
            ProxyScheme::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}", host_and_port(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Login {
    fn of(url: &Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let password = url.password().unwrap_or_default();
        Some(Self { user: percent_decoded(url.username()), password: percent_decoded(password) })
    }

    /// RFC 1929: both fields have a one-byte length that is not 0.
    fn fits_socks5(&self) -> bool {
        [&self.user, &self.password].into_iter().all(|field| (1..=255).contains(&field.len()))
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let mut plain = *byte;
        if let (b'%', [high, low, after @ ..]) = (byte, after)
            && let (Some(high), Some(low)) = (digit(high), digit(low))
        {
            plain = high << 4 | low;
            rest = after;
        }
        decoded.push(plain);
    }
    decoded
}

/// The URL with `***` for everything that may be a user or a password, even if the URL is broken.
fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let shown = match (rest.rfind('@'), rest.split_once(':')) {
        (Some(at), _) => format!("***{}", &rest[at..]),
        (None, Some((host, port))) if port.parse::<u16>().is_err() => format!("{host}:***"),
        _ => rest.to_owned(),
    };
    if scheme.is_empty() { shown } else { format!("{scheme}://{shown}") }
}

#[cfg(test)]
mod tests;
