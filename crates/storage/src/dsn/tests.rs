use std::path::Path;

use domain::secret::Secret;
use jiff::tz::TimeZone;

use super::{Dsn, DsnError, Endpoint, Server, Tls, TlsMode};

fn parse(text: &str) -> Result<Dsn, DsnError> {
    text.parse()
}

#[test]
fn paths_name_sqlite_files() {
    let cases = [
        ("./data/gpt-load.db", "./data/gpt-load.db", "./data"),
        ("gpt-load.db", "gpt-load.db", "."),
        ("/srv/a b/x.db?_pragma=foreign_keys(1)", "/srv/a b/x.db", "/srv/a b"),
        ("sqlite://./data/x.db", "./data/x.db", "./data"),
        ("sqlite:///data/x.db", "/data/x.db", "/data"),
        ("sqlite:x.db", "x.db", "."),
        ("file:/data/a%20b%zz.db?cache=shared", "/data/a b%zz.db", "/data"),
        (r"C:\data\x.db", r"C:\data\x.db", "."),
    ];
    for (text, file, dir) in cases {
        let dsn = parse(text).unwrap();
        assert_eq!(dsn, Dsn::Sqlite(file.into()), "{text}");
        assert_eq!(dsn.data_dir(), Some(Path::new(dir)), "{text}");
    }
    for text in [":memory:", "sqlite::memory:", "file::memory:?cache=shared"] {
        assert_eq!(parse(text), Ok(Dsn::Memory));
    }
}

fn server(text: &str) -> Server {
    match parse(text) {
        Ok(Dsn::Postgres(server) | Dsn::MySql { server, .. }) => server,
        other => panic!("{text}: {other:?}"),
    }
}

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp { host: host.to_owned(), port }
}

fn socket(path: &str, port: u16) -> Endpoint {
    Endpoint::Socket { path: path.into(), port }
}

#[test]
fn servers_are_read_in_every_form() {
    let cases = [
        ("postgres://u:p@db:5433/gpt", tcp("db", 5433), "u", Some("p"), "gpt"),
        ("postgresql://u@db", tcp("db", 5432), "u", None, "u"),
        ("postgres://u:p@[::1]:5433/gpt", tcp("::1", 5433), "u", Some("p"), "gpt"),
        ("postgres://u:p@%2Frun%2Fpg/gpt", socket("/run/pg", 5432), "u", Some("p"), "gpt"),
        ("postgres:///gpt?host=/run/pg&port=5433&user=u", socket("/run/pg", 5433), "u", None, "gpt"),
        ("host=db port=5433 user=u password=p dbname=gpt", tcp("db", 5433), "u", Some("p"), "gpt"),
        (r"user = 'a b' password='it\'s \\' host=db", tcp("db", 5432), "a b", Some(r"it's \"), "a b"),
        (r"host=db user=u password=a\ b dbname=''", tcp("db", 5432), "u", Some("a b"), ""),
        ("u:p@tcp(db:3307)/gpt?charset=utf8mb4&parseTime=True&loc=Local", tcp("db", 3307), "u", Some("p"), "gpt"),
        ("u@tcp(db)/gpt", tcp("db", 3306), "u", None, "gpt"),
        ("u:p@tcp/gpt", tcp("127.0.0.1", 3306), "u", Some("p"), "gpt"),
        ("u:p@tcp([::1]:3307)/a%2Fb", tcp("::1", 3307), "u", Some("p"), "a/b"),
        ("u:p@unix(/run/mysqld.sock)/gpt", socket("/run/mysqld.sock", 3306), "u", Some("p"), "gpt"),
        ("mysql://u:p@db/gpt", tcp("db", 3306), "u", Some("p"), "gpt"),
        ("mariadb://u:p@db:3307/gpt?socket=/run/m.sock", socket("/run/m.sock", 3306), "u", Some("p"), "gpt"),
    ];
    for (text, endpoint, user, password, database) in cases {
        let server = server(text);
        assert_eq!((&server.endpoint, server.user.as_str()), (&endpoint, user), "{text}");
        assert_eq!(server.password.as_ref().map(Secret::expose), password, "{text}");
        assert_eq!(server.database, database, "{text}");
        assert_eq!(parse(text).unwrap().data_dir(), None);
    }
}

#[test]
fn passwords_may_hold_any_character() {
    for password in
        ["p@ss", "a/b", "a:b", "a?b=c", "a#b", "p@ss/w:rd?x&y", "100%", "(a)/b@tcp(", "пароль", "a b", "'\\"]
    {
        let go = format!("u:{password}@tcp(db:3306)/gpt?loc=UTC");
        assert_eq!(server(&go).password.unwrap().expose(), password);
        let escaped = format!("%{}", password.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join("%"));
        for url in ["postgres", "mysql"].iter().flat_map(|scheme| {
            [format!("{scheme}://u:{password}@db/gpt?x=a@b"), format!("{scheme}://u:{escaped}@db/gpt")]
        }) {
            let server = server(&url);
            assert_eq!((server.password.unwrap().expose(), server.endpoint), (password, tcp("db", server_port(&url))));
        }
    }
}

fn server_port(url: &str) -> u16 {
    if url.starts_with("mysql") { 3306 } else { 5432 }
}

#[test]
fn tls_options_are_honoured() {
    let cases = [
        ("postgres://u@db", TlsMode::Preferred),
        ("postgres://u@db/d?sslmode=disable", TlsMode::Disabled),
        ("host=db user=u sslmode=require", TlsMode::Required),
        ("host=db user=u sslmode=require sslrootcert=/ca.pem", TlsMode::VerifyCa),
        ("postgres://u@db/d?sslmode=verify-ca", TlsMode::VerifyCa),
        ("postgres://u@db/d?sslmode=verify-full", TlsMode::VerifyFull),
        ("u@tcp(db)/d", TlsMode::Disabled),
        ("u@tcp(db)/d?tls=false", TlsMode::Disabled),
        ("u@tcp(db)/d?tls=preferred", TlsMode::Preferred),
        ("u@tcp(db)/d?tls=skip-verify", TlsMode::Required),
        ("u@tcp(db)/d?tls=true", TlsMode::VerifyFull),
        ("mysql://u@db/d", TlsMode::Preferred),
        ("mysql://u@db/d?ssl-mode=VERIFY_CA", TlsMode::VerifyCa),
    ];
    for (text, mode) in cases {
        assert_eq!(server(text).tls.mode, mode, "{text}");
    }
    let files = Tls {
        mode: TlsMode::VerifyFull,
        root: Some("/ca.pem".into()),
        certificate: Some("/c.pem".into()),
        key: Some("/k.pem".into()),
    };
    for text in [
        "postgres://u@db/d?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem",
        "u@tcp(db)/d?tls=true&ssl-ca=/ca.pem&ssl-cert=%2Fc.pem&ssl-key=/k.pem",
    ] {
        assert_eq!(server(text).tls, files, "{text}");
    }
}

#[test]
fn times_of_mysql_stand_in_the_zone_of_loc() {
    let zone = |text: &str| match parse(text) {
        Ok(Dsn::MySql { zone, .. }) => zone,
        other => panic!("{other:?}"),
    };
    assert_eq!(zone("u@tcp(db)/d"), TimeZone::UTC);
    assert_eq!(zone("u@tcp(db)/d?loc=Local"), TimeZone::system());
    for text in ["u@tcp(db)/d?loc=Asia%2FShanghai", "u@tcp(db)/d?loc=Asia/Shanghai", "mysql://u@db/d?loc=Asia/Shanghai"]
    {
        assert_eq!(zone(text).iana_name(), Some("Asia/Shanghai"), "{text}");
    }
}

#[test]
fn other_options_are_settings_of_the_session() {
    let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(server("postgres://u@db/d?search_path=gpt&TimeZone=UTC").session, set("search_path", "gpt"));
    assert_eq!(server("u@tcp(db)/d?parseTime=True&wait_timeout=60").session, set("wait_timeout", "60"));
}

#[test]
fn faults_of_a_server_name_the_part_and_not_the_password() {
    let cases = [
        ("postgres://:hunter2@db/gpt", "names no user"),
        ("host=db password=hunter2", "names no user"),
        ("u:hunter2@tcp(db)/", "names no database"),
        ("mysql://u:hunter2@db", "names no database"),
        ("postgres://u:hunter2@db:hunter2/gpt", "port"),
        ("u:hunter2@tcp(db:0)/gpt", "port"),
        ("u:hunter2@tcp(a,hunter2:3306)/gpt", "host"),
        ("postgres://u:hunter2@db/gpt?sslmode=hunter2", "give disable, allow, prefer,"),
        ("u:hunter2@tcp(db)/gpt?tls=hunter2", "give true, false, skip-verify"),
        ("u:hunter2@tcp(db)/gpt?loc=hunter2", "loc that can't be used"),
        ("u:hunter2@tcp(db)/gpt?;hunter2=1", "parameter"),
        ("host=db password='hunter2", "form we know"),
        ("u:hunter2@tcp(db", "form we know"),
    ];
    for (text, part) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
    }
    assert!(!format!("{:?}", parse("postgres://u:hunter2@db")).contains("hunter2"));
}

#[test]
fn what_is_no_database_is_refused() {
    assert_eq!(parse("  "), Err(DsnError::Empty));
    assert_eq!(parse("sqlite://?x"), Err(DsnError::Empty));
    let error = parse("redis://:hunter2@host/1").unwrap_err();
    assert_eq!(error, DsnError::UnknownScheme("redis".to_owned()));
    assert!(!error.to_string().contains("hunter2"));
    for text in ["u:hunter2@db/gpt?next=http://x", "passwort=hunter2 host=db://", "://x"] {
        assert_eq!(parse(text), Err(DsnError::Unreadable), "{text}");
    }
}
