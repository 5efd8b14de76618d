//! The one declaration of the environment variables: the loader, `gpt-load help` and the README's table follow from it.

/// An environment variable of the program.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The text that is read when it is unset or empty; empty where there is nothing to read.
    pub default: &'static str,
    /// What it does, with units and limits, for the operator.
    pub meaning: &'static str,
}

macro_rules! environment {
    ($($name:ident = $default:literal: $meaning:literal,)*) => {
        $(pub(super) const $name: Variable =
            Variable { name: stringify!($name), default: $default, meaning: $meaning };)*

        /// Every variable, in the order in which they are shown.
        pub const ENVIRONMENT: &[Variable] = &[$($name),*];
    };
}

environment! {
    HOST = "0.0.0.0": "address or host name to listen on",
    PORT = "3001": "port to listen on; 0 takes a free one",
    SERVER_READ_TIMEOUT = "60": "seconds to receive a request's head, and between reads of its body; 0 = no limit",
    SERVER_WRITE_TIMEOUT = "600": "seconds a response may make no progress; 0 = no limit",
    SERVER_IDLE_TIMEOUT = "120": "seconds an idle client connection is kept; 0 = as SERVER_READ_TIMEOUT",
    SERVER_GRACEFUL_SHUTDOWN_TIMEOUT = "10": "seconds given to running requests at shutdown, 10 at least",
    SERVER_DRAIN_DELAY = "0": "seconds between \"not ready\" and closing the listener at shutdown, for load balancers",
    IS_SLAVE = "false": "this node never takes the background work or migrates the database",
    RUN_AS = "": "UID:GID; a start as root gives them ./data and goes on as them. Not read from .env; the container image sets it",
    TZ = "": "time zone of the console's day and hour borders, such as Asia/Shanghai; empty: the system's",
    AUTH_KEY = "": "key of the console and the admin API; empty: a random one is made and kept in the data directory",
    ENCRYPTION_KEY = "": "encrypts stored keys; empty: they are stored in plain text",
    METRICS_TOKEN = "": "bearer token of /metrics; empty: it asks for AUTH_KEY",
    BACKUP_PASSPHRASE = "": "encrypts what `gpt-load export` writes and `import` reads; empty: it is asked for on the terminal",
    DATABASE_DSN = "./data/gpt-load.db": "path of a SQLite file, postgres://…, mysql://… or user:pass@tcp(host:3306)/db",
    REDIS_DSN = "": "redis://…, rediss://… or redis+sentinel://…: nodes on one database agree sooner by it; empty: through the database alone",
    MAX_CONCURRENT_REQUESTS = "0": "proxied requests at once, above it 503; 0 = no limit",
    MAX_REQUEST_BODY_MB = "0": "largest request body in MiB, above it 413; 0 = no limit",
    ENABLE_CORS = "false": "answer requests of pages from other origins",
    ALLOWED_ORIGINS = "": "comma-separated origins that CORS allows, or *",
    ALLOWED_METHODS = "GET,POST,PUT,DELETE,OPTIONS": "comma-separated methods that CORS allows",
    ALLOWED_HEADERS = "*": "comma-separated request headers that CORS allows, or *",
    ALLOW_CREDENTIALS = "false": "CORS allows credentials; not together with the origin *",
    LOG_LEVEL = "info": "least level that is logged: error, warn, info, debug or trace",
    LOG_FORMAT = "text": "text or json",
    LOG_ENABLE_FILE = "false": "log to a file too",
    LOG_FILE_PATH = "./data/logs/app.log": "the log file; each day's becomes LOG_FILE_PATH.YYYY-MM-DD at midnight UTC",
    HTTP_PROXY = "": "outbound proxy for http:// upstreams: http://, https:// or socks5://, with user:pass; or http_proxy",
    HTTPS_PROXY = "": "outbound proxy for https:// upstreams, as above; or https_proxy",
    NO_PROXY = "": "comma-separated hosts that are reached without a proxy; or no_proxy",
    TRUSTED_PROXIES = "loopback,private": "peers (CIDRs, loopback, private or none) whose X-Forwarded-For and X-Real-IP count",
}
