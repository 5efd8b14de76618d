//! Answers that are files: sent a page at a time, when the client has taken the one before, and never in memory as a whole.

use std::error::Error;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// A file with this name, made of `pages`. If one of them fails the answer breaks off, so that nobody takes a part for the whole.
pub fn attachment<E: Error + Send + Sync + 'static>(
    content_type: &'static str,
    name: &str,
    pages: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Response {
    let headers =
        [(CONTENT_TYPE, content_type.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename={name}"))];
    let pages = pages.inspect_err(|error| tracing::error!(%error, "an export broke off"));
    (headers, Body::from_stream(pages)).into_response()
}
