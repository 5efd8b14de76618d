use super::*;

#[test]
fn proxy_urls_are_read() {
    use ProxyScheme::{Http, Https, Socks5};
    for (url, scheme, host, port, login) in [
        ("http://proxy.example", Http, "proxy.example", 80, None),
        ("https://Proxy.Example/", Https, "proxy.example", 443, None),
        ("socks5://10.0.0.1", Socks5, "10.0.0.1", 1080, None),
        ("socks5h://USER:pass@Gate:9", Socks5, "gate", 9, Some(("USER", "pass"))),
        ("proxy.example:3128", Http, "proxy.example", 3128, None),
        (" me@[::1]:8080 ", Http, "::1", 8080, Some(("me", ""))),
        ("http://a%40b:p%3A%2f%@h:1", Http, "h", 1, Some(("a@b", "p:/%"))),
        ("http://:only@h:1", Http, "h", 1, Some(("", "only"))),
    ] {
        let proxy = Proxy::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!((proxy.scheme(), proxy.host(), proxy.port()), (scheme, host, port), "{url}");
        let pair = proxy.login().map(|login| (&*login.user, &*login.password));
        assert_eq!(pair, login.map(|(user, password)| (user.as_bytes(), password.as_bytes())), "{url}");
        for text in [proxy.to_string(), format!("{proxy:?}")] {
            assert!(!text.contains("pass") && !text.contains("only"), "{text}");
        }
    }
    let header = Proxy::parse("http://Aladdin:open%20sesame@h").expect("a proxy").authorization();
    let header = header.expect("a login");
    assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "the example of RFC 7617");
    assert!(header.is_sensitive());
}

#[test]
fn a_faulty_proxy_url_is_named_without_its_credentials() {
    let long = format!("socks5://user:{}@h", "secret".repeat(50));
    for (url, shown, problem) in [
        ("ftp://user:secret@h", "ftp://***@h", "unknown scheme"),
        ("http://user:secret@h:99999", "http://***@h:99999", "not a valid URL"),
        ("http://user:se/secret@h", "http://***@h", "not a valid URL"),
        ("http://user:se#secret@h", "http://***@h", "not a valid URL"),
        ("http://user:secret", "http://user:***", "not a valid URL"),
        ("user:secret@", "***@", "not a valid URL"),
        ("socks5://user:secret@:1080", "socks5://***@:1080", "not a valid URL"),
        ("socks5://", "socks5://", "no host"),
        ("http://", "http://", "not a valid URL"),
        ("socks5://secret@h", "socks5://***@h", "1 to 255 bytes"),
        (&long, "socks5://***@h", "1 to 255 bytes"),
    ] {
        let text = Proxies::parse(url).expect_err(url).to_string();
        assert!(text.contains(&format!("{shown:?}")), "{url}: {text}");
        assert!(text.contains(problem) && text.contains("socks5h://"), "{url}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

fn from_env(variables: &[(&str, &str)]) -> Result<Proxies, Vec<(&'static str, ProxyUrlError)>> {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    Proxies::from_env(|name| find(name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn the_environment_names_a_proxy_for_each_scheme() {
    for (variables, http, https) in [
        (&[][..], None, None),
        (&[("HTTP_PROXY", "http://a:1")], Some("a"), None),
        (&[("https_proxy", "b:1"), ("HTTPS_PROXY", " ")], None, Some("b")),
        (&[("http_proxy", "http://a"), ("HTTP_PROXY", "http://A2"), ("HTTPS_PROXY", "b")], Some("a2"), Some("b")),
        (&[("ALL_PROXY", "http://a:1")], None, None),
    ] {
        let proxies = from_env(variables).expect("proxies");
        let host = |scheme| proxies.proxy_for(scheme, "api.example", 1).map(|proxy| proxy.host());
        assert_eq!((host(Scheme::Http), host(Scheme::Https)), (http, https), "{variables:?}");
    }
    let faults = from_env(&[("HTTP_PROXY", "ftp://a"), ("https_proxy", "http://u:secret@h:x")]);
    let faults = faults.expect_err("two faults");
    let names: Vec<_> = faults.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["HTTP_PROXY", "https_proxy"]);
    assert!(!format!("{faults:?}").contains("secret"));
}

#[test]
fn no_proxy_rules() {
    for (list, target, port, direct) in [
        ("", "api.example.com", 443, false),
        ("", "localhost", 443, true),
        ("", "127.8.8.8", 443, true),
        ("", "::1", 443, true),
        ("", "::ffff:127.0.0.1", 443, true),
        ("*", "api.example.com", 443, true),
        ("a.example, *", "api.example.com", 443, true),
        ("example.com", "example.com", 443, true),
        ("Example.COM", "api.example.com", 443, true),
        ("example.com", "notexample.com", 443, false),
        ("example.com", "example.com.evil", 443, false),
        (".example.com", "api.example.com", 443, true),
        (".example.com", "example.com", 443, false),
        ("*.example.com", "a.b.example.com", 443, true),
        ("*.example.com", "example.com", 443, false),
        ("example.com:443", "api.example.com", 443, true),
        ("example.com:443", "api.example.com", 80, false),
        ("example.com:https", "example.com", 443, false),
        ("x, ,10.0.0.0/8", "10.9.8.7", 443, true),
        ("10.1.2.3/8", "10.9.8.7", 443, true),
        ("10.0.0.0/8", "11.0.0.1", 443, false),
        ("fd00::/8", "fd12::1", 443, true),
        ("192.168.0.1", "192.168.0.1", 443, true),
        ("192.168.0.1:80", "192.168.0.1", 443, false),
        ("192.168.0.1:443", "192.168.0.1", 443, true),
        ("fd00::5", "fd00::5", 443, true),
        ("[fd00::5]", "fd00::5", 443, true),
        ("[fd00::5]:443", "fd00::5", 443, true),
        ("[fd00::5]:80", "fd00::5", 443, false),
        (":443,.,*.", "api.example.com", 443, false),
    ] {
        let proxies = from_env(&[("HTTPS_PROXY", "proxy:1"), ("NO_PROXY", list)]).expect("proxies");
        let proxy = proxies.proxy_for(Scheme::Https, target, port);
        assert_eq!(proxy.is_none(), direct, "NO_PROXY={list:?}, {target}:{port}");
    }
    let chosen = Proxies::parse("proxy:1").expect("a proxy");
    assert!(chosen.proxy_for(Scheme::Http, "localhost", 80).is_some(), "a chosen proxy has no exceptions");
}
