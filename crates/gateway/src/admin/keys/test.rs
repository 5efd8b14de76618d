//! `POST /api/keys/test-multiple`: one real call with each key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use domain::ids::KeyId;
use domain::secret::Secret;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Chosen, KeysText};
use crate::admin::error::ApiError;
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts};
use crate::keyring::PoolKey;
use crate::probe::finding::settle;
use crate::snapshot::Service;

/// What the provider said of each key.
#[derive(JsonSchema, Serialize)]
pub struct Tested {
    /// In the order of the text.
    results: Vec<TestResult>,
    /// Milliseconds for all of them.
    total_duration: u128,
}

#[derive(JsonSchema, Serialize)]
struct TestResult {
    key_value: String,
    is_valid: bool,
    /// `[status 401] message`; empty for a good key.
    error: String,
}

/// Tests keys of a group, `key_validation_concurrency` at once. A good one is restored, a refused one has failed once more.
pub async fn test(State(context): Parts, Body(text): Body<KeysText>) -> Reply<Tested> {
    let start = Instant::now();
    let chosen = text.read(&context).await?;
    let service = context.publisher.current().service(chosen.group).cloned();
    let service = service.ok_or_else(|| ApiError::not_found(&Message::UnknownGroup(chosen.group)))?;
    let (at_once, keys) = (service.probes_at_once(), in_pool(&context, &service, chosen).await?);
    let tests = keys.into_iter().map(|(secret, key)| test_one(Arc::clone(&context), Arc::clone(&service), secret, key));
    let results = stream::iter(tests).buffered(at_once).collect().await;
    Ok(Data(Tested { results, total_duration: start.elapsed().as_millis() }))
}

/// The keys, each with what the pool holds for it.
async fn in_pool(
    context: &Context,
    service: &Service,
    chosen: Chosen,
) -> Result<Vec<(Secret, Option<Arc<PoolKey>>)>, ApiError> {
    let ids: HashMap<usize, KeyId> = context.db.find_keys(chosen.group, &chosen.keys).await?.into_iter().collect();
    let key = |place: usize| service.pool.get(*ids.get(&place)?);
    Ok(chosen.keys.into_iter().enumerate().map(|(place, secret)| (secret, key(place))).collect())
}

async fn test_one(
    context: Arc<Context>,
    service: Arc<Service>,
    secret: Secret,
    key: Option<Arc<PoolKey>>,
) -> TestResult {
    let error = match key {
        Some(key) => settle(&service, &key, context.prober.check(&service, &key.secret).await).fault(),
        None => Some(Message::KeyNotInGroup.to_string()),
    };
    let key_value = secret.expose().to_owned();
    TestResult { key_value, is_valid: error.is_none(), error: error.unwrap_or_default() }
}
