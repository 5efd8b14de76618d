//! `POST /api/groups/{id}/copy`

use std::collections::HashSet;

use axum::extract::State;
use domain::allowed::Allowed;
use domain::group::{Group, SubGroup};
use domain::ids::GroupId;
use domain::key::KeyStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::keys::{KeyFilter, KeyScan};
use storage::{PageRequest, StorageError};

use super::find;
use super::object::GroupObject;
use crate::admin::error::ApiError;
use crate::admin::extract::{Body, InPath};
use crate::admin::reply::{Data, Reply};
use crate::admin::tasks::claim;
use crate::admin::{Context, Parts};
use crate::tasks::{Kind, copy};

/// Longest name of a group, in characters.
const MAX_NAME: usize = 100;

/// What is copied beside the group itself.
#[derive(JsonSchema, Deserialize)]
pub struct Copied {
    /// `none`, `valid_only` or `all`; all if absent or empty.
    #[schemars(extend("enum" = ["none", "valid_only", "all", "", null]))]
    copy_keys: Option<String>,
}

/// The group that was made.
#[derive(JsonSchema, Serialize)]
pub struct CopyReply {
    group: GroupObject,
}

/// Makes a group like another one, with the same sub-groups if it is an aggregate. Its keys follow in a task.
pub async fn copy(State(context): Parts, InPath(id): InPath<GroupId>, Body(copied): Body<Copied>) -> Reply<CopyReply> {
    let status = match copied.copy_keys.as_deref().unwrap_or_default() {
        "none" => None,
        "valid_only" => Some(Some(KeyStatus::Active)),
        "" | "all" => Some(None),
        word => return Err(ApiError::field("copy_keys", word, Allowed::OneOf(&["none", "valid_only", "all"]))),
    };
    let _turn = context.edits.lock().await;
    let original = find(&context, id).await?;
    let scan = status.map(|status| KeyScan { group: Some(id), status });
    let total = match scan {
        Some(scan) => count(&context, scan).await?,
        None => 0,
    };
    // Before the group is made: one that lacks its keys would be of no use.
    let claim = if total > 0 { Some(claim(&context).await?) } else { None };
    let group = store(&context, &original).await?;
    context.publisher.refresh().await?;
    if let (Some(claim), Some(scan)) = (claim, scan) {
        let (db, pool, to) = (context.db.clone(), context.keyring.pool(group.id), group.id);
        let work = |progress| async move { copy::run(progress, db, &pool, scan, to).await };
        claim.start(Kind::Import, &group.spec.name, total, work).await;
    }
    Ok(Data(CopyReply { group: GroupObject::new(group, &context.publisher.current()) }))
}

async fn count(context: &Context, KeyScan { group, status }: KeyScan) -> Result<u64, StorageError> {
    let filter = KeyFilter { group, status, ..KeyFilter::default() };
    Ok(context.db.keys_page(&filter, PageRequest { page: 1, size: 1 }).await?.total)
}

async fn store(context: &Context, original: &Group) -> Result<Group, ApiError> {
    let taken: HashSet<_> = context.db.groups().await?.into_iter().map(|group| group.spec.name).collect();
    let mut spec = original.spec.clone();
    spec.name = free_name(&spec.name, &taken);
    if !spec.display_name.is_empty() {
        spec.display_name.push_str(" Copy");
    }
    let group = context.db.insert_group(&spec).await?;
    let links = context.db.sub_groups().await?.into_iter().filter(|link| link.group_id == original.id);
    let links: Vec<_> = links.map(|link| SubGroup { group_id: group.id, ..link }).collect();
    context.db.add_sub_groups(&links).await?;
    Ok(group)
}

/// `NAME_copy`, or the first of `NAME_copy_2`, `NAME_copy_3`… that is free. A long name loses its end.
fn free_name(name: &str, taken: &HashSet<String>) -> String {
    let ended = |end: String| {
        let kept: String = name.chars().take(MAX_NAME - end.len()).collect();
        kept + &end
    };
    let numbered = (2_u64..).map(|number| format!("_copy_{number}"));
    let mut names = std::iter::once("_copy".to_owned()).chain(numbered).map(ended);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_gets_the_first_free_name() {
        let taken = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(free_name("x", &taken(&["x"])), "x_copy");
        assert_eq!(free_name("x", &taken(&["x", "x_copy", "x_copy_3"])), "x_copy_2");
        assert_eq!(free_name("x", &taken(&["x", "x_copy", "x_copy_2"])), "x_copy_3");
        assert_eq!(free_name(&"x".repeat(100), &taken(&[])), format!("{}_copy", "x".repeat(95)));
    }
}
