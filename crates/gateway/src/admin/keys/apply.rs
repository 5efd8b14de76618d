//! `POST /api/keys/apply`: one thing done to all keys that a filter finds, or to chosen ones.

use std::sync::Arc;

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::Group;
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::keys::KeyFilter;

use super::MAX_KEYS;
use super::list::{of_state, search};
use crate::admin::error::ApiError;
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};
use crate::admin::tasks::claim;
use crate::admin::{Context, Parts, groups};
use crate::key_store;
use crate::keyring::Pool;
use crate::tasks::{Kind, Status, delete, validate};

/// What is to be done, and to which keys: `filter` or `ids`.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    group_id: GroupId,
    action: Action,
    filter: Option<Filter>,
    /// At most 5,000.
    #[schemars(length(max = 5000))]
    ids: Option<Vec<KeyId>>,
}

/// What can be done to keys.
#[derive(Clone, Copy, JsonSchema, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    /// Invalid ones serve again.
    Restore,
    /// They serve no more until they are enabled.
    Disable,
    /// Disabled ones serve again.
    Enable,
    /// They are deleted, in a task.
    Delete,
    /// All but disabled ones are tested, in a task.
    Test,
}

/// Every condition that is set must hold; without any it is all keys of the group.
#[derive(JsonSchema, Deserialize)]
// Else a condition with a slip in its name would be none, and all keys be meant.
#[serde(deny_unknown_fields)]
struct Filter {
    /// `active` ones are `usable` or `cooling`.
    #[schemars(extend("enum" = ["active", "usable", "cooling", "invalid", "disabled", "", null]))]
    status: Option<String>,
    /// Part of the notes, or the last four characters of a key.
    q: Option<String>,
    /// The least id.
    id_from: Option<i64>,
    /// The greatest id.
    id_to: Option<i64>,
}

/// What has become of it.
#[derive(Default, JsonSchema, Serialize)]
pub struct Applied {
    /// Keys that were found.
    matched_count: usize,
    /// Those of them that are in another state now. Not told by tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    changed_count: Option<usize>,
    /// The task that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Status")]
    task: Option<Status>,
}

/// Restoring, disabling and enabling is done when the answer leaves, deleting and testing goes on in a task.
pub async fn apply(State(context): Parts, Body(wanted): Body<Wanted>) -> Reply<Applied> {
    let group = groups::find_standard(&context, wanted.group_id).await?;
    let pool = context.keyring.pool(group.id);
    let filter = key_filter(group.id, wanted.filter, wanted.ids, &pool)?;
    let is = |wanted| move |status: KeyStatus| status == wanted;
    let applied = match wanted.action {
        Action::Restore => switch(&context, &pool, &filter, is(KeyStatus::Invalid), KeyStatus::Active).await,
        Action::Enable => switch(&context, &pool, &filter, is(KeyStatus::Disabled), KeyStatus::Active).await,
        Action::Disable => {
            let is_on = |status| status != KeyStatus::Disabled;
            switch(&context, &pool, &filter, is_on, KeyStatus::Disabled).await
        }
        Action::Delete => delete(&context, &group, pool, &filter).await,
        Action::Test => test(&context, &group, &filter).await,
    };
    applied.map(Data)
}

fn key_filter(
    group: GroupId,
    filter: Option<Filter>,
    ids: Option<Vec<KeyId>>,
    pool: &Pool,
) -> Result<KeyFilter, ApiError> {
    match (filter, ids) {
        (Some(filter), None) => {
            let text = filter.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            let range = KeyId(filter.id_from.unwrap_or(0))..=KeyId(filter.id_to.unwrap_or(i64::MAX));
            Ok(KeyFilter {
                ids: Some(range),
                search: text.map(|text| search(pool, text)),
                ..of_state(group, filter.status.as_deref().unwrap_or_default(), pool)?
            })
        }
        (None, Some(ids)) if ids.len() <= MAX_KEYS => {
            Ok(KeyFilter { group: Some(group), among: Some(ids), ..KeyFilter::default() })
        }
        (None, Some(ids)) => {
            let limit = i64::try_from(MAX_KEYS).unwrap_or(i64::MAX);
            Err(ApiError::field("ids.length", ids.len().to_string(), Allowed::WholeNumber(0, limit)))
        }
        (Some(_), Some(_)) => Err(ApiError::field("ids", "[…]", Allowed::EitherOf("filter", "ids"))),
        (None, None) => Err(ApiError::field("filter", "null", Allowed::EitherOf("filter", "ids"))),
    }
}

async fn switch(
    context: &Context,
    pool: &Pool,
    filter: &KeyFilter,
    concerns: impl Fn(KeyStatus) -> bool,
    status: KeyStatus,
) -> Result<Applied, ApiError> {
    let mut ids = context.db.ids_of_keys(filter).await?;
    let matched_count = ids.len();
    ids.retain(|id| pool.get(*id).is_some_and(|key| concerns(key.status())));
    key_store::set_status(&context.db, pool, &ids, status).await?;
    Ok(Applied { matched_count, changed_count: Some(ids.len()), task: None })
}

async fn delete(context: &Context, group: &Group, pool: Arc<Pool>, filter: &KeyFilter) -> Result<Applied, ApiError> {
    let claim = claim(context).await?;
    let ids = context.db.ids_of_keys(filter).await?;
    let (matched_count, db, of_group) = (ids.len(), context.db.clone(), group.id);
    let status = claim.start(Kind::Delete, &group.spec.name, matched_count as u64, |progress| async move {
        delete::run_ids(progress, db, &pool, of_group, ids).await
    });
    Ok(Applied { matched_count, changed_count: None, task: Some(status.await) })
}

async fn test(context: &Context, group: &Group, filter: &KeyFilter) -> Result<Applied, ApiError> {
    let claim = claim(context).await?;
    let service = context.publisher.current().service(group.id).cloned();
    let service = service.ok_or_else(|| ApiError::not_found(&Message::UnknownGroup(group.id)))?;
    let ids = context.db.ids_of_keys(filter).await?;
    let matched_count = ids.len();
    let mut keys: Vec<_> = ids.into_iter().filter_map(|id| service.pool.get(id)).collect();
    keys.retain(|key| key.status() != KeyStatus::Disabled);
    if keys.is_empty() {
        return Err(ApiError::invalid(&Message::NothingToValidate));
    }
    let (total, prober) = (keys.len() as u64, context.prober.clone());
    let work = |progress| validate::run(progress, prober, service, keys);
    let status = claim.start(Kind::Validation, &group.spec.name, total, work).await;
    Ok(Applied { matched_count, changed_count: None, task: Some(status) })
}
