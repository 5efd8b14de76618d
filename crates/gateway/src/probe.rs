//! One call to a provider with one key: is the key alive?
//!
//! | file | what it holds |
//! |---|---|
//! | [`finding`] | what the call found out, and what becomes of the key |

use std::sync::Arc;

use bytes::Bytes;
use domain::classify::rest::named;
use domain::classify::{Answer, EXCERPT_LIMIT_BYTES, Judgement, Outcome, decode, judge};
use domain::rewrite::headers::Variables;
use domain::rewrite::{params, url};
use domain::secret::{Secret, mask_in};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::time::timeout;
use upstream::{Client, RequestBody, ResponseBody};

use crate::clock::{self, seconds};
use crate::keyring::{Limit, Source};
use crate::snapshot::Service;
use crate::snapshot::upstreams::Upstream;

pub mod finding;

/// What a provider's answer says about a key.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It works.
    Valid,
    /// It works, and is to rest for a while.
    Limited(Limit),
    /// The provider refuses it.
    Invalid {
        /// The status of the answer.
        status: u16,
        /// The provider's words, the key masked.
        message: String,
    },
    /// The answer, or the lack of one, says nothing about the key.
    Unknown {
        /// The status of the answer, if there was one.
        status: Option<u16>,
        /// What went wrong.
        message: String,
    },
}

/// Makes such calls.
pub struct Prober {
    client: Client,
}

impl Prober {
    /// `client` holds the connections of the control plane.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Asks the group's test model for a word with `key`, within `key_validation_timeout_seconds`. Of all such calls of a group no more
    /// than `key_validation_concurrency` are under way; the others wait.
    pub async fn check(&self, service: &Service, key: &Secret) -> Verdict {
        let limit = seconds(service.settings.key_validation_timeout_seconds);
        let unknown =
            |message: String| Verdict::Unknown { status: None, message: mask_in(&message, key.expose()).into_owned() };
        let _turn = service.probes.acquire().await;
        match timeout(limit, self.call(service, key)).await {
            Err(_) => unknown(format!("no answer within {} s", limit.as_secs())),
            Ok(Err(error)) => unknown(error.to_string()),
            Ok(Ok((head, body))) => verdict(service, key, &head, &body),
        }
    }

    async fn call(&self, service: &Service, key: &Secret) -> anyhow::Result<(http::response::Parts, Vec<u8>)> {
        let model = Some(service.test_model.as_str());
        let picked = service.upstreams.pick(model, &[], clock::mono_ms());
        let (_, upstream, ticket) = picked.ok_or_else(|| anyhow::anyhow!("the group has no upstream"))?;
        // What the call finds out about the upstream is left to the requests of clients.
        upstream.health.told_nothing(model, ticket);
        let (target, headers) = (target(service, upstream)?, headers(service, key));
        let body = Bytes::from(body(service));
        let request = || {
            let mut request = Request::new(RequestBody::full(body.clone()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = target.clone();
            *request.headers_mut() = headers.clone();
            request
        };
        let limit = seconds(service.settings.key_validation_timeout_seconds);
        let endpoint = Arc::clone(&upstream.endpoint);
        Ok(excerpt(self.client.send(&endpoint, limit, request).await?).await)
    }
}

fn target(service: &Service, upstream: &Upstream) -> anyhow::Result<Uri> {
    let path = service.validation_endpoint.clone();
    let path = path.unwrap_or_else(|| service.channel.validation_path(&service.test_model));
    let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
    Ok(PathAndQuery::try_from(url::join(&upstream.base_path, path, query))?.into())
}

fn headers(service: &Service, key: &Secret) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let path = service.validation_endpoint.clone();
    let path = path.unwrap_or_else(|| service.channel.validation_path(&service.test_model));
    service.channel.authorize(&path, key, &mut headers);
    let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let variables = Variables { client_ip: "127.0.0.1", group_name: &service.name, api_key: key, now_ms };
    service.header_rules.apply(&mut headers, &variables);
    headers
}

fn body(service: &Service) -> Vec<u8> {
    let body = service.channel.validation_body(&service.test_model).to_string().into_bytes();
    params::apply(&body, &service.overrides).unwrap_or(body)
}

async fn excerpt(response: Response<ResponseBody>) -> (http::response::Parts, Vec<u8>) {
    let (head, mut body) = response.into_parts();
    let mut raw = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        raw.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if raw.len() >= EXCERPT_LIMIT_BYTES {
            break;
        }
    }
    raw.truncate(EXCERPT_LIMIT_BYTES);
    let encoding = head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let decoded = encoding.and_then(|encoding| decode::decode(encoding, &raw, EXCERPT_LIMIT_BYTES));
    (head, decoded.unwrap_or(raw))
}

fn verdict(service: &Service, key: &Secret, head: &http::response::Parts, body: &[u8]) -> Verdict {
    let status = head.status.as_u16();
    let judgement = judge(&Answer { status, headers: &head.headers, body }, &service.policy());
    let message = mask_in(&judgement.message, key.expose()).into_owned();
    match judgement.outcome {
        Outcome::Ok if head.status.is_success() => Verdict::Valid,
        Outcome::RateLimited => Verdict::Limited(Limit {
            named: named(&head.headers, &judgement.error, Timestamp::now()),
            quota: judgement.quota,
            base: seconds(service.settings.rate_limit_cooldown_seconds),
            doubles: true,
            source: Source::unknown(),
        }),
        Outcome::BadKey => Verdict::Invalid { status, message },
        Outcome::Doubtful if concerns_key(status, &judgement) => Verdict::Invalid { status, message },
        _ => Verdict::Unknown { status: Some(status), message },
    }
}

/// Here the request is known to be right, so a 402 or 403 is about the key, unless it names the model.
fn concerns_key(status: u16, judgement: &Judgement) -> bool {
    matches!(status, 402 | 403) && judgement.row != "model not found"
}
