//! Paths that are no endpoint: trailing slashes, mistakes, and everything a browser asks for.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::json;

use crate::console;

/// Answers what no route answers.
pub async fn answer(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let is_ours = ["/api", "/health", "/proxy"].iter().any(|root| is_below(path, root));
    if is_ours && path.ends_with('/') {
        return redirect(&method, &uri);
    }
    let is_read = method == Method::GET || method == Method::HEAD;
    let page = if is_read && !is_ours { console::answer(path, &headers) } else { None };
    page.unwrap_or_else(|| (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found"}))).into_response())
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// To the path without its trailing slashes. Other methods than GET are asked to keep theirs, and their body.
fn redirect(method: &Method, uri: &Uri) -> Response {
    let status = if method == Method::GET { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
    let mut target = uri.path().trim_end_matches('/').to_owned();
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    match HeaderValue::try_from(target) {
        Ok(target) => (status, [(LOCATION, target)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
