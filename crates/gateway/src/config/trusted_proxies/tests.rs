use http::HeaderValue;

use super::*;

fn trusted(text: &str) -> TrustedProxies {
    text.parse().unwrap()
}

/// The client's address for headers written `name: value`.
fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    trusted(proxies).client_ip(peer.parse().unwrap(), &headers).to_string()
}

#[test]
fn who_is_trusted() {
    let forwarded = ["X-Forwarded-For: 8.8.8.8"];
    for (proxies, peer, believed) in [
        ("loopback,private", "127.0.0.1", true),
        ("loopback,private", "127.9.9.9", true),
        ("loopback,private", "::1", true),
        ("loopback,private", "::ffff:10.1.2.3", true),
        ("loopback,private", "172.31.0.1", true),
        ("loopback,private", "172.32.0.1", false),
        ("loopback,private", "192.168.0.1", true),
        ("loopback,private", "fd00::1", true),
        ("loopback,private", "169.254.1.1", false),
        ("loopback,private", "9.9.9.9", false),
        ("loopback", "10.0.0.1", false),
        ("none", "127.0.0.1", false),
        (" Private , 9.9.9.0/24 ,", "9.9.9.9", true),
        ("9.9.9.9", "9.9.9.9", true),
        ("9.9.9.9", "9.9.9.8", false),
        ("2001:db8::/32", "2001:db8::5", true),
        ("0.0.0.0/0,::/0", "9.9.9.9", true),
    ] {
        let expected = if believed { "8.8.8.8" } else { peer.trim_start_matches("::ffff:") };
        assert_eq!(client(proxies, peer, &forwarded), expected, "{peer} by {proxies}");
    }
}

#[test]
fn forwarded_for_is_walked_from_the_right() {
    for (lines, expected) in [
        (vec!["X-Forwarded-For: 1.1.1.1"], "1.1.1.1"),
        (vec!["X-Forwarded-For: 6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (vec!["X-Forwarded-For: 6.6.6.6, 1.1.1.1,10.0.0.2 , 127.0.0.1"], "1.1.1.1"),
        (vec!["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 10.0.0.2"], "1.1.1.1"),
        (vec!["X-Forwarded-For: 192.168.1.7, 10.0.0.2"], "192.168.1.7"),
        (vec!["X-Forwarded-For: 2001:db8::1"], "2001:db8::1"),
        (vec!["X-Forwarded-For: ::ffff:1.1.1.1"], "1.1.1.1"),
        (vec!["X-Forwarded-For: [2001:db8::1]:443"], "2001:db8::1"),
        (vec!["X-Forwarded-For: [2001:db8::1]"], "2001:db8::1"),
        (vec!["X-Forwarded-For: 1.1.1.1:5000"], "1.1.1.1"),
        (vec!["X-Forwarded-For: 1.1.1.1, , "], "1.1.1.1"),
        (vec!["X-Forwarded-For: 1.1.1.1", "X-Real-IP: 2.2.2.2"], "1.1.1.1"),
    ] {
        assert_eq!(client("loopback,private", "10.0.0.1", &lines), expected, "{lines:?}");
    }
}

#[test]
fn what_stands_left_of_an_unreadable_entry_is_not_believed() {
    for (lines, expected) in [
        (vec!["X-Forwarded-For: 6.6.6.6, unknown"], "10.0.0.1"),
        (vec!["X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2"),
        (vec!["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: \u{e9}"], "10.0.0.1"),
        (vec!["X-Forwarded-For: \u{e9}", "X-Forwarded-For: 10.0.0.2"], "10.0.0.2"),
        (vec!["X-Forwarded-For: unknown", "X-Real-IP: 2.2.2.2"], "2.2.2.2"),
        (vec!["X-Forwarded-For: ", "X-Real-IP: 2.2.2.2"], "2.2.2.2"),
        (vec!["X-Real-IP: 2.2.2.2"], "2.2.2.2"),
        (vec!["X-Real-IP: 6.6.6.6", "X-Real-IP: 2.2.2.2"], "2.2.2.2"),
        (vec!["X-Real-IP: nobody"], "10.0.0.1"),
        (vec![], "10.0.0.1"),
    ] {
        assert_eq!(client("loopback,private", "10.0.0.1", &lines), expected, "{lines:?}");
    }
}

#[test]
fn unreadable_lists() {
    for (text, problem) in [
        ("loopback,privat", "\"privat\" is neither a CIDR or an IP address nor one of loopback, private, none"),
        ("10.0.0.0/33", "\"10.0.0.0/33\" is neither a CIDR or an IP address nor one of loopback, private, none"),
        ("none,loopback", "none can't stand together with other entries"),
    ] {
        assert_eq!(text.parse::<TrustedProxies>().unwrap_err().to_string(), problem);
    }
}
