//! DSNs of MySQL: the form of Go's driver, <https://github.com/go-sql-driver/mysql#dsn-data-source-name>, and URLs.

use domain::secret::Secret;
use domain::server_url;
use jiff::tz::TimeZone;

use super::DsnError;
use super::server::{self, Endpoint, Server, Tls, TlsMode};

/// Options of drivers that have no meaning here: times and texts are always read as what they are.
const WITHOUT_MEANING: [&str; 20] = [
    "allowallfiles",
    "allowcleartextpasswords",
    "allowfallbacktoplaintext",
    "allownativepasswords",
    "allowoldpasswords",
    "charset",
    "checkconnliveness",
    "clientfoundrows",
    "collation",
    "columnswithalias",
    "compress",
    "connectionattributes",
    "interpolateparams",
    "maxallowedpacket",
    "multistatements",
    "parsetime",
    "readtimeout",
    "rejectreadonly",
    "timeout",
    "writetimeout",
];

/// `None` if the text is no DSN of MySQL.
pub(super) fn parse(text: &str, local: &TimeZone) -> Option<Result<(Server, TimeZone), DsnError>> {
    if let Some(rest) = ["mysql://", "mariadb://"].iter().find_map(|scheme| text.strip_prefix(scheme)) {
        return Some(of_url(rest, local));
    }
    let is_go = ["tcp(", "unix("].iter().any(|start| text.starts_with(start))
        || ["@tcp(", "@unix(", "@tcp/"].iter().any(|mark| text.contains(mark));
    is_go.then(|| of_go(text, local))
}

fn of_url(rest: &str, local: &TimeZone) -> Result<(Server, TimeZone), DsnError> {
    let parts = server_url::split(rest).ok_or(DsnError::Unreadable)?;
    let port = parts.port.as_deref().map_or(Ok(PORT), server::port)?;
    let host = if parts.host.is_empty() { "localhost" } else { &parts.host };
    let endpoint = Endpoint::of(host, port)?;
    build(endpoint, parts, TlsMode::Preferred, local)
}

/// `user:password@tcp(host:port)/database?name=value&…`: nothing before the `?` but the database is escaped.
fn of_go(text: &str, local: &TimeZone) -> Result<(Server, TimeZone), DsnError> {
    // A password may hold anything, an option a slash: the address ends with the last `)/`.
    let (before, after) = text
        .rsplit_once(")/")
        .map_or_else(
            || {
                let (before, after) = text.split_once("@tcp/")?;
                Some((format!("{before}@tcp("), after))
            },
            |(before, after)| Some((before.to_owned(), after)),
        )
        .ok_or(DsnError::Unreadable)?;
    let (login, address) = before.rsplit_once('@').unwrap_or(("", &before));
    let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let (database, query) = after.split_once('?').unwrap_or((after, ""));
    let parts = server_url::Parts {
        user: Some(user.to_owned()),
        password: password.map(str::to_owned),
        path: server_url::percent_decoded(database),
        query: server_url::pairs(query),
        ..server_url::Parts::default()
    };
    // Go's driver doesn't ask for TLS by itself.
    build(endpoint(address)?, parts, TlsMode::Disabled, local)
}

const PORT: u16 = 3306;

fn endpoint(address: &str) -> Result<Endpoint, DsnError> {
    let (net, address) = address.split_once('(').ok_or(DsnError::Unreadable)?;
    match net {
        "unix" => Ok(Endpoint::Socket { path: address.into(), port: PORT }),
        "tcp" if address.is_empty() => Endpoint::of("127.0.0.1", PORT),
        "tcp" => match address.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => Endpoint::of(host, server::port(port)?),
            _ => Endpoint::of(address, PORT),
        },
        _ => Err(DsnError::Unreadable),
    }
}

/// All parts but the address.
fn build(
    mut endpoint: Endpoint,
    parts: server_url::Parts,
    mode: TlsMode,
    local: &TimeZone,
) -> Result<(Server, TimeZone), DsnError> {
    let (mut tls, mut session, mut zone) = (Tls { mode, ..Tls::default() }, Vec::new(), TimeZone::UTC);
    for (name, value) in parts.query {
        match name.to_ascii_lowercase().as_str() {
            "loc" => zone = time_zone(&value, local)?,
            "tls" => tls.mode = go_mode(&value)?,
            "ssl-mode" | "sslmode" => tls.mode = mysql_mode(&value)?,
            "ssl-ca" => tls.root = Some(value.into()),
            "ssl-cert" => tls.certificate = Some(value.into()),
            "ssl-key" => tls.key = Some(value.into()),
            "socket" => endpoint = Endpoint::Socket { path: value.into(), port: PORT },
            name if WITHOUT_MEANING.contains(&name) => {}
            name => session.push(server::session_setting(name, &value)?),
        }
    }
    let user = parts.user.filter(|user| !user.is_empty()).ok_or(DsnError::Missing("user"))?;
    if parts.path.is_empty() {
        return Err(DsnError::Missing("database"));
    }
    let password = parts.password.map(Secret::from);
    Ok((Server { endpoint, user, password, database: parts.path, tls, session }, zone))
}

fn time_zone(name: &str, local: &TimeZone) -> Result<TimeZone, DsnError> {
    match name {
        "Local" => Ok(local.clone()),
        "" | "UTC" => Ok(TimeZone::UTC),
        name => TimeZone::get(name).map_err(|_| DsnError::Invalid {
            name: "loc",
            allowed: "Local, UTC or a time zone that is installed here, as in Asia/Shanghai",
        }),
    }
}

/// The words of Go's driver.
fn go_mode(text: &str) -> Result<TlsMode, DsnError> {
    match text.to_ascii_lowercase().as_str() {
        "false" | "0" => Ok(TlsMode::Disabled),
        "true" | "1" => Ok(TlsMode::VerifyFull),
        "skip-verify" => Ok(TlsMode::Required),
        "preferred" => Ok(TlsMode::Preferred),
        _ => Err(DsnError::Invalid { name: "tls", allowed: "true, false, skip-verify or preferred" }),
    }
}

/// The words of MySQL's own clients.
fn mysql_mode(text: &str) -> Result<TlsMode, DsnError> {
    match text.to_ascii_lowercase().replace('_', "-").as_str() {
        "disabled" => Ok(TlsMode::Disabled),
        "preferred" => Ok(TlsMode::Preferred),
        "required" => Ok(TlsMode::Required),
        "verify-ca" => Ok(TlsMode::VerifyCa),
        "verify-identity" => Ok(TlsMode::VerifyFull),
        _ => Err(DsnError::Invalid {
            name: "ssl-mode",
            allowed: "disabled, preferred, required, verify-ca or verify-identity",
        }),
    }
}
