//! DSNs of PostgreSQL, as libpq takes them: <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>

use domain::secret::Secret;
use domain::server_url;

use super::DsnError;
use super::server::{self, Endpoint, Server, Tls, TlsMode};

/// Keywords that a text of the form `name=value …` may start with.
const KEYWORDS: [&str; 8] = ["host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "application_name"];

/// Options of drivers that have no meaning here: times are the same in any zone, and texts are always UTF-8.
const WITHOUT_MEANING: [&str; 22] = [
    "binary_parameters",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "datestyle",
    "default_query_exec_mode",
    "description_cache_capacity",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_idle",
    "pool_health_check_period",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conns",
    "pool_min_conns",
    "prefer_simple_protocol",
    "sslcompression",
    "sslsni",
    "statement_cache_capacity",
    "target_session_attrs",
    "timezone",
];

/// `None` if the text is no DSN of PostgreSQL.
pub(super) fn parse(text: &str) -> Option<Result<Server, DsnError>> {
    if let Some(rest) = ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme)) {
        return Some(server_url::split(rest).ok_or(DsnError::Unreadable).and_then(|parts| server(of_url(parts))));
    }
    let (first, _) = text.split_once('=')?;
    KEYWORDS.contains(&first.trim_end()).then(|| server(keywords(text)?))
}

type Pair = (String, String);

fn of_url(parts: server_url::Parts) -> Vec<Pair> {
    let location = [
        ("host", Some(parts.host).filter(|host| !host.is_empty())),
        ("port", parts.port),
        ("user", parts.user),
        ("password", parts.password),
        ("dbname", Some(parts.path).filter(|path| !path.is_empty())),
    ];
    let location = location.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    location.chain(parts.query).collect()
}

/// `name = 'value' …`; in a value, quoted or not, a backslash stands before a quote or a backslash.
fn keywords(text: &str) -> Result<Vec<Pair>, DsnError> {
    let mut pairs = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(DsnError::Unreadable)?;
        let (value, after) = value(after.trim_start())?;
        pairs.push((name.trim().to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

fn value(text: &str) -> Result<(String, &str), DsnError> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '\'' if quoted => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            c if c.is_whitespace() && !quoted => return Ok((value, text.get(at..).unwrap_or_default())),
            c => value.push(c),
        }
    }
    if quoted { Err(DsnError::Unreadable) } else { Ok((value, "")) }
}

fn server(pairs: Vec<Pair>) -> Result<Server, DsnError> {
    let (mut host, mut port) = ("localhost".to_owned(), 5432);
    let (mut user, mut password, mut database) = (None, None, None);
    let (mut tls, mut session) = (Tls::default(), Vec::new());
    for (name, value) in pairs {
        match name.to_ascii_lowercase().as_str() {
            "host" | "hostaddr" => host = value,
            "port" => port = server::port(&value)?,
            "user" => user = Some(value),
            "password" => password = Some(Secret::from(value)),
            "dbname" | "database" => database = Some(value),
            "sslmode" => tls.mode = mode(&value)?,
            "sslrootcert" => tls.root = Some(value.into()).filter(|path| path != "system"),
            "sslcert" => tls.certificate = Some(value.into()),
            "sslkey" => tls.key = Some(value.into()),
            name if WITHOUT_MEANING.contains(&name) => {}
            name => session.push(server::session_setting(name, &value)?),
        }
    }
    if tls.mode == TlsMode::Required && tls.root.is_some() {
        // As libpq does: who gives an authority wants it asked.
        tls.mode = TlsMode::VerifyCa;
    }
    let user = user.filter(|user| !user.is_empty()).ok_or(DsnError::Missing("user"))?;
    let database = database.unwrap_or_else(|| user.clone());
    Ok(Server { endpoint: Endpoint::of(&host, port)?, user, password, database, tls, session })
}

fn mode(text: &str) -> Result<TlsMode, DsnError> {
    match text {
        "disable" => Ok(TlsMode::Disabled),
        "allow" | "prefer" => Ok(TlsMode::Preferred),
        "require" => Ok(TlsMode::Required),
        "verify-ca" => Ok(TlsMode::VerifyCa),
        "verify-full" => Ok(TlsMode::VerifyFull),
        _ => Err(DsnError::Invalid {
            name: "sslmode",
            allowed: "disable, allow, prefer, require, verify-ca or verify-full",
        }),
    }
}
