//! `GET /api/keys/export`: a text file, one key a line.

use axum::extract::State;
use bytes::Bytes;
use domain::allowed::Allowed;
use domain::key::KeyStatus;
use futures_util::{Stream, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use storage::keys::{KeyScan, PoolKey};
use storage::{Db, StorageError};

use super::list::group_id;
use crate::admin::attachment::{Attachment, Text};
use crate::admin::error::ApiError;
use crate::admin::extract::Params;
use crate::admin::{Parts, groups};
use crate::key_store::STEP;

/// Which keys are wanted.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// The group whose keys are wanted.
    #[schemars(with = "i64", required)]
    group_id: Option<String>,
    /// `all`, or a status; all if absent.
    #[schemars(extend("enum" = ["all", "active", "invalid", "disabled", ""]))]
    status: Option<String>,
}

/// The keys of a group. Those that can't be decrypted are left out.
pub async fn export(State(context): Parts, Params(wanted): Params<Wanted>) -> Result<Attachment<Text>, ApiError> {
    let group = groups::find(&context, group_id(wanted.group_id.as_deref())?).await?;
    let word = wanted.status.as_deref().filter(|word| !word.is_empty()).unwrap_or("all");
    let scan = KeyScan { group: Some(group.id), status: status(word)? };
    let name = format!("keys-{}-{word}.txt", group.spec.name);
    Ok(Attachment::new(&name, pages(context.db.clone(), scan)))
}

fn status(word: &str) -> Result<Option<KeyStatus>, ApiError> {
    match word {
        "all" => Ok(None),
        word => {
            let allowed = Allowed::OneOf(&["all", "active", "invalid", "disabled"]);
            Ok(Some(word.parse().map_err(|_| ApiError::field("status", word, allowed))?))
        }
    }
}

fn pages(db: Db, scan: KeyScan) -> impl Stream<Item = Result<Bytes, StorageError>> {
    stream::try_unfold(Some(None), move |next| {
        let db = db.clone();
        async move {
            let Some(after) = next else { return Ok(None) };
            let page = db.scan_keys(scan, after, STEP).await?;
            let last = page.last().map(|key| key.id).filter(|_| page.len() == STEP as usize);
            Ok(Some((lines(&page), last.map(Some))))
        }
    })
}

fn lines(page: &[PoolKey]) -> Bytes {
    let mut lines = String::new();
    for secret in page.iter().filter_map(|key| key.secret.as_ref()) {
        lines.push_str(secret.expose());
        lines.push('\n');
    }
    lines.into()
}
