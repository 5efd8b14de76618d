//! The console: the files under `web/dist`, as `make console` has built them, out of the program itself.
//!
//! A debug build reads them from disk at each request, so that a console built anew is seen at once. A program that was built without
//! a console shows a small page instead.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rust_embed::RustEmbed;

/// Only this server is asked for anything, no script or style runs that stands in a page, and nobody frames it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    img-src 'self' data:; object-src 'none'";

const INDEX: &str = "index.html";
/// The names of files under here change with their content.
const HASHED: &str = "assets/";

/// What a browser shows if no console was built. It needs nothing from any other address.
const PAGE: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>GPT-Load</title>
<h1>GPT-Load is running</h1>
<p>It was built without its console: <code>make build</code> builds both. Clients use <code>/proxy/GROUP/…</code>, the admin API is
under <code>/api</code>.</p>
</html>
";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Embedded;

/// A file and what tells it from others.
struct File {
    data: Cow<'static, [u8]>,
    hash: [u8; 32],
}

/// The answer to a `GET` of a path that is no endpoint: a file of the console, or the page that shows what the path stands for.
/// `None` if it is neither.
pub fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    answer_of(embedded, path, headers)
}

fn embedded(name: &str) -> Option<File> {
    let file = Embedded::get(name)?;
    Some(File { hash: file.metadata.sha256_hash(), data: file.data })
}

fn answer_of(files: fn(&str) -> Option<File>, path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = path.trim_start_matches('/');
    let is_hashed = name.starts_with(HASHED);
    if let Some(file) = files(name).filter(|_| name != INDEX) {
        let lifetime = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        return Some(serve(files, name, file, lifetime, headers));
    }
    if is_hashed || !takes_pages(headers) {
        return None;
    }
    let page = files(INDEX).unwrap_or(File { data: PAGE.as_bytes().into(), hash: [0; 32] });
    Some(serve(files, INDEX, page, "no-cache", headers))
}

fn serve(
    files: fn(&str) -> Option<File>,
    name: &str,
    file: File,
    lifetime: &'static str,
    headers: &HeaderMap,
) -> Response {
    let tag = tag_of(&file);
    let mut response = Response::default();
    let fixed: [(HeaderName, &'static str); 6] = [
        (CACHE_CONTROL, lifetime),
        (CONTENT_TYPE, type_of(name)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept-encoding"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    response.headers_mut().extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    if let Ok(value) = HeaderValue::try_from(&tag) {
        response.headers_mut().insert(ETAG, value);
    }
    if values(headers, &IF_NONE_MATCH).any(|(known, _)| known == tag || known == "*") {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let (coding, file) = compressed(files, name, headers).unwrap_or(("", file));
    if !coding.is_empty() {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    *response.body_mut() = Body::from(file.data);
    response
}

/// The smallest form that the client takes, of those that were made when the console was built.
fn compressed(files: fn(&str) -> Option<File>, name: &str, headers: &HeaderMap) -> Option<(&'static str, File)> {
    let codings = [("br", "br"), ("gzip", "gz")];
    let mut taken = codings.into_iter().filter(|(coding, _)| takes(headers, &ACCEPT_ENCODING, coding));
    taken.find_map(|(coding, ending)| Some((coding, files(&format!("{name}.{ending}"))?)))
}

/// Weak, for it is the same for every coding.
fn tag_of(file: &File) -> String {
    let start = file.hash.first_chunk().copied().unwrap_or_default();
    format!("W/\"{:016x}\"", u64::from_be_bytes(start))
}

/// Whether a client takes pages; one that does not say takes anything.
fn takes_pages(headers: &HeaderMap) -> bool {
    !headers.contains_key(ACCEPT) || ["text/html", "text/*", "*/*"].iter().any(|kind| takes(headers, &ACCEPT, kind))
}

fn takes(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    values(headers, name).any(|(value, weight)| value.eq_ignore_ascii_case(wanted) && weight > 0.0)
}

/// The members of a list with their weights.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, f32)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|member| {
        let (value, parameters) = member.split_once(';').unwrap_or((member, ""));
        let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        (value.trim(), weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0))
    })
}

fn type_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
