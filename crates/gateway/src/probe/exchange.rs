//! A call and what came of it, for people to look at. The key is masked wherever it stands.

use domain::ids::KeyId;
use domain::secret::{Secret, mask, mask_in};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;
use super::call::Call;
use crate::keyring::PoolKey;

/// A call and what came of it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Exchange {
    key_id: KeyId,
    /// The key, masked.
    key: String,
    request: Sent,
    /// Absent if none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Received>,
    /// Why none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    duration_ms: u128,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
struct Sent {
    method: String,
    url: String,
    headers: Vec<Header>,
    body: String,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
struct Received {
    status: u16,
    headers: Vec<Header>,
    /// Its first 64 KiB.
    body: String,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
struct Header {
    name: String,
    value: String,
}

impl Exchange {
    pub(super) fn new(key: &PoolKey, call: &Call, answered: anyhow::Result<Answer>, duration_ms: u128) -> Self {
        let masked = |bytes: &[u8]| mask_in(&String::from_utf8_lossy(bytes), key.secret.expose()).into_owned();
        let request = Sent {
            method: call.method.to_string(),
            url: masked(call.url.as_bytes()),
            headers: headers(&call.headers, &key.secret),
            body: masked(&call.body),
        };
        let (response, error) = match answered {
            Ok(Answer { head, body }) => {
                let (status, headers) = (head.status.as_u16(), headers(&head.headers, &key.secret));
                (Some(Received { status, headers, body: masked(&body) }), None)
            }
            Err(error) => (None, Some(masked(error.to_string().as_bytes()))),
        };
        Self { key_id: key.id, key: mask(key.secret.expose()), request, response, error, duration_ms }
    }
}

fn headers(headers: &HeaderMap, key: &Secret) -> Vec<Header> {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| Header {
        name: name.to_string(),
        value: mask_in(&String::from_utf8_lossy(value.as_bytes()), key.expose()).into_owned(),
    };
    headers.iter().map(header).collect()
}
