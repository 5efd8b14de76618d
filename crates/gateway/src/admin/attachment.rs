//! Answers that are files: sent a page at a time, when the client has taken the one before, and never in memory as a whole.

use std::error::Error;
use std::marker::PhantomData;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// A file of this type.
pub struct Attachment<M> {
    response: Response,
    media: PhantomData<M>,
}

/// What is in a file.
pub trait Media {
    /// Its media type.
    const TYPE: &'static str;
}

/// Lines of text.
pub enum Text {}

impl Media for Text {
    const TYPE: &'static str = "text/plain; charset=utf-8";
}

/// A table, RFC 4180.
pub enum Csv {}

impl Media for Csv {
    const TYPE: &'static str = "text/csv; charset=utf-8";
}

/// JSON, a value a line.
pub enum JsonLines {}

impl Media for JsonLines {
    const TYPE: &'static str = "application/x-ndjson";
}

impl<M: Media> Attachment<M> {
    /// A file with this name, made of `pages`. If one of them fails the answer breaks off, so that nobody takes a part for the whole.
    pub fn new<E: Error + Send + Sync + 'static>(
        name: &str,
        pages: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        let headers =
            [(CONTENT_TYPE, M::TYPE.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename={name}"))];
        let pages = pages.inspect_err(|error| tracing::error!(%error, "an export broke off"));
        Self { response: (headers, Body::from_stream(pages)).into_response(), media: PhantomData }
    }
}

impl<M> IntoResponse for Attachment<M> {
    fn into_response(self) -> Response {
        self.response
    }
}
