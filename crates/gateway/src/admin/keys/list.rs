//! `GET /api/keys`

use axum::extract::State;
use domain::allowed::Allowed;
use domain::ids::{GroupId, KeyId};
use domain::key::KeyStatus;
use domain::secret::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use storage::keys::{KeyFilter, KeyOrder, KeySearch, KeySort};

use super::id_range;
use super::object::KeyObject;
use crate::admin::error::ApiError;
use crate::admin::extract::Params;
use crate::admin::messages::Message;
use crate::admin::page::{self, PageReply};
use crate::admin::reply::{Data, Reply};
use crate::admin::{Parts, groups};
use crate::clock;
use crate::keyring::{Pool, PoolKey};

/// Characters at a key's end by which a search finds it.
const TAIL_CHARS: usize = 4;

/// The states that keys can be filtered by.
const STATES: [&str; 5] = ["active", "usable", "cooling", "invalid", "disabled"];

/// Which keys are wanted, and how.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// The group whose keys are wanted.
    #[schemars(with = "i64", required)]
    group_id: Option<String>,
    /// `active` ones are `usable` or `cooling`.
    #[schemars(extend("enum" = ["active", "usable", "cooling", "invalid", "disabled", ""]))]
    status: Option<String>,
    /// The key, exactly.
    key_value: Option<String>,
    /// Part of the notes, or the last four characters of a key.
    q: Option<String>,
    /// The least id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    id_from: Option<String>,
    /// The greatest id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    id_to: Option<String>,
    /// `last_used_at`, `failure_count`, `request_count` or `id`.
    #[schemars(extend("enum" = ["last_used_at", "failure_count", "request_count", "id"]))]
    sort: Option<String>,
    /// `asc` or `desc`.
    #[schemars(extend("enum" = ["asc", "desc"]))]
    order: Option<String>,
    /// From 1.
    #[schemars(with = "Option<u32>", range(min = 1))]
    page: Option<String>,
    /// Rows a page, at most 1000.
    #[schemars(with = "Option<u32>", range(min = 1))]
    page_size: Option<String>,
}

/// A page of a group's keys, the last used first unless told otherwise.
pub async fn list(State(context): Parts, Params(wanted): Params<Wanted>) -> Reply<PageReply<KeyObject>> {
    let group = group_id(wanted.group_id.as_deref())?;
    groups::find(&context, group).await?;
    let pool = context.keyring.pool(group);
    let asked = page::request(wanted.page.as_deref(), wanted.page_size.as_deref());
    let page = context.db.keys_page(&filter(group, wanted, &pool)?, asked).await?;
    let service = context.publisher.current().service(group).cloned();
    let next_check = |key: &PoolKey| context.outlook.next_check_ms(service.as_ref()?, key);
    Ok(Data(PageReply::new(asked, page, |key| KeyObject::new(key, &pool, next_check))))
}

/// The group a query is about.
pub fn group_id(given: Option<&str>) -> Result<GroupId, ApiError> {
    let id = given.and_then(|text| text.trim().parse().ok());
    id.map(GroupId).ok_or_else(|| ApiError::bad_request(&Message::GroupIdMissing))
}

fn filter(group: GroupId, wanted: Wanted, pool: &Pool) -> Result<KeyFilter, ApiError> {
    let order = order(wanted.sort.as_deref(), wanted.order.as_deref());
    Ok(KeyFilter {
        key: given(wanted.key_value).map(Secret::from),
        ids: id_range(("id_from", wanted.id_from.as_deref()), ("id_to", wanted.id_to.as_deref()))?,
        search: given(wanted.q).map(|text| search(pool, text)),
        order,
        ..of_state(group, wanted.status.as_deref().unwrap_or_default(), pool)?
    })
}

/// The keys of a group that are in one of the states that have a word.
pub fn of_state(group: GroupId, word: &str, pool: &Pool) -> Result<KeyFilter, ApiError> {
    let of_group = KeyFilter { group: Some(group), ..KeyFilter::default() };
    let active = KeyFilter { status: Some(KeyStatus::Active), ..of_group.clone() };
    let resting = || pool.resting(clock::mono_ms());
    Ok(match word {
        "" => of_group,
        "usable" => KeyFilter { but: resting(), ..active },
        "cooling" => KeyFilter { among: Some(resting()), ..active },
        word => {
            let status = word.parse().map_err(|_| ApiError::field("status", word, Allowed::OneOf(&STATES)))?;
            KeyFilter { status: Some(status), ..of_group }
        }
    })
}

/// A search in the notes, and by the last characters of keys.
pub fn search(pool: &Pool, text: String) -> KeySearch {
    KeySearch { or_ids: ending_with(pool, &text), notes: text }
}

/// A text with something in it.
pub fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The database can't look into encrypted keys; memory can.
fn ending_with(pool: &Pool, tail: &str) -> Vec<KeyId> {
    if tail.chars().count() != TAIL_CHARS {
        return Vec::new();
    }
    pool.ids_of(|key| key.secret.expose().ends_with(tail))
}

fn order(sort: Option<&str>, order: Option<&str>) -> KeyOrder {
    let by = match sort.unwrap_or_default() {
        "failure_count" => KeySort::FailureCount,
        "request_count" => KeySort::RequestCount,
        "id" => KeySort::Id,
        _ => KeySort::LastUsedAt,
    };
    KeyOrder { by, descending: order != Some("asc") }
}
