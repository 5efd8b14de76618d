//! The client's address behind reverse proxies.

use std::net::IpAddr;
use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// `127.0.0.0/8` (RFC 1122) and `::1`.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];
/// RFC 1918 and RFC 4193.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// The peers whose `X-Forwarded-For` and `X-Real-IP` are believed. The default trusts nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a list of trusted proxies can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableProxies {
    /// An entry that means nothing.
    #[error("{0:?} is neither a CIDR or an IP address nor one of loopback, private, none")]
    Entry(String),
    /// `none` contradicts every other entry.
    #[error("none can't stand together with other entries")]
    NoneAndOthers,
}

impl FromStr for TrustedProxies {
    type Err = UnreadableProxies;

    /// Comma-separated CIDRs, single addresses, `loopback`, `private`; or `none` alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let entries: Vec<String> =
            text.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).collect();
        if entries == ["none"] {
            return Ok(Self::default());
        }
        let mut networks = Vec::new();
        for entry in entries {
            match entry.as_str() {
                "loopback" => networks.extend(LOOPBACK.iter().filter_map(|cidr| network(cidr))),
                "private" => networks.extend(PRIVATE.iter().filter_map(|cidr| network(cidr))),
                "none" => return Err(UnreadableProxies::NoneAndOthers),
                cidr => networks.push(network(cidr).ok_or_else(|| UnreadableProxies::Entry(cidr.to_owned()))?),
            }
        }
        Ok(Self(networks))
    }
}

impl TrustedProxies {
    /// The address of the client behind `peer`.
    ///
    /// `X-Forwarded-For` is walked from the right, where the nearest proxy wrote, over trusted addresses to the first
    /// that is not, or to its start. An entry that is no address ends the walk: nobody vouches for what stands left of
    /// it. Without a usable entry `X-Real-IP` counts, else the peer itself.
    #[must_use]
    pub fn client_ip(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        self.forwarded_for(headers).or_else(|| real_ip(headers)).unwrap_or(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    fn forwarded_for(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut nearest = None;
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            let Ok(line) = line.to_str() else { return nearest };
            for entry in line.rsplit(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                let Some(address) = address(entry) else { return nearest };
                if !self.trusts(address) {
                    return Some(address);
                }
                nearest = Some(address);
            }
        }
        nearest
    }
}

fn real_ip(headers: &HeaderMap) -> Option<IpAddr> {
    address(headers.get_all(REAL_IP).iter().next_back()?.to_str().ok()?.trim())
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// An address as proxies write it: bare, in brackets, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests;
