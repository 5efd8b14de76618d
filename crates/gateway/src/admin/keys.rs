//! Provider keys.
//!
//! The database is the truth; memory is up to 200 ms newer about states. What an operator changes is written to both before the answer,
//! by [`key_store`](crate::key_store).

use std::ops::RangeInclusive;

use domain::ids::{GroupId, KeyId};
use domain::secret::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use storage::keys::KeyFilter;
use storage::{Db, PageRequest};

use super::error::ApiError;
use super::extract::whole_number;
use super::messages::Message;
use super::{Context, groups};

pub mod add;
pub mod apply;
pub mod bulk;
pub mod export;
pub mod list;
pub mod notes;
mod object;
pub mod remove;
pub mod restore;
pub mod switch;
pub mod test;
pub mod upload;

/// Keys one call takes.
const MAX_KEYS: usize = 5000;

/// A group and a text with keys: a JSON array of strings, or any text split at white space, commas and semicolons.
#[derive(JsonSchema, Deserialize)]
pub struct KeysText {
    group_id: GroupId,
    #[schemars(regex(pattern = r"[^\s,;]"))]
    keys_text: String,
}

/// A group.
#[derive(JsonSchema, Deserialize)]
pub struct OfGroup {
    group_id: GroupId,
}

/// The keys of a text, each once.
struct Chosen {
    group: GroupId,
    keys: Vec<Secret>,
    /// Blanks and repeats.
    ignored: usize,
}

impl KeysText {
    /// Reads the text and makes sure that the group is there and has keys of its own.
    async fn read(self, context: &Context) -> Result<Chosen, ApiError> {
        groups::find_standard(context, self.group_id).await?;
        let text = domain::key::text::read(&self.keys_text);
        match text.keys.len() {
            0 => Err(ApiError::invalid(&Message::NoKeys)),
            given if given > MAX_KEYS => Err(ApiError::invalid(&Message::TooManyKeys { given, limit: MAX_KEYS })),
            _ => Ok(Chosen { group: self.group_id, keys: text.keys, ignored: text.ignored }),
        }
    }
}

impl Chosen {
    /// Those of the keys that the group has.
    async fn ids(&self, db: &Db) -> Result<Vec<KeyId>, ApiError> {
        Ok(db.find_keys(self.group, &self.keys).await?.into_iter().map(|(_, id)| id).collect())
    }

    /// How many entries of the text had no effect, when `done` had one.
    fn others(&self, done: usize) -> usize {
        (self.keys.len() + self.ignored).saturating_sub(done)
    }
}

/// The ids from one to another, both included, as a query names them; `None` if it names neither.
pub fn id_range(
    (least, from): (&str, Option<&str>),
    (greatest, to): (&str, Option<&str>),
) -> Result<Option<RangeInclusive<KeyId>>, ApiError> {
    let from = whole_number(least, from, 0, i64::MAX)?;
    let to = whole_number(greatest, to, 0, i64::MAX)?;
    let is_named = from.is_some() || to.is_some();
    Ok(is_named.then(|| KeyId(from.unwrap_or(0))..=KeyId(to.unwrap_or(i64::MAX))))
}

/// How many keys a group has in the database.
pub async fn count(db: &Db, group: GroupId) -> Result<u64, ApiError> {
    let filter = KeyFilter { group: Some(group), ..KeyFilter::default() };
    Ok(db.keys_page(&filter, PageRequest { page: 1, size: 1 }).await?.total)
}
