use super::*;

fn parsed(text: &str) -> RedisDsn {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(host: &str, port: u16) -> Address {
    Address { host: host.to_owned(), port }
}

fn plain(addresses: Vec<Address>) -> RedisDsn {
    RedisDsn { place: Place::Servers(addresses), login: Login::default(), tls: None }
}

#[test]
fn a_server_is_named_in_every_form_that_1_4_took() {
    for (text, host, port) in [
        ("redis://redis", "redis", 6379),
        (" redis://10.0.0.1:7000/3 ", "10.0.0.1", 7000),
        ("redis://[::1]:7000", "::1", 7000),
        ("redis://[::1]", "::1", 6379),
        ("redis://", "localhost", 6379),
        ("redis://h:1/0?dial_timeout=5s&pool_size=3&protocol=3", "h", 1),
    ] {
        assert_eq!(parsed(text), plain(vec![at(host, port)]), "{text}");
    }
}

#[test]
fn passwords_may_hold_anything() {
    for (text, user, password) in [
        ("redis://:p@h", None, "p"),
        ("redis://u:p@h", Some("u"), "p"),
        ("redis://u:a%40b%2Fc%3A@h", Some("u"), "a@b/c:"),
        ("redis://u:a@b/c?d#e:f@h", Some("u"), "a@b/c?d#e:f"),
    ] {
        let dsn = parsed(text);
        let given = (dsn.login.user.as_deref(), dsn.login.password.as_ref().map(Secret::expose));
        assert_eq!((given, dsn.place), ((user, Some(password)), Place::Servers(vec![at("h", 6379)])), "{text}");
        assert!(!format!("{:?}", parsed(text)).contains(password) || password == "p", "{text}");
    }
}

#[test]
fn several_hosts_are_nodes_of_a_cluster_or_sentinels() {
    assert_eq!(parsed("redis://a,b:7001,[::1]:7002"), plain(vec![at("a", 6379), at("b", 7001), at("::1", 7002)]));
    let dsn = parsed("rediss+sentinel://u:p@a,b:5/mymaster?sentinel_password=s&ca=/ca.pem");
    let Place::Sentinels { sentinels, master, login } = dsn.place else { panic!("no Sentinels") };
    assert_eq!((sentinels, master.as_str()), (vec![at("a", 26379), at("b", 5)], "mymaster"));
    assert_eq!((login.user, login.password.unwrap().expose()), (None, "s"));
    assert_eq!(dsn.login.password.unwrap().expose(), "p");
    assert_eq!(dsn.tls, Some(Tls { ca: Some("/ca.pem".into()), identity: None }));
}

#[test]
fn sockets_and_certificates() {
    let dsn = parsed("unix://u:p@/run/redis.sock?db=1");
    assert_eq!((dsn.place, dsn.login.user.as_deref()), (Place::Socket("/run/redis.sock".into()), Some("u")));
    assert_eq!(parsed("unix:///run/redis.sock").login, Login::default());
    let tls = parsed("rediss://h?cert=/c.pem&key=/k.pem").tls;
    assert_eq!(tls, Some(Tls { ca: None, identity: Some(("/c.pem".into(), "/k.pem".into())) }));
}

#[test]
fn what_is_wrong_is_named_and_no_password_shown() {
    for (text, fault) in [
        ("hunter2", RedisDsnError::Unreadable),
        ("localhost:6379", RedisDsnError::Unreadable),
        ("http://:hunter2@h", RedisDsnError::Unreadable),
        ("unix://hunter2", RedisDsnError::Unreadable),
        ("redis://:hunter2@h:0", RedisDsnError::Port),
        ("redis://:hunter2@h:66000,i", RedisDsnError::Port),
        ("redis://:hunter2@h/name", RedisDsnError::Database),
        ("redis+sentinel://:hunter2@h", RedisDsnError::NoMaster),
        ("redis://:hunter2@h?tls=1", RedisDsnError::Option),
        ("redis://:hunter2@h?ca=/x", RedisDsnError::Tls),
        ("rediss://:hunter2@h?cert=/x", RedisDsnError::Tls),
    ] {
        let error = text.parse::<RedisDsn>().unwrap_err();
        assert_eq!(error, fault, "{text}");
        assert!(!error.to_string().contains("hunter2") && error.to_string().starts_with("REDIS_DSN"));
    }
}
