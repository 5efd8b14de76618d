//! A key as clients see it.

use domain::ids::{GroupId, KeyId};
use domain::key::{Key, KeyStatus};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use storage::logs::UNREADABLE_KEY;

use crate::admin::openapi::schema::Rfc3339;
use crate::clock;
use crate::keyring::{Pool, PoolKey, RestInfo};

/// The key object. `key_value` is in clear: the console masks it.
#[derive(Debug, JsonSchema, Serialize)]
pub struct KeyObject {
    id: KeyId,
    group_id: GroupId,
    key_value: String,
    key_hash: String,
    notes: String,
    status: KeyStatus,
    request_count: i64,
    failure_count: i64,
    #[schemars(with = "Option<Rfc3339>")]
    last_used_at: Option<Timestamp>,
    /// When the last of its rests ends; null if it does not rest.
    #[schemars(with = "Option<Rfc3339>")]
    cooldown_until: Option<Timestamp>,
    /// The models it rests for; empty if it rests for none, or altogether.
    cooling_models: Vec<CoolingModel>,
    last_error: Option<String>,
    #[schemars(with = "Option<Rfc3339>")]
    last_error_at: Option<Timestamp>,
    last_status: Option<u16>,
    /// About when the validation calls with it next; null if it is not invalid, or nobody validates it.
    #[schemars(with = "Option<Rfc3339>")]
    next_check_at: Option<Timestamp>,
    #[schemars(with = "Rfc3339")]
    created_at: Timestamp,
    #[schemars(with = "Rfc3339")]
    updated_at: Timestamp,
}

#[derive(Debug, JsonSchema, Serialize)]
struct CoolingModel {
    model: String,
    #[schemars(with = "Rfc3339")]
    until: Timestamp,
}

impl KeyObject {
    /// Shows a key, with the state the pool knows it in. `next_check` says when an invalid one is called with next, in milliseconds of
    /// the process' clock.
    pub fn new(key: Key, pool: &Pool, next_check: impl Fn(&PoolKey) -> Option<u64>) -> Self {
        let present = pool.get(key.id);
        let status = present.as_ref().map_or(key.status, |present| present.status());
        let rests = match status {
            KeyStatus::Active => pool.rests(key.id, clock::mono_ms()),
            _ => Vec::new(),
        };
        let invalid = present.as_ref().filter(|_| status == KeyStatus::Invalid);
        Self {
            next_check_at: invalid.and_then(|key| next_check(key)).map(clock::wall_time_of),
            id: key.id,
            group_id: key.group_id,
            key_value: key.secret.map_or_else(|| UNREADABLE_KEY.to_owned(), |secret| secret.expose().to_owned()),
            key_hash: key.hash,
            notes: key.notes,
            status,
            request_count: key.request_count,
            failure_count: present.map_or(key.failure_count, |present| i64::from(present.failures())),
            last_used_at: key.last_used_at,
            cooldown_until: rests.iter().map(|rest| rest.until_ms).max().map(clock::wall_time_of),
            cooling_models: rests.iter().filter_map(CoolingModel::new).collect(),
            last_error: key.last_error,
            last_error_at: key.last_error_at,
            last_status: key.last_status,
            created_at: key.created_at,
            updated_at: key.updated_at,
        }
    }
}

impl CoolingModel {
    fn new(rest: &RestInfo) -> Option<Self> {
        let model = rest.model.as_deref()?.to_owned();
        Some(Self { model, until: clock::wall_time_of(rest.until_ms) })
    }
}

#[cfg(test)]
mod tests;
