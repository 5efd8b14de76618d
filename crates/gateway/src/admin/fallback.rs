//! Paths that are no endpoint: trailing slashes, mistakes, and everything a browser asks for.

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode, Uri};
use serde_json::json;

/// What a browser shows. It needs nothing from any other address.
const PAGE: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>GPT-Load</title>
<h1>GPT-Load is running</h1>
<p>Clients use <code>/proxy/GROUP/…</code>, the admin API is under <code>/api</code>. README.md, beside the program, tells how.</p>
</html>
";

/// Answers what no route answers.
pub async fn answer(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    let is_ours = ["/api", "/health", "/proxy"].iter().any(|root| is_below(path, root));
    match path.strip_suffix('/') {
        Some(_) if is_ours => redirect(&method, &uri),
        _ if is_ours => (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found"}))).into_response(),
        _ if method == Method::GET || method == Method::HEAD => Html(PAGE).into_response(),
        _ => (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found"}))).into_response(),
    }
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
