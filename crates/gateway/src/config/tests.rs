use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use tracing::Level;

use super::cors::Origins;
use super::environment::{ENVIRONMENT, RUN_AS};
use super::server::UNLIMITED;
use super::*;

/// Loads `variables`, with a strong `AUTH_KEY` unless they say otherwise.
fn loaded(variables: &[(&str, &str)]) -> Loaded {
    with_dotenv(variables, None)
}

fn with_dotenv(variables: &[(&str, &str)], dotenv: Option<&str>) -> Loaded {
    let process = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    load(&process, Ok(dotenv.map(str::to_owned)))
}

/// The configuration of variables that leave nothing to say.
fn config(variables: &[(&str, &str)]) -> Config {
    let loaded = loaded(variables);
    assert_eq!((loaded.warnings, loaded.faults), (vec![], Faults::default()), "{variables:?}");
    loaded.config
}

/// The configuration of variables that get the one warning `expected`.
fn warned(variables: &[(&str, &str)], expected: &str) -> Config {
    let loaded = loaded(variables);
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, [expected]);
    assert_eq!(loaded.faults, Faults::default());
    loaded.config
}

fn faults(variables: &[(&str, &str)]) -> String {
    loaded(variables).faults.to_string()
}

#[test]
fn defaults() {
    let config = config(&[]);
    let server = &config.server;
    assert_eq!((server.host.as_str(), server.port), ("0.0.0.0", 3001));
    let timeouts =
        [server.read_timeout, server.write_timeout, server.idle_timeout, server.shutdown_timeout, server.drain_delay];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [60, 600, 120, 10, 0]);
    assert!(!config.is_slave && config.auth_key.is_none() && config.encryption_key.is_none());
    assert_eq!((config.database_dsn.expose(), &config.redis_dsn), ("./data/gpt-load.db", &None));
    assert_eq!((config.max_concurrent_requests, config.max_request_body_bytes, &config.cors), (0, None, &None));
    assert_eq!(config.log, LogConfig { level: Level::INFO, format: LogFormat::Text, file: None });
    assert!(config.outbound_proxies.is_empty());
    assert_eq!(config.trusted_proxies, "loopback,private".parse().unwrap());
    assert_eq!(config.data_dir, Path::new("./data"));
}

#[test]
fn every_value_is_taken() {
    let config = config(&[
        ("HOST", "::1"),
        ("PORT", "0"),
        ("SERVER_READ_TIMEOUT", "1"),
        ("SERVER_WRITE_TIMEOUT", "2"),
        ("SERVER_IDLE_TIMEOUT", "3"),
        ("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT", "40"),
        ("SERVER_DRAIN_DELAY", "5"),
        ("IS_SLAVE", "true"),
        ("TZ", "Asia/Shanghai"),
        ("AUTH_KEY", "an auth key of some length"),
        ("ENCRYPTION_KEY", "an encryption key of some length"),
        ("DATABASE_DSN", "/var/lib/gpt-load/keys.db"),
        ("REDIS_DSN", "redis://:password@localhost"),
        ("MAX_CONCURRENT_REQUESTS", "100"),
        ("MAX_REQUEST_BODY_MB", "3"),
        ("LOG_LEVEL", "debug"),
        ("LOG_FORMAT", "json"),
        ("LOG_ENABLE_FILE", "true"),
        ("LOG_FILE_PATH", "/var/log/gpt-load.log"),
        ("TRUSTED_PROXIES", "none"),
    ]);
    let server = &config.server;
    assert_eq!((server.host.as_str(), server.port), ("::1", 0));
    let timeouts =
        [server.read_timeout, server.write_timeout, server.idle_timeout, server.shutdown_timeout, server.drain_delay];
    assert_eq!(timeouts.map(|timeout| timeout.as_secs()), [1, 2, 3, 40, 5]);
    assert!(config.is_slave);
    assert_eq!(config.time_zone.iana_name(), Some("Asia/Shanghai"));
    assert_eq!(config.auth_key.unwrap().expose(), "an auth key of some length");
    assert_eq!(config.encryption_key.unwrap().expose(), "an encryption key of some length");
    assert_eq!(config.data_dir, Path::new("/var/lib/gpt-load"));
    assert_eq!(config.redis_dsn.unwrap().expose(), "redis://:password@localhost");
    assert_eq!((config.max_concurrent_requests, config.max_request_body_bytes), (100, Some(3 << 20)));
    let file = Some(PathBuf::from("/var/log/gpt-load.log"));
    assert_eq!(config.log, LogConfig { level: Level::DEBUG, format: LogFormat::Json, file });
    assert_eq!(config.trusted_proxies, TrustedProxies::default());
}

#[test]
fn the_table_names_just_what_is_read() {
    let read = RefCell::new(BTreeSet::new());
    let process = |name: &str| {
        read.borrow_mut().insert(name.to_ascii_uppercase());
        None
    };
    let _ = load(&process, Ok(None));
    // Which user the program is to be is read before there is a configuration.
    read.borrow_mut().insert(RUN_AS.name.to_owned());
    let table: BTreeSet<_> = ENVIRONMENT.iter().map(|variable| variable.name.to_owned()).collect();
    assert_eq!((table.len(), &table), (ENVIRONMENT.len(), &*read.borrow()));
}

#[test]
fn set_but_empty_is_unset() {
    let empty: Vec<_> = ENVIRONMENT.iter().map(|variable| (variable.name, "")).collect();
    let config = config(&empty);
    assert_eq!((config.server.port, config.auth_key, config.log.level), (3001, None, Level::INFO));
}

#[test]
fn booleans() {
    for (text, expected) in [
        ("true", true),
        ("1", true),
        ("Yes", true),
        ("ON", true),
        ("FALSE", false),
        ("0", false),
        ("no", false),
        ("Off", false),
    ] {
        assert_eq!(config(&[("IS_SLAVE", text)]).is_slave, expected, "{text}");
    }
}

#[test]
fn values_that_give_way_to_the_default_are_warned_about() {
    let seconds = "not a whole number of seconds; used:";
    let boolean = "not one of true, false, 1, 0, yes, no, on, off; used: false";
    for (name, value, expected) in [
        ("PORT", "65536", "not a port from 0 to 65535; used: 3001"),
        ("PORT", "-1", "not a port from 0 to 65535; used: 3001"),
        ("PORT", " 80", "not a port from 0 to 65535; used: 3001"),
        ("SERVER_READ_TIMEOUT", "60s", &format!("{seconds} 60")),
        ("SERVER_WRITE_TIMEOUT", "ten", &format!("{seconds} 600")),
        ("SERVER_IDLE_TIMEOUT", "1.5", &format!("{seconds} 120")),
        ("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT", "1m", &format!("{seconds} 10")),
        ("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT", "9", "shorter than 10 seconds; used: 10"),
        ("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT", "-1", "shorter than 10 seconds; used: 10"),
        ("SERVER_DRAIN_DELAY", "-1", "not a whole number of seconds, 0 or more; used: 0"),
        ("IS_SLAVE", "ja", boolean),
        ("MAX_CONCURRENT_REQUESTS", "-5", "not a whole number of requests, 0 or more; used: 0"),
        ("MAX_REQUEST_BODY_MB", "10MB", "not a whole number of MiB, 0 or more; used: 0"),
        ("ENABLE_CORS", "y", boolean),
        ("LOG_LEVEL", "verbose", "not one of error, warn, info, debug, trace; used: info"),
        ("LOG_FORMAT", "xml", "not text or json; used: text"),
        ("LOG_ENABLE_FILE", "2", boolean),
    ] {
        let config = warned(&[(name, value)], &format!("{name} = {value:?}: {expected}"));
        let server = ServerConfig { ..config.server };
        assert_eq!(
            (server.port, server.shutdown_timeout, config.log.level),
            (3001, Duration::from_secs(10), Level::INFO)
        );
        assert_eq!((server.read_timeout.as_secs(), server.idle_timeout.as_secs()), (60, 120));
    }
}

#[test]
fn timeouts_of_zero_are_none_and_huge_ones_can_be_added_to_an_instant() {
    for text in ["0", "-1", "9223372036854775807"] {
        let server = config(&[("SERVER_READ_TIMEOUT", text), ("SERVER_WRITE_TIMEOUT", text)]).server;
        assert_eq!((server.read_timeout, server.write_timeout), (UNLIMITED, UNLIMITED));
    }
    assert!(std::time::Instant::now().checked_add(UNLIMITED).is_some());
    for (idle, expected) in [("0", Duration::from_secs(7)), ("-1", UNLIMITED)] {
        assert_eq!(
            config(&[("SERVER_READ_TIMEOUT", "7"), ("SERVER_IDLE_TIMEOUT", idle)]).server.idle_timeout,
            expected
        );
    }
    assert_eq!(config(&[("SERVER_DRAIN_DELAY", "18446744073709551615")]).server.drain_delay, UNLIMITED);
    assert_eq!(config(&[("MAX_REQUEST_BODY_MB", "18446744073709551615")]).max_request_body_bytes, Some(u64::MAX));
}

#[test]
fn hosts() {
    for (text, expected) in [
        ("127.0.0.1", "127.0.0.1"),
        ("::", "::"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("localhost", "localhost"),
        ("my_host.example.", "my_host.example."),
    ] {
        assert_eq!(config(&[("HOST", text)]).server.host, expected);
    }
    for text in ["0.0.0.0:3001", "http://localhost", "a b", "a..b", "[localhost]", ":::"] {
        assert_eq!(faults(&[("HOST", text)]), format!("HOST: {text:?} is neither an IP address nor a host name"));
    }
}

#[test]
fn time_zones() {
    for text in ["Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"] {
        assert_eq!(config(&[("TZ", text)]).time_zone.iana_name(), Some("Europe/Berlin"));
    }
    let system = TimeZone::system();
    let used = system.iana_name().unwrap_or("the system's");
    let config =
        warned(&[("TZ", "Mars/Olympus")], &format!("TZ = \"Mars/Olympus\": not a known time zone; used: {used}"));
    assert_eq!(config.time_zone, system);
}

#[test]
fn log_levels_of_logrus() {
    for (text, expected) in
        [("WARNING", Level::WARN), ("fatal", Level::ERROR), ("panic", Level::ERROR), ("Trace", Level::TRACE)]
    {
        assert_eq!(config(&[("LOG_LEVEL", text)]).log.level, expected);
    }
}

#[test]
fn short_keys_are_used_with_a_warning_that_hides_them() {
    for name in ["AUTH_KEY", "ENCRYPTION_KEY"] {
        let expected = format!("{name} = \"****\": shorter than 16 characters, so it can be guessed; used: this value");
        let config = warned(&[(name, "sk-123456789012")], &expected);
        assert_eq!(config.auth_key.or(config.encryption_key).unwrap().expose(), "sk-123456789012");
    }
}

#[test]
fn cors() {
    let on = ("ENABLE_CORS", "true");
    let cors = config(&[on, ("ALLOWED_ORIGINS", " https://a.example ,, https://b.example")]).cors.unwrap();
    assert!(cors.origins.allow("https://b.example") && !cors.origins.allow("https://c.example"));
    assert_eq!(cors.methods, ["GET", "POST", "PUT", "DELETE", "OPTIONS"]);
    assert_eq!((cors.headers, cors.credentials), (vec!["*".to_owned()], false));

    let some = [
        on,
        ("ALLOWED_ORIGINS", "https://a.example"),
        ("ALLOWED_METHODS", "GET"),
        ("ALLOWED_HEADERS", "X-A"),
        ("ALLOW_CREDENTIALS", "yes"),
    ];
    let cors = config(&some).cors.unwrap();
    assert_eq!((cors.methods, cors.headers, cors.credentials), (vec!["GET".to_owned()], vec!["X-A".to_owned()], true));
    assert_eq!(config(&some[1..]).cors, None, "off unless enabled");
}

#[test]
fn cors_that_would_be_unsafe_or_useless() {
    let any = [("ENABLE_CORS", "true"), ("ALLOWED_ORIGINS", "https://a.example,*"), ("ALLOW_CREDENTIALS", "true")];
    let cors = warned(&any, "ALLOW_CREDENTIALS = \"true\": ALLOWED_ORIGINS holds *; used: false").cors.unwrap();
    assert_eq!((&cors.origins, cors.credentials), (&Origins::Any, false));
    assert!(cors.origins.allow("https://z.example"));
    let none = warned(&any[..1], "ENABLE_CORS = \"true\": ALLOWED_ORIGINS names no origin; used: false");
    assert_eq!(none.cors, None);
}

#[test]
fn outbound_proxies_in_either_case() {
    let proxies = config(&[
        ("http_proxy", "http://lower:1"),
        ("HTTP_PROXY", "http://upper:1"),
        ("no_proxy", "a.example"),
        ("HTTPS_PROXY", ""),
    ])
    .outbound_proxies;
    let proxies: Vec<_> = proxies.iter().map(|(name, value)| (*name, value.expose())).collect();
    assert_eq!(proxies, [("HTTP_PROXY", "http://upper:1"), ("NO_PROXY", "a.example")]);
}

#[test]
fn data_directories() {
    for (dsn, expected) in [
        ("keys.db", "."),
        ("./data/keys.db?_pragma=x/y", "./data"),
        ("file:/srv/keys.db?cache=shared", "/srv"),
        ("file:///srv/keys.db", "/srv"),
        ("sqlite://rel/keys.db", "rel"),
        (":memory:", "./data"),
        ("file::memory:?cache=shared", "./data"),
        ("postgres://u:p@host/db", "./data"),
        ("postgresql://u:p@host/db", "./data"),
        ("mysql://u:p@host/db", "./data"),
        ("u:p@tcp(host:3306)/db?charset=utf8mb4", "./data"),
    ] {
        assert_eq!(config(&[("DATABASE_DSN", dsn)]).data_dir, Path::new(expected), "{dsn}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let mut faults = loaded(&[("HOST", "a b"), ("TRUSTED_PROXIES", "lan")]).faults;
    let unread: Option<()> = faults.take("DATABASE_DSN", Err("no database name"));
    assert_eq!((unread, faults.take("REDIS_DSN", Ok::<_, String>(5))), (None, Some(5)));
    let expected = "HOST: \"a b\" is neither an IP address nor a host name\n\
        TRUSTED_PROXIES: \"lan\" is neither a CIDR or an IP address nor one of loopback, private, none\n\
        DATABASE_DSN: no database name";
    assert_eq!(faults.into_result().unwrap_err().to_string(), expected);
    assert_eq!(Faults::default().into_result(), Ok(()));
}

#[test]
fn the_file_fills_in_what_the_process_does_not_have() {
    let file = Some("PORT=4000\nHOST=localhost\nREDIS_DSN=redis://file\nhttp_proxy=http://p:1\nLOG_LEVEL=$LEVEL");
    let loaded = with_dotenv(&[("PORT", "5000"), ("REDIS_DSN", ""), ("LEVEL", "debug")], file);
    let Config { server, redis_dsn, log, outbound_proxies, .. } = loaded.config;
    assert_eq!((server.port, server.host.as_str()), (5000, "localhost"));
    assert_eq!(redis_dsn, None, "an empty value of the process hides the file's");
    assert_eq!(log.level, Level::INFO, "the file's references don't see the process");
    assert_eq!(outbound_proxies["HTTP_PROXY"].expose(), "http://p:1");
}

#[test]
fn an_unreadable_file_is_a_fault_unless_gpt_load_would_have_started_without_it() {
    let file = Some("PORT=4000\nSECRET LINE\n");
    let problem = "line 2: a name of letters, digits, `_` and `.`, then `=`, is expected";
    assert_eq!(with_dotenv(&[], file).faults.to_string(), format!(".env: {problem}"));

    let loaded = with_dotenv(&[("AUTH_KEY", "an auth key of some length")], file);
    assert_eq!((loaded.faults, loaded.config.server.port), (Faults::default(), 3001));
    let warning = loaded.warnings[0].to_string();
    assert_eq!(warning, format!(".env: {problem}; used: the environment alone, nothing of this file"));

    let unreadable = load(&|_| None, Err(io::Error::other("permission denied")));
    assert_eq!(unreadable.faults.to_string(), ".env: permission denied");
}

#[test]
fn the_file_is_read_as_text_whatever_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    assert_eq!(read_dotenv(&path).unwrap(), None);
    fs::write(&path, b"X=\xc3\xa9 # \xe4\xb8\n").unwrap();
    assert_eq!(read_dotenv(&path).unwrap().unwrap(), "X=é # \u{fffd}\u{fffd}\n");
    assert!(read_dotenv(folder.path()).is_err(), "a folder");
}

#[test]
fn secrets_are_not_shown() {
    let secrets = ["AUTH_KEY", "ENCRYPTION_KEY", "DATABASE_DSN", "REDIS_DSN", "HTTP_PROXY", "https_proxy"];
    let variables = secrets.map(|name| (name, "scheme://user:hunter2@host/path"));
    let shown = format!("{:?}", loaded(&variables));
    assert!(!shown.contains("hunter2"), "{shown}");
}
