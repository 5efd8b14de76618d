//! A call made ready: where it goes, and what it says.

use std::sync::Arc;

use bytes::Bytes;
use domain::rewrite::headers::Variables;
use domain::rewrite::{params, url};
use domain::secret::Secret;
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use jiff::Timestamp;
use upstream::{Endpoint, RequestBody};

use crate::clock;
use crate::snapshot::Service;

/// A call to one of a group's upstreams.
pub(super) struct Call {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) method: Method,
    /// The whole address, for people.
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    target: Uri,
}

impl Call {
    /// Asks the group's test model for a word.
    pub(super) fn validation(service: &Service, key: &Secret) -> anyhow::Result<Self> {
        let body = service.channel.validation_body(&service.test_model).to_string().into_bytes();
        let body = params::apply(&body, &service.overrides).unwrap_or(body);
        Self::new(service, key, Method::POST, &validation_path(service), body.into())
    }

    /// Asks for the list of models.
    pub(super) fn models(service: &Service, key: &Secret) -> anyhow::Result<Self> {
        let path = service.channel.models_path(&validation_path(service));
        Self::new(service, key, Method::GET, &path, Bytes::new())
    }

    fn new(service: &Service, key: &Secret, method: Method, path: &str, body: Bytes) -> anyhow::Result<Self> {
        let model = Some(service.test_model.as_str());
        let picked = service.upstreams.pick(model, &[], clock::mono_ms());
        let (_, upstream, ticket) = picked.ok_or_else(|| anyhow::anyhow!("the group has no upstream"))?;
        // What the call finds out about the upstream is left to the requests of clients.
        upstream.health.told_nothing(model, ticket);
        let (rest, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        Ok(Self {
            endpoint: Arc::clone(&upstream.endpoint),
            url: url::join(&upstream.url, rest, query),
            target: PathAndQuery::try_from(url::join(&upstream.base_path, rest, query))?.into(),
            headers: headers(service, key, path, !body.is_empty()),
            method,
            body,
        })
    }

    /// The request; it may be needed again if a connection that was kept has closed.
    pub(super) fn request(&self) -> Request<RequestBody> {
        let body = if self.body.is_empty() { RequestBody::empty() } else { RequestBody::full(self.body.clone()) };
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn validation_path(service: &Service) -> String {
    let own = service.validation_endpoint.clone();
    own.unwrap_or_else(|| service.channel.validation_path(&service.test_model))
}

fn headers(service: &Service, key: &Secret, path: &str, has_body: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    service.channel.authorize(path, key, &mut headers);
    let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let variables = Variables { client_ip: "127.0.0.1", group_name: &service.name, api_key: key, now_ms };
    service.header_rules.apply(&mut headers, &variables);
    headers
}
