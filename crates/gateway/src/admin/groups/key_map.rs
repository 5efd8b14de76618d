//! `GET /api/groups/{id}/key-map`: all keys of a group at a glance, however many.

use axum::extract::State;
use domain::ids::{GroupId, KeyId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find;
use crate::admin::Parts;
use crate::admin::extract::{InPath, Params, whole_number};
use crate::admin::keys::id_range;
use crate::admin::reply::{Data, Reply};
use crate::clock;
use crate::keyring::Cell;

/// Cells when the client doesn't say.
const DEFAULT_CELLS: i64 = 2000;
/// Cells that a map may have.
const MAX_CELLS: i64 = 4096;

/// Which part of the group is wanted, and how fine.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// At most so many cells.
    #[schemars(with = "Option<u32>", range(min = 1, max = 4096))]
    cells: Option<String>,
    /// The least id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    from: Option<String>,
    /// The greatest id.
    #[schemars(with = "Option<i64>", range(min = 0))]
    to: Option<String>,
}

/// A group's keys by ascending ids, which is the order in which they were added.
#[derive(Debug, JsonSchema, Serialize)]
pub struct KeyMap {
    /// Keys of the group that are in memory: those that can't be decrypted are not.
    total_in_group: usize,
    /// Those of them that are in the map.
    total: usize,
    /// Keys a cell stands for; the last may have fewer.
    keys_per_cell: usize,
    /// Of each cell the first and the last id, and how many of its keys are usable, cooling, invalid and disabled.
    cells: Vec<(KeyId, KeyId, u32, u32, u32, u32)>,
}

/// Of an aggregate it is empty. Out of memory, so that it may be asked for again and again.
pub async fn map(State(context): Parts, InPath(id): InPath<GroupId>, Params(wanted): Params<Wanted>) -> Reply<KeyMap> {
    let cells = whole_number("cells", wanted.cells.as_deref(), 1, MAX_CELLS)?.unwrap_or(DEFAULT_CELLS);
    let ids = id_range(("from", wanted.from.as_deref()), ("to", wanted.to.as_deref()))?;
    let ids = ids.unwrap_or(KeyId(i64::MIN)..=KeyId(i64::MAX));
    find(&context, id).await?;
    let (pool, now_ms) = (context.keyring.pool(id), clock::mono_ms());
    let map = pool.map(&ids, usize::try_from(cells).unwrap_or(1), now_ms);
    let cell = |Cell { first, last, counts: [usable, cooling, invalid, disabled] }: Cell| {
        (first, last, usable, cooling, invalid, disabled)
    };
    Ok(Data(KeyMap {
        total_in_group: pool.states(now_ms).total(),
        total: map.total,
        keys_per_cell: map.keys_per_cell,
        cells: map.cells.into_iter().map(cell).collect(),
    }))
}
