//! What makes a request fit for the wire of its endpoint: version, target form, `Host` and the body's framing.

use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header, uri::Scheme};
use http_body::Body;

use crate::{body::RequestBody, endpoint::Endpoint};

/// Prepares a request that has a path-and-query target and the caller's headers. Values are replaced in place, so
/// the order of the headers stays.
pub(crate) fn prepare(request: &mut Request<RequestBody>, endpoint: &Endpoint) {
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().insert(header::HOST, endpoint.host_header().clone());
    frame(request);
    if endpoint.absolute().is_some() {
        address_proxy(request, endpoint);
    }
}

/// Makes the framing headers say what the body is: a wrong length would let bytes of one request pass for another.
fn frame(request: &mut Request<RequestBody>) {
    let length = request.body().size_hint().exact();
    let expects_content = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let headers = request.headers_mut();
    match length {
        None => {
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Some(length) => {
            headers.remove(header::TRANSFER_ENCODING);
            // Without content, the length is said where a server may ask for it (RFC 9110 8.6).
            let said = headers.contains_key(header::CONTENT_LENGTH);
            if (said || length > 0 || expects_content) && !says(headers, length) {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            }
        }
    }
}

/// Whether there is exactly one `Content-Length` and it is this one.
fn says(headers: &HeaderMap, length: u64) -> bool {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let value = values.next().and_then(|value| value.to_str().ok()?.parse().ok());
    value == Some(length) && values.next().is_none()
}

/// The absolute form and the login, for a request that an HTTP proxy forwards.
fn address_proxy(request: &mut Request<RequestBody>, endpoint: &Endpoint) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = endpoint.absolute().cloned();
    parts.path_and_query.get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    if let Some(login) = endpoint.proxy().and_then(crate::Proxy::authorization) {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, login);
    }
}

#[cfg(test)]
mod tests;
