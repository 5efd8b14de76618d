//! Cross-origin requests to the API (Fetch standard, CORS protocol).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::Context;
use crate::config::Cors;

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Lets pages of allowed origins read the answer, and answers their preflights, which carry no key.
pub async fn answer(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin.zip(context.cors.as_ref()).filter(|(origin, cors)| is_allowed(cors, origin));
    let Some((origin, cors)) = allowed else { return next.run(request).await };
    let mut response = if is_preflight(&request) {
        (StatusCode::NO_CONTENT, permissions(cors)).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
    if cors.credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

fn is_allowed(cors: &Cors, origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(|origin| cors.origins.allow(origin))
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn permissions(cors: &Cors) -> HeaderMap {
    let list = |name: HeaderName, list: &[String]| Some((name, HeaderValue::try_from(list.join(", ")).ok()?));
    let lists = [list(ACCESS_CONTROL_ALLOW_METHODS, &cors.methods), list(ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers)];
    lists.into_iter().flatten().chain([(ACCESS_CONTROL_MAX_AGE, MAX_AGE)]).collect()
}
