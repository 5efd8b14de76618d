//! Static configuration: environment variables and the `.env` file, read once at start.
//!
//! An installation that GPT-Load 1.4.x starts with starts here too: a value it would have replaced by a default gets a
//! [`Warning`]. Only what makes serving impossible or unsafe is a fault, and all [`Faults`] are told at once.

pub mod auth_key;
pub mod cli;
pub mod cors;
mod dotenv;
pub mod environment;
mod log;
mod reader;
mod report;
pub mod run_as;
pub mod server;
mod trusted_proxies;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use domain::secret::Secret;
use jiff::tz::TimeZone;
use storage::Dsn;

pub use cors::Cors;
pub use log::{LogConfig, LogFormat};
pub use report::{Faults, Warning};
pub use server::ServerConfig;
pub use trusted_proxies::TrustedProxies;

use environment::{
    AUTH_KEY, BACKUP_PASSPHRASE, DATABASE_DSN, ENCRYPTION_KEY, HTTP_PROXY, HTTPS_PROXY, IS_SLAVE,
    MAX_CONCURRENT_REQUESTS, MAX_REQUEST_BODY_MB, METRICS_TOKEN, NO_PROXY, REDIS_DSN, TRUSTED_PROXIES, TZ, Variable,
};
use reader::Reader;

/// Where files go when the database is none.
const DATA_DIR: &str = "./data";

/// What the environment says, checked and typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// The listener.
    pub server: ServerConfig,
    /// This node never takes the background work or migrates the database.
    pub is_slave: bool,
    /// Of the console's day and hour borders.
    pub time_zone: TimeZone,
    /// Of the console and the admin API; without one, see [`auth_key::load_or_create`].
    pub auth_key: Option<Secret>,
    /// Encrypts keys at rest; without one they are stored in plain text.
    pub encryption_key: Option<Secret>,
    /// Of `/metrics`; without one it asks for the admin key.
    pub metrics_token: Option<Secret>,
    /// Seals backups that the command line writes, and opens those it reads.
    pub backup_passphrase: Option<Secret>,
    /// As given; the storage layer reads it.
    pub database_dsn: Secret,
    /// As given; a single node has none.
    pub redis_dsn: Option<Secret>,
    /// Proxied requests at once; 0 is no limit.
    pub max_concurrent_requests: usize,
    /// Larger request bodies are refused.
    pub max_request_body_bytes: Option<u64>,
    /// `None` when CORS is off.
    pub cors: Option<Cors>,
    /// The program's own log.
    pub log: LogConfig,
    /// Those of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` that are set, under these names however they were written.
    pub outbound_proxies: BTreeMap<&'static str, Secret>,
    /// Whose word about client addresses is believed.
    pub trusted_proxies: TrustedProxies,
    /// The folder of the program's files: the SQLite file's, else `./data`.
    pub data_dir: PathBuf,
}

/// A configuration with what is to be said about it. With faults, `config` must not be served with.
#[derive(Debug)]
pub struct Loaded {
    /// Usable for further checks even with faults.
    pub config: Config,
    /// For the log.
    pub warnings: Vec<Warning>,
    /// For standard error, before the end.
    pub faults: Faults,
}

/// Loads the configuration from the process's environment and the `.env` file in its working directory.
#[must_use]
pub fn from_process() -> Loaded {
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    load(&variable, read_dotenv(Path::new(".env")))
}

/// Loads the configuration from the variables of a process and the text of its `.env` file, if there is one.
#[must_use]
pub fn load(process: &dyn Fn(&str) -> Option<String>, dotenv: io::Result<Option<String>>) -> Loaded {
    let mut reader = Reader::new(process, dotenv);
    let config = Config::read(&mut reader);
    Loaded { config, warnings: reader.warnings, faults: reader.faults }
}

/// The text of a file that need not exist. Bytes that are no UTF-8 become U+FFFD, one each, as in Go.
fn read_dotenv(path: &Path) -> io::Result<Option<String>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(Some(text))
}

impl Config {
    fn read(reader: &mut Reader<'_>) -> Self {
        let database_dsn = reader.text_or_default(&DATABASE_DSN);
        Self {
            server: ServerConfig::read(reader),
            is_slave: reader.boolean(&IS_SLAVE),
            time_zone: time_zone(reader),
            auth_key: strong_secret(reader, &AUTH_KEY),
            encryption_key: strong_secret(reader, &ENCRYPTION_KEY),
            metrics_token: strong_secret(reader, &METRICS_TOKEN),
            backup_passphrase: reader.secret(&BACKUP_PASSPHRASE),
            data_dir: data_dir(&database_dsn),
            database_dsn: Secret::from(database_dsn),
            redis_dsn: reader.secret(&REDIS_DSN),
            max_concurrent_requests: usize::try_from(reader.count(&MAX_CONCURRENT_REQUESTS, "requests"))
                .unwrap_or(usize::MAX),
            max_request_body_bytes: max_request_body_bytes(reader),
            cors: Cors::read(reader),
            log: LogConfig::read(reader),
            outbound_proxies: outbound_proxies(reader),
            trusted_proxies: trusted_proxies(reader),
        }
    }
}

fn time_zone(reader: &mut Reader<'_>) -> TimeZone {
    let Some(text) = reader.text(&TZ) else { return TimeZone::system() };
    let path = text.strip_prefix(':').unwrap_or(&text);
    let name = path.rsplit_once("/zoneinfo/").map_or(path, |(_, name)| name);
    TimeZone::get(name).unwrap_or_else(|_| {
        let system = TimeZone::system();
        reader.warn(&TZ, text, "not a known time zone", system.iana_name().unwrap_or("the system's"));
        system
    })
}

/// A key that everything depends on. A short one is used all the same: an existing installation must start.
fn strong_secret(reader: &mut Reader<'_>, variable: &Variable) -> Option<Secret> {
    let text = reader.text(variable)?;
    if text.chars().count() < 16 {
        reader.warn(variable, "****".to_owned(), "shorter than 16 characters, so it can be guessed", "this value");
    }
    Some(Secret::from(text))
}

/// A path of SQLite gives the folder; a database server has none, and one that can't be read is told as a fault later.
fn data_dir(dsn: &str) -> PathBuf {
    let dsn = dsn.parse::<Dsn>().ok();
    dsn.as_ref().and_then(Dsn::data_dir).map_or_else(|| PathBuf::from(DATA_DIR), Path::to_owned)
}

fn max_request_body_bytes(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.count(&MAX_REQUEST_BODY_MB, "MiB") {
        0 => None,
        mebibytes => Some(mebibytes.saturating_mul(1 << 20)),
    }
}

/// The upper-case name goes first, as in Go's `http.ProxyFromEnvironment`.
fn outbound_proxies(reader: &Reader<'_>) -> BTreeMap<&'static str, Secret> {
    let value = |variable: Variable| {
        let text = reader.text(&variable).or_else(|| reader.named(&variable.name.to_ascii_lowercase()))?;
        Some((variable.name, Secret::from(text)))
    };
    [HTTP_PROXY, HTTPS_PROXY, NO_PROXY].into_iter().filter_map(value).collect()
}

/// Believing the wrong peers lets clients choose their address, so a list that can't be read is no matter of a default.
fn trusted_proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let parsed = reader.text_or_default(&TRUSTED_PROXIES).parse();
    reader.faults.take(TRUSTED_PROXIES.name, parsed).unwrap_or_default()
}

#[cfg(test)]
mod tests;
