use std::{num::NonZeroUsize, time::Duration};

use super::*;
use crate::{Limits, Proxies};

pub(crate) fn profile(proxies: Proxies, idle_secs: u64) -> Arc<Profile> {
    let limits = Limits {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(idle_secs),
        max_idle: 10,
        max_idle_per_host: 5,
    };
    Profile::new(limits, Arc::new(proxies), NonZeroUsize::MIN)
}

fn endpoint(url: &str, proxies: Proxies) -> Arc<Endpoint> {
    let origin = Origin::from_url(&url.parse().expect("a URL")).expect("an origin");
    Endpoint::new(origin, profile(proxies, 60)).expect("an endpoint")
}

#[test]
fn origins_of_urls() {
    for (url, host, port, header) in [
        ("https://API.example.com/v1?x=1", "api.example.com", 443, "api.example.com"),
        ("http://api.example.com:80", "api.example.com", 80, "api.example.com"),
        ("http://api.example.com:443", "api.example.com", 443, "api.example.com:443"),
        ("https://user:secret@127.0.0.1:8443/", "127.0.0.1", 8443, "127.0.0.1:8443"),
        ("http://[::1]:3000/a", "::1", 3000, "[::1]:3000"),
        ("https://[::1]", "::1", 443, "[::1]"),
        ("https://bücher.example", "xn--bcher-kva.example", 443, "xn--bcher-kva.example"),
    ] {
        let endpoint = endpoint(url, Proxies::default());
        let origin = endpoint.origin();
        assert_eq!((origin.host(), origin.port()), (host, port), "{url}");
        assert_eq!(endpoint.host_header(), header, "{url}");
        assert!(!format!("{origin} {endpoint:?}").contains("secret"), "{url}");
    }
    for (url, error) in [("ftp://host/", OriginError::Scheme), ("unix:/run/x", OriginError::Scheme)] {
        assert_eq!(Origin::from_url(&url.parse().expect("a URL")), Err(error), "{url}");
    }
}

#[test]
fn equal_endpoints_are_those_of_equal_origin_and_profile() {
    let first = endpoint("https://a.example/x", Proxies::default());
    assert_eq!(first, endpoint("https://a.example/y", Proxies::default()));
    assert_ne!(first, endpoint("https://a.example:444", Proxies::default()));
    assert_ne!(first, endpoint("http://a.example", Proxies::default()));
    let proxied = |login| {
        let proxies = Proxies::parse(&format!("http://{login}@proxy:1")).expect("a proxy");
        endpoint("https://a.example", proxies)
    };
    assert_ne!(first, proxied("u:p"));
    assert_eq!(proxied("u:p"), proxied("u:p"));
    assert_ne!(proxied("u:p"), proxied("u:q"), "connections with different logins must not mix");
}

#[test]
fn http_proxies_forward_plain_requests_and_tunnel_the_rest() {
    for (url, proxy, absolute) in [
        ("http://a.example:81", "http://proxy:1", Some("a.example:81")),
        ("http://a.example", "https://proxy:1", Some("a.example")),
        ("https://a.example", "http://proxy:1", None),
        ("http://a.example", "socks5://proxy:1", None),
    ] {
        let endpoint = endpoint(url, Proxies::parse(proxy).expect("a proxy"));
        assert_eq!(endpoint.absolute().map(Authority::as_str), absolute, "{url} by {proxy}");
        let for_upgrade = endpoint.for_upgrade();
        assert!(for_upgrade.absolute().is_none() && for_upgrade == for_upgrade.for_upgrade(), "{url} by {proxy}");
        assert_eq!(for_upgrade == endpoint, absolute.is_none(), "{url} by {proxy}");
        assert!(endpoint.proxy().is_some(), "{url} by {proxy}");
    }
}

#[test]
fn limits_are_divided_among_the_clients_and_rounded_up() {
    let limits =
        Limits { connect_timeout: Duration::ZERO, idle_timeout: Duration::ZERO, max_idle: 100, max_idle_per_host: 50 };
    for (clients, max_idle, max_idle_per_host) in [(1, 100, 50), (3, 34, 17), (200, 1, 1)] {
        let clients = NonZeroUsize::new(clients).expect("some");
        let profile = Profile::new(limits, Arc::default(), clients);
        assert_eq!((profile.max_idle, profile.max_idle_per_host), (max_idle, max_idle_per_host));
    }
}
