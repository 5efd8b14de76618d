//! Requests that ask to leave HTTP (RFC 9110 7.8), and the credential that a browser can only send with those.

use http::header::{CONNECTION, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderValue};

use super::tokens;

/// What stands before the key where OpenAI's browser clients put it: a browser can set no header of a WebSocket but its list of
/// subprotocols (see `OpenAI`, "Realtime API: Connect via WebSocket").
const KEY_PREFIX: &str = "openai-insecure-api-key.";

/// Protocols that would carry requests again, past everything that is looked at in one.
const HTTP_ITSELF: [&str; 4] = ["h2c", "h2", "http", "tls"];

/// The protocols that `Upgrade` names and `Connection` nominates, in their order, but for those that are HTTP itself.
/// `None` if there are none.
#[must_use]
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_nominated =
        headers.get_all(CONNECTION).iter().flat_map(tokens).any(|name| name.eq_ignore_ascii_case("upgrade"));
    let protocols = headers.get_all(UPGRADE).iter().flat_map(tokens);
    let protocols: Vec<&str> = protocols.filter(|protocol| !protocol.is_empty() && !is_http(protocol)).collect();
    if protocols.is_empty() || !is_nominated { None } else { protocols.join(", ").parse().ok() }
}

fn is_http(protocol: &str) -> bool {
    let name = protocol.split('/').next().unwrap_or_default();
    HTTP_ITSELF.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// The key among the WebSocket subprotocols.
#[must_use]
pub fn subprotocol_credential(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().flat_map(tokens).find_map(key_in).filter(|key| !key.is_empty())
}

/// Takes keys out of the WebSocket subprotocols. The others stay: the server must choose one of those that were offered.
pub fn strip_subprotocol_credential(headers: &mut HeaderMap) {
    let Some(kept) = subprotocols_without_key(headers) else { return };
    match kept.parse() {
        Ok(kept) if !HeaderValue::is_empty(&kept) => drop(headers.insert(SEC_WEBSOCKET_PROTOCOL, kept)),
        _ => drop(headers.remove(SEC_WEBSOCKET_PROTOCOL)),
    }
}

/// `None` if they hold no key.
fn subprotocols_without_key(headers: &HeaderMap) -> Option<String> {
    let fields = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    // A value that is not all ASCII holds no subprotocol, but it may hold a key.
    let mut is_clean = fields.iter().all(|value| value.to_str().is_ok());
    let mut kept = Vec::new();
    for member in fields.iter().flat_map(tokens) {
        match key_in(member) {
            Some(_) => is_clean = false,
            None if member.is_empty() => {}
            None => kept.push(member),
        }
    }
    (!is_clean).then(|| kept.join(", "))
}

fn key_in(member: &str) -> Option<&str> {
    let (prefix, key) = member.split_at_checked(KEY_PREFIX.len())?;
    prefix.eq_ignore_ascii_case(KEY_PREFIX).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headers, lines};
    use super::*;

    #[test]
    fn protocols_that_are_not_http_pass() {
        for (upgrades, connection, passed) in [
            (&["websocket"][..], "Upgrade", Some("websocket")),
            (&["WebSocket"], "keep-alive, UPGRADE", Some("WebSocket")),
            (&["websocket, foo/2"], "upgrade", Some("websocket, foo/2")),
            (&["h2c, websocket ,,TLS/1.0", "foo"], "upgrade", Some("websocket, foo")),
            (&["websocket"], "keep-alive", None),
            (&["h2c"], "Upgrade, HTTP2-Settings", None),
            (&["H2C, HTTP/3.0, h2, tls/1.2"], "upgrade", None),
            (&[""], "upgrade", None),
            (&["wébsocket"], "upgrade", None),
            (&[], "upgrade", None),
        ] {
            let mut all = headers(&[("connection", connection)]);
            all.extend(upgrades.iter().map(|value| (UPGRADE, HeaderValue::from_bytes(value.as_bytes()).unwrap())));
            assert_eq!(upgrade(&all), passed.map(HeaderValue::from_static), "{upgrades:?} {connection}");
        }
    }

    #[test]
    fn a_key_among_subprotocols_is_found_and_goes_alone() {
        for (offered, key, kept) in [
            (
                &["realtime, openai-insecure-api-key.pk-1, openai-beta.realtime-v1"][..],
                Some("pk-1"),
                &["realtime, openai-beta.realtime-v1"][..],
            ),
            (&["realtime", "OpenAI-Insecure-API-Key.pk-1"], Some("pk-1"), &["realtime"]),
            (&["openai-insecure-api-key.pk-1,openai-insecure-api-key.pk-2"], Some("pk-1"), &[]),
            (&["openai-insecure-api-key., realtime"], None, &["realtime"]),
            (&["openai-insecure-api-key.pk-1, é", "realtime"], None, &["realtime"]),
            (&["realtime,graphql-ws", "x"], None, &["realtime,graphql-ws", "x"]),
            (&["openai-insecure"], None, &["openai-insecure"]),
            (&[], None, &[]),
        ] {
            let mut all = HeaderMap::new();
            let values = offered.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap());
            all.extend(values.map(|value| (SEC_WEBSOCKET_PROTOCOL, value)));
            assert_eq!(subprotocol_credential(&all), key, "{offered:?}");
            strip_subprotocol_credential(&mut all);
            let kept: Vec<_> = kept.iter().map(|value| ("sec-websocket-protocol", *value)).collect();
            assert_eq!(lines(&all), kept, "{offered:?}");
        }
    }
}
