//! `GET /api/keys/export`: a text file, one key a line.

use axum::extract::State;
use bytes::Bytes;
use domain::ids::KeyId;
use futures_util::{Stream, StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::keys::KeyFilter;
use storage::{Db, StorageError};

use super::id_range;
use super::list::{given, group_id, of_state, search};
use crate::admin::attachment::{Attachment, Text};
use crate::admin::error::ApiError;
use crate::admin::extract::Params;
use crate::admin::{Parts, groups};
use crate::key_store::STEP;

/// Which keys are wanted. Every condition that is set must hold.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// The group whose keys are wanted.
    #[schemars(with = "i64", required)]
    group_id: Option<String>,
    /// `all`, or a state; all if absent. `active` ones are `usable` or `cooling`.
    #[schemars(extend("enum" = ["all", "active", "usable", "cooling", "invalid", "disabled", ""]))]
    status: Option<String>,
    /// Part of the notes, or the last four characters of a key.
    q: Option<String>,
    /// The least id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    id_from: Option<String>,
    /// The greatest id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    id_to: Option<String>,
}

/// The keys of a group, in the order of their ids. Those that can't be decrypted are left out.
pub async fn export(State(context): Parts, Params(wanted): Params<Wanted>) -> Result<Attachment<Text>, ApiError> {
    let group = groups::find(&context, group_id(wanted.group_id.as_deref())?).await?;
    let pool = context.keyring.pool(group.id);
    let word = given(wanted.status).unwrap_or_else(|| "all".to_owned());
    let filter = KeyFilter {
        ids: id_range(("id_from", wanted.id_from.as_deref()), ("id_to", wanted.id_to.as_deref()))?,
        search: given(wanted.q).map(|text| search(&pool, text)),
        ..of_state(group.id, if word == "all" { "" } else { &word }, &pool)?
    };
    let ids = context.db.ids_of_keys(&filter).await?;
    let name = format!("keys-{}-{word}.txt", group.spec.name);
    Ok(Attachment::new(&name, pages(context.db.clone(), &ids)))
}

fn pages(db: Db, ids: &[KeyId]) -> impl Stream<Item = Result<Bytes, StorageError>> + use<> {
    let steps: Vec<_> = ids.chunks(STEP as usize).map(<[_]>::to_vec).collect();
    stream::iter(steps).then(move |ids| {
        let db = db.clone();
        async move { lines(&db, &ids).await }
    })
}

async fn lines(db: &Db, ids: &[KeyId]) -> Result<Bytes, StorageError> {
    let mut keys = db.keys_of(ids).await?;
    keys.sort_unstable_by_key(|key| key.id);
    let mut lines = String::new();
    for secret in keys.iter().filter_map(|key| key.secret.as_ref()) {
        lines.push_str(secret.expose());
        lines.push('\n');
    }
    Ok(lines.into())
}
