//! `GET /metrics`: numbers for Prometheus.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use domain::rewrite::headers::credential;
use http::header::CONTENT_TYPE;
use http::request::Parts as Head;

use super::error::ApiError;
use super::extract::ClientIp;
use super::{Context, Parts};
use crate::metrics::text::MEDIA_TYPE;

/// Whoever sent the request has shown `METRICS_TOKEN` or, if there is none, the admin key.
#[derive(Clone, Copy, Debug)]
pub struct Scraper;

impl FromRequestParts<Arc<Context>> for Scraper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Head, context: &Arc<Context>) -> Result<Self, ApiError> {
        let Ok(ClientIp(client)) = ClientIp::from_request_parts(parts, context).await;
        let shown = credential(&parts.headers, parts.uri.query());
        context.metrics_gate.admit(shown.as_deref(), client).await.map(|_| Self)
    }
}

/// Numbers, in Prometheus' text format.
pub struct Exposition(String);

impl Exposition {
    /// Its media type.
    pub const TYPE: &str = MEDIA_TYPE;
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, Self::TYPE)], self.0).into_response()
    }
}

/// `GET /metrics`
pub async fn scrape(_: Scraper, State(context): Parts) -> Exposition {
    Exposition(context.metrics.scrape())
}
