//! The request as one group sends it: overrides, then model redirect, then, once key and upstream are chosen, URL and headers.

use std::borrow::Cow;

use bytes::Bytes;
use domain::rewrite::headers::Variables;
use domain::rewrite::hints::Hints;
use domain::rewrite::models::{self, Redirect};
use domain::rewrite::{params, url};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use jiff::Timestamp;
use upstream::RequestBody;

use super::admit::Admitted;
use super::intake::{Body, Intake};
use super::respond::Refusal;
use crate::journal::SentPath;
use crate::keyring::PoolKey;
use crate::snapshot::Service;
use crate::snapshot::upstreams::Upstream;

/// No model has a longer name, in bytes. Names are kept for keys that rest and upstreams that are sick: a longer one is taken as none.
const MAX_MODEL_BYTES: usize = 512;

/// A request shaped by a group's rules, for any of its keys and upstreams.
pub struct Shaped<'r> {
    /// The model that goes to the provider.
    pub model: Option<Cow<'r, str>>,
    path: Cow<'r, str>,
    query: Option<Cow<'r, str>>,
    edited: Option<Bytes>,
}

/// Whether a body with these hints must be there whole because `service` will edit it.
pub fn needs_edit(service: &Service, admitted: &Admitted, hints: &Hints) -> bool {
    let is_form = admitted.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
    let redirected = matches!(service.redirects.decide(hints.model.as_deref()), Redirect::To(_));
    redirected || (!service.overrides.is_empty() && !is_form)
}

/// The model a client asks for, by the rules of `service`'s provider.
pub fn asked_model<'r>(service: &Service, admitted: &'r Admitted, intake: &'r Intake) -> Option<Cow<'r, str>> {
    let in_path = || models::model_in_path(admitted.path()).map(|model| model.name);
    let named_in_path = if service.channel.names_model_in_path(admitted.path()) { in_path() } else { None };
    let named_in_body = || intake.hints.model.as_deref().map(Cow::Borrowed);
    // A request for a tunnel has no body.
    let in_query = || models::model_in_query(admitted.query.as_deref().filter(|_| admitted.asks_for_tunnel)?);
    let model = named_in_path.or_else(named_in_body).or_else(in_query);
    model.filter(|model| model.len() <= MAX_MODEL_BYTES)
}

/// Applies a group's overrides and redirects.
pub fn shape<'r>(service: &'r Service, admitted: &'r Admitted, intake: &'r Intake) -> Result<Shaped<'r>, Refusal> {
    let body = intake.body.whole().filter(|_| !admitted.headers.contains_key(CONTENT_ENCODING));
    let overridden = body.and_then(|body| params::apply(body, &service.overrides)).map(Bytes::from);
    let by_override = service.override_model.as_deref().filter(|_| overridden.is_some()).map(Cow::Borrowed);
    let asked = by_override.or_else(|| asked_model(service, admitted, intake));
    let query = admitted.query.as_deref().map(Cow::Borrowed);
    let shaped = |path, edited, model| Shaped { model, path, query, edited };
    match service.redirects.decide(asked.as_deref()) {
        Redirect::Keep => Ok(shaped(Cow::Borrowed(admitted.path()), overridden, asked)),
        Redirect::Refused => Err(Refusal::model_refused(admitted.error_shape(), asked.as_deref().unwrap_or_default())),
        Redirect::To(sent) if service.channel.names_model_in_path(admitted.path()) => {
            let path = models::replace_in_path(admitted.path(), sent).map_or(admitted.path().into(), Cow::Owned);
            Ok(shaped(path, overridden, Some(sent.into())))
        }
        Redirect::To(sent) if admitted.asks_for_tunnel => {
            let query = admitted.query.as_deref().map(|query| models::replace_in_query(query, sent).into());
            Ok(Shaped { query, ..shaped(admitted.path().into(), None, Some(sent.into())) })
        }
        Redirect::To(sent) => {
            let content_type = admitted.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let before = overridden.as_ref().or(body);
            let after = before.and_then(|body| models::replace_in_body(content_type, body, sent));
            Ok(shaped(admitted.path().into(), after.map(Bytes::from).or(overridden), Some(sent.into())))
        }
    }
}

impl Shaped<'_> {
    /// The provider's path, as sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The model that goes to the provider.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The provider's path, as the log tells it.
    pub fn sent_path(&self, admitted: &Admitted) -> SentPath {
        match &self.path {
            Cow::Borrowed(_) => SentPath::From(admitted.path_at),
            Cow::Owned(path) => SentPath::Replaced(path.as_str().into()),
        }
    }

    /// The body of the next attempt.
    pub fn body(&self, body: &Body) -> RequestBody {
        match &self.edited {
            Some(edited) => RequestBody::full(edited.clone()),
            None => body.attempt(),
        }
    }

    /// The target at `upstream`. `None` if path and query can't be sent at all.
    pub fn target(&self, upstream: &Upstream) -> Option<Uri> {
        let target = url::join(&upstream.base_path, &self.path, self.query.as_deref());
        PathAndQuery::try_from(target).map(Uri::from).ok()
    }

    /// The headers for `key`: the client's own, the provider's credential, then the group's rules.
    pub fn headers(&self, service: &Service, key: &PoolKey, admitted: &Admitted) -> HeaderMap {
        let mut headers = admitted.headers.clone();
        service.channel.authorize(&self.path, &key.secret, &mut headers);
        if !service.header_rules.is_empty() {
            service.header_rules.apply(
                &mut headers,
                &Variables {
                    client_ip: &admitted.client_ip.to_string(),
                    group_name: &service.name,
                    api_key: &key.secret,
                    now_ms: u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0),
                },
            );
        }
        headers
    }
}
