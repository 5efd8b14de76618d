//! Pages of other origins (Fetch standard, CORS protocol): the same for both planes.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use super::body::ServerBody;
use crate::config::Cors;

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// The origin of a request that may read the answer.
pub struct Origin<'c> {
    cors: &'c Cors,
    origin: HeaderValue,
}

impl<'c> Origin<'c> {
    /// The request's origin, if it has one and it is allowed.
    pub fn of(cors: &'c Cors, headers: &HeaderMap) -> Option<Self> {
        let origin = headers.get(ORIGIN)?;
        cors.origins.allow(origin.to_str().ok()?).then(|| Self { cors, origin: origin.clone() })
    }

    /// The answer to a preflight; `None` if the request is none.
    pub fn preflight<B>(&self, request: &Request<B>) -> Option<Response<ServerBody>> {
        let is_preflight =
            request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        is_preflight.then(|| {
            let mut response = Response::new(ServerBody::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            let headers = response.headers_mut();
            put(headers, ACCESS_CONTROL_ALLOW_METHODS, &self.cors.methods.join(", "));
            put(headers, ACCESS_CONTROL_ALLOW_HEADERS, &self.cors.headers.join(", "));
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            self.allow(headers);
            response
        })
    }

    /// Lets the origin read an answer with these headers.
    pub fn allow(&self, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        headers.append(VARY, HeaderValue::from_static("origin"));
        if self.cors.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

fn put(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
