//! Heads that are refused before anybody looks at what they ask for: they could be read in two ways, by us and by the next server, or
//! are longer than any request needs to be. How the bytes of a head must look is [`super::framing`]'s affair.

use http::header::HOST;
use http::{HeaderMap, Request, StatusCode, Uri, Version};

/// Bytes of a request's head; more are answered with 431. A longer one that comes all at once can have passed the parser, whose limit is
/// that of what it waits for.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Bytes of a request's target; more are answered with 414.
const MAX_TARGET_BYTES: usize = 16 * 1024;

/// The status with which a request is refused, whatever it asks for.
pub fn refusal<B>(request: &Request<B>) -> Option<StatusCode> {
    let target_bytes = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target_bytes > MAX_TARGET_BYTES {
        return Some(StatusCode::URI_TOO_LONG);
    }
    let header_bytes = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if target_bytes + header_bytes > MAX_HEAD_BYTES {
        return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let version = request.version();
    let is_plain = names_one_host(version, request.headers()) && names_a_path(version, request.uri());
    (!is_plain).then_some(StatusCode::BAD_REQUEST)
}

/// RFC 9112 3.2: exactly one `Host` in HTTP/1.1. HTTP/1.0 may do without; in HTTP/2 the `:authority` has its place.
fn names_one_host(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(HOST).iter().count();
    hosts == 1 || hosts == 0 && version != Version::HTTP_11
}

/// A target with a host in it would be a second word on the host, and asks for a proxy that goes anywhere (RFC 9112 3.2.2, 3.2.3). In
/// HTTP/2 every target has one.
fn names_a_path(version: Version, target: &Uri) -> bool {
    version == Version::HTTP_2 || target.authority().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(version: Version, target: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let request = Request::builder().version(version).uri(target);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        refusal(&request.body(()).unwrap()).map(|status| status.as_u16())
    }

    #[test]
    fn heads_that_can_be_read_in_two_ways_are_refused() {
        let (one, host) = (Version::HTTP_11, ("host", "h"));
        for (headers, status) in [(&[host][..], None), (&[], Some(400)), (&[host, host], Some(400))] {
            assert_eq!(refused(one, "/", headers), status, "{headers:?}");
        }
        assert_eq!(refused(Version::HTTP_10, "/", &[]), None);
        for target in ["http://h/", "h:80"] {
            assert_eq!(refused(one, target, &[host]), Some(400), "{target}");
        }
        assert_eq!(refused(Version::HTTP_2, "http://h/", &[]), None);
        assert_eq!(refused(Version::HTTP_2, "http://h/", &[host, host]), Some(400));
    }

    #[test]
    fn heads_have_a_longest_length() {
        for (bytes, status) in [(MAX_HEAD_BYTES - 16, None), (MAX_HEAD_BYTES, Some(431))] {
            let long = "x".repeat(bytes);
            assert_eq!(refused(Version::HTTP_11, "/", &[("host", "h"), ("a", &long)]), status, "{bytes}");
        }
    }

    #[test]
    fn targets_have_a_longest_length() {
        let target = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
        for (bytes, status) in [(MAX_TARGET_BYTES, None), (MAX_TARGET_BYTES + 1, Some(414))] {
            assert_eq!(refused(Version::HTTP_2, &target(bytes), &[]), status, "{bytes}");
        }
    }
}
