//! Real calls with one of a group's keys, to see what the provider says. Nothing becomes of the key.

use std::sync::Arc;

use axum::extract::State;
use domain::ids::GroupId;
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::Serialize;

use super::find_standard;
use crate::admin::error::ApiError;
use crate::admin::extract::InPath;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};
use crate::admin::{Context, Parts};
use crate::clock;
use crate::keyring::PoolKey;
use crate::probe::exchange::Exchange;
use crate::snapshot::Service;

/// What the upstream offers.
#[derive(JsonSchema, Serialize)]
pub struct Models {
    /// Names, in the upstream's order; redirect rules are not applied.
    models: Vec<String>,
}

/// `GET /api/groups/{id}/models`
pub async fn models(State(context): Parts, InPath(id): InPath<GroupId>) -> Reply<Models> {
    let (service, key) = service_and_key(&context, id).await?;
    let models = context.prober.models(&service, &key.secret).await;
    Ok(Data(Models { models: models.map_err(|error| failed(&error))? }))
}

/// `POST /api/groups/{id}/try`: the call that validates keys.
pub async fn look(State(context): Parts, InPath(id): InPath<GroupId>) -> Reply<Exchange> {
    let (service, key) = service_and_key(&context, id).await?;
    Ok(Data(context.prober.look(&service, &key).await.map_err(|error| failed(&error))?))
}

/// A key that would serve; if there is none, one that does not, for then it is of interest what the provider says of it.
async fn service_and_key(context: &Context, id: GroupId) -> Result<(Arc<Service>, Arc<PoolKey>), ApiError> {
    find_standard(context, id).await?;
    let service = context.publisher.current().service(id).cloned();
    let service = service.ok_or_else(|| ApiError::not_found(&Message::UnknownGroup(id)))?;
    let usable = service.pool.pick(Some(&service.test_model), &[], clock::mono_ms());
    let key = usable.or_else(|| service.pool.find_first(|key| key.status() != KeyStatus::Disabled));
    let key = key.ok_or_else(|| ApiError::no_keys(&Message::NoKeyToCallWith))?;
    Ok((service, key))
}

fn failed(error: &anyhow::Error) -> ApiError {
    ApiError::upstream(&Message::UpstreamFailed(error.to_string()))
}
