//! `NO_PROXY`: which targets are reached without a proxy, by the rules of Go's `golang.org/x/net/http/httpproxy`.

use std::net::IpAddr;

use ipnet::IpNet;

/// Targets that no proxy is used for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Bypass {
    /// None: the proxy was chosen by a setting, which has the last word.
    #[default]
    Nothing,
    /// All of them: `*`.
    Everything,
    /// This machine, and what the rules cover.
    Rules(Vec<Rule>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    Network(IpNet),
    Address { ip: IpAddr, port: Option<u16> },
    Domain { name: Box<str>, itself: bool, port: Option<u16> },
}

impl Bypass {
    /// Reads a comma-separated list of domains (`example.com` with its subdomains, `.example.com` or `*.example.com`
    /// only these), addresses, both with an optional `:port`, and CIDR networks. Entries that are none are ignored.
    pub(super) fn from_no_proxy(list: &str) -> Self {
        let entries = || list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        if entries().any(|entry| entry == "*") {
            return Self::Everything;
        }
        Self::Rules(entries().filter_map(Rule::parse).collect())
    }

    /// Whether `host` (lower case, IPv6 without brackets) is reached without a proxy.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let rules = match self {
            Self::Nothing => return false,
            Self::Everything => return true,
            Self::Rules(rules) => rules,
        };
        let ip = host.parse().ok().map(|ip: IpAddr| ip.to_canonical());
        host == "localhost"
            || ip.is_some_and(|ip| ip.is_loopback())
            || rules.iter().any(|rule| rule.covers(host, ip, port))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.to_ascii_lowercase();
        if let Ok(network) = entry.parse() {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(&entry)?;
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Some(Self::Address { ip: ip.to_canonical(), port });
        }
        let subdomains = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
        let name = subdomains.unwrap_or(host);
        (!name.is_empty()).then(|| Self::Domain { name: name.into(), itself: subdomains.is_none(), port })
    }

    fn covers(&self, host: &str, target: Option<IpAddr>, target_port: u16) -> bool {
        match self {
            Self::Network(network) => target.is_some_and(|ip| network.contains(&ip)),
            Self::Address { ip, port } => target == Some(*ip) && fits(*port, target_port),
            Self::Domain { name, itself, port } => {
                let below = host.strip_suffix(&**name);
                let covered = below.is_some_and(|below| below.ends_with('.') || (below.is_empty() && *itself));
                covered && fits(*port, target_port)
            }
        }
    }
}

fn fits(rule_port: Option<u16>, port: u16) -> bool {
    rule_port.is_none_or(|rule_port| rule_port == port)
}

/// `host:port`, `[ipv6]:port`, or a host or IPv6 address alone. `None` if there is no host or no such port.
fn split_port(entry: &str) -> Option<(&str, Option<u16>)> {
    if entry.parse::<IpAddr>().is_ok() {
        return Some((entry, None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !entry.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (entry, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!bare.is_empty()).then_some((bare, port))
}
