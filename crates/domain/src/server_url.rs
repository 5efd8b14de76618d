//! URLs of servers, as people write them into variables.

/// The parts of `user:password@host:port/path?name=value&…`, percent-decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Who logs in.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<String>,
    /// With brackets around an IPv6 address.
    pub host: String,
    /// As it stands there.
    pub port: Option<String>,
    /// Without its first slash.
    pub path: String,
    /// Names and values.
    pub query: Vec<(String, String)>,
}

/// Splits what follows the `://`. `None` if it has no such form.
///
/// Passwords are often put in as they are. The login ends with the first `@` that is followed by what can only be a
/// host, a path without slashes, and a query: none of `@`, `/`, `?` and `#` in a password is taken for a separator
/// as long as the rest makes sense.
#[must_use]
pub fn split(rest: &str) -> Option<Parts> {
    let logins = rest.match_indices('@').filter_map(|(at, _)| Some((rest.get(..at)?, rest.get(at + 1..)?)));
    let with_login = logins.map(|(login, location)| (Some(login), location)).find_map(located);
    let mut parts = with_login.or_else(|| located((None, rest)))?;
    for part in [&mut parts.user, &mut parts.password].into_iter().flatten() {
        *part = percent_decoded(part);
    }
    Some(parts)
}

fn located((login, location): (Option<&str>, &str)) -> Option<Parts> {
    let (location, query) = location.split_once('?').unwrap_or((location, ""));
    let (address, path) = location.split_once('/').unwrap_or((location, ""));
    let query = pairs(query);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if path.contains(['/', '@'])
        || address.contains(['@', '#', ' '])
        || !query.iter().all(|(name, _)| name.chars().all(plain))
    {
        return None;
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.to_owned())),
        _ => (address, None),
    };
    let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
        Some((user, password)) => (Some(user.to_owned()), Some(password.to_owned())),
        None => (None, None),
    };
    let password = password.filter(|password| !password.is_empty());
    Some(Parts { user, password, host: percent_decoded(host), port, path: percent_decoded(path), query })
}

/// `name=value&…`, percent-decoded, with `+` for a space.
#[must_use]
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// `%20` is a space; a `%` without two digits stands for itself.
#[must_use]
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits = escaped.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if byte.is_some() { escaped.get(2..).unwrap_or_default() } else { escaped };
        bytes.push(byte.unwrap_or(b'%'));
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
