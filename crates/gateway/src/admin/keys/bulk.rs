//! What is done to any number of keys: as a task, while the client looks on.

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::Group;
use domain::ids::GroupId;
use domain::key::KeyStatus;
use domain::key::text::entries;
use schemars::JsonSchema;
use serde::Deserialize;

use super::upload::{self, Upload};
use crate::admin::error::ApiError;
use crate::admin::extract::Body;
use crate::admin::messages::Message;
use crate::admin::reply::{Data, Reply};
use crate::admin::tasks::claim;
use crate::admin::{Context, Parts, groups};
use crate::tasks::{Kind, Status, delete, import, validate};

/// `POST /api/keys/add-async`: JSON with `group_id` and `keys_text`, or a form with `group_id` and `file`.
pub async fn add(State(context): Parts, upload: Upload) -> Reply<Status> {
    // Taken before the text is read, so that one at a time is in memory.
    let claim = claim(&context).await?;
    let Given { group, text, entries } = Given::read(&context, upload).await?;
    let (db, pool) = (context.db.clone(), context.keyring.pool(group.id));
    let status = claim.start(Kind::Import, &group.spec.name, entries, |progress| async move {
        import::run(progress, db, &pool, group.id, text).await
    });
    Ok(Data(status.await))
}

/// `POST /api/keys/delete-async`: takes the same.
pub async fn delete(State(context): Parts, upload: Upload) -> Reply<Status> {
    let claim = claim(&context).await?;
    let Given { group, text, entries } = Given::read(&context, upload).await?;
    let (db, pool) = (context.db.clone(), context.keyring.pool(group.id));
    let status = claim.start(Kind::Delete, &group.spec.name, entries, |progress| async move {
        delete::run(progress, db, &pool, group.id, text).await
    });
    Ok(Data(status.await))
}

/// Which keys are to be tested.
#[derive(JsonSchema, Deserialize)]
pub struct Validated {
    group_id: GroupId,
    /// `active` or `invalid`; both if absent or empty.
    #[schemars(extend("enum" = ["active", "invalid", "", null]))]
    status: Option<String>,
}

/// `POST /api/keys/validate-group`. Keys that a person has disabled are not tested.
pub async fn validate(State(context): Parts, Body(wanted): Body<Validated>) -> Reply<Status> {
    let group = groups::find_standard(&context, wanted.group_id).await?;
    let status = match wanted.status.as_deref().unwrap_or_default() {
        "" => None,
        "active" => Some(KeyStatus::Active),
        "invalid" => Some(KeyStatus::Invalid),
        word => return Err(ApiError::field("status", word, Allowed::OneOf(&["active", "invalid"]))),
    };
    let service = context.publisher.current().service(group.id).cloned();
    let service = service.ok_or_else(|| ApiError::not_found(&Message::UnknownGroup(group.id)))?;
    let mut keys = service.pool.keys();
    keys.retain(|key| status.map_or(key.status() != KeyStatus::Disabled, |status| key.status() == status));
    if keys.is_empty() {
        return Err(ApiError::invalid(&Message::NothingToValidate));
    }
    let (total, prober) = (keys.len() as u64, context.prober.clone());
    let work = |progress| validate::run(progress, prober, service, keys);
    Ok(Data(claim(&context).await?.start(Kind::Validation, &group.spec.name, total, work).await))
}

/// A group, and a text with keys.
struct Given {
    group: Group,
    text: String,
    /// How many keys, blanks and repeats there are in it.
    entries: u64,
}

impl Given {
    async fn read(context: &Context, upload: Upload) -> Result<Self, ApiError> {
        let given = upload::read(upload).await?;
        let group = groups::find_standard(context, given.group_id).await?;
        let (all, keys) = entries(&given.keys_text)
            .fold((0, 0_u64), |(all, keys), entry| (all + 1, keys + u64::from(!entry.key.is_empty())));
        if keys == 0 {
            return Err(ApiError::invalid(&Message::NoKeys));
        }
        Ok(Self { group, text: given.keys_text, entries: all })
    }
}
