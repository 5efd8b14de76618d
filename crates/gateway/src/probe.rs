//! One call to a provider with one key: is the key alive? Which models are there? What does the provider say?
//!
//! | file | what it holds |
//! |---|---|
//! | [`call`] | the call made ready |
//! | [`finding`] | what the call found out, and what becomes of the key |
//! | [`exchange`] | the call and its answer, for people to look at |

use std::time::Instant;

use domain::classify::rest::named;
use domain::classify::{self, EXCERPT_LIMIT_BYTES, Judgement, Outcome, decode, judge};
use domain::rewrite::models::list;
use domain::secret::{Secret, mask_in};
use http::Response;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::time::timeout;
use upstream::{Client, ResponseBody};

use crate::clock::seconds;
use crate::keyring::{Limit, PoolKey, Source};
use crate::snapshot::Service;
use call::Call;
use exchange::Exchange;

mod call;
pub mod exchange;
pub mod finding;

/// The longest list of models that is read, in bytes.
const MODELS_LIMIT_BYTES: usize = 8 * 1024 * 1024;

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

/// The beginning of an answer.
struct Answer {
    head: http::response::Parts,
    /// Decoded, as far as that can be done.
    body: Vec<u8>,
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

    /// Asks the group's test model for a word with `key`, and judges by the answer.
    pub async fn check(&self, service: &Service, key: &Secret) -> Verdict {
        let answered = async { self.make(service, &Call::validation(service, key)?, EXCERPT_LIMIT_BYTES).await };
        match answered.await {
            Ok(answer) => verdict(service, key, &answer),
            Err(error) => Verdict::Unknown { status: None, message: masked(&error.to_string(), key) },
        }
    }

    /// The same call, to look at. Nothing becomes of the key. Errors if the call can't be made at all.
    pub async fn look(&self, service: &Service, key: &PoolKey) -> anyhow::Result<Exchange> {
        let (call, start) = (Call::validation(service, &key.secret)?, Instant::now());
        let answered = self.make(service, &call, EXCERPT_LIMIT_BYTES).await;
        Ok(Exchange::new(key, &call, answered, start.elapsed().as_millis()))
    }

    /// The names of the models that the upstream lists. Errors with what it says instead.
    pub async fn models(&self, service: &Service, key: &Secret) -> anyhow::Result<Vec<String>> {
        let answered = async { self.make(service, &Call::models(service, key)?, MODELS_LIMIT_BYTES).await };
        let answer = answered.await.map_err(|error| anyhow::anyhow!(masked(&error.to_string(), key)))?;
        let names = list::names(&answer.body).filter(|_| answer.head.status.is_success());
        names.ok_or_else(|| {
            let message = masked(&answer.judge(service).message, key);
            anyhow::anyhow!("no list of models: [status {}] {message}", answer.head.status.as_u16())
        })
    }

    /// Makes a call and reads the beginning of its answer, within `key_validation_timeout_seconds`. Of all such calls of a group no more
    /// than `key_validation_concurrency` are under way; the others wait.
    async fn make(&self, service: &Service, call: &Call, most_bytes: usize) -> anyhow::Result<Answer> {
        let limit = seconds(service.settings.key_validation_timeout_seconds);
        let _turn = service.probes.acquire().await;
        let answer = async {
            let response = self.client.send(&call.endpoint, limit, || call.request()).await?;
            Ok(Answer::read(response, most_bytes).await)
        };
        timeout(limit, answer).await.unwrap_or_else(|_| anyhow::bail!("no answer within {} s", limit.as_secs()))
    }
}

impl Answer {
    async fn read(response: Response<ResponseBody>, most_bytes: usize) -> Self {
        let (head, mut body) = response.into_parts();
        let mut raw = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            raw.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            if raw.len() >= most_bytes {
                break;
            }
        }
        raw.truncate(most_bytes);
        let encoding = head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let decoded = encoding.and_then(|encoding| decode::decode(encoding, &raw, most_bytes));
        Self { body: decoded.unwrap_or(raw), head }
    }

    fn judge(&self, service: &Service) -> Judgement {
        let (status, headers) = (self.head.status.as_u16(), &self.head.headers);
        let body = self.body.get(..EXCERPT_LIMIT_BYTES).unwrap_or(&self.body);
        judge(&classify::Answer { status, headers, body }, &service.policy())
    }
}

fn verdict(service: &Service, key: &Secret, answer: &Answer) -> Verdict {
    let (head, status) = (&answer.head, answer.head.status.as_u16());
    let judgement = answer.judge(service);
    let message = masked(&judgement.message, key);
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

fn masked(text: &str, key: &Secret) -> String {
    mask_in(text, key.expose()).into_owned()
}
