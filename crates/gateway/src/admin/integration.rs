//! Integration info: which groups a proxy key opens, and where they are. For clients that set themselves up; no admin key.

use axum::extract::State;
use domain::group::{ChannelType, Group};
use schemars::JsonSchema;
use serde::Serialize;

use super::Parts;
use super::error::ApiError;
use super::extract::{InPath, ProxyKey};
use super::messages::Message;
use super::reply::{Data, Reply};
use crate::channels;
use crate::snapshot::proxy_keys::KeyDigest;
use crate::snapshot::{Route, Snapshot};

/// A group as its clients see it.
#[derive(JsonSchema, Serialize)]
pub struct GroupInfo {
    name: String,
    display_name: String,
    /// The provider's dialect; `custom` if the group is used at an endpoint of its own.
    channel_type: &'static str,
    /// What stands between the server's address, or the group's, and the provider's path; with an endpoint of its own that.
    path: String,
}

/// `GET /api/integration/info?key=`: all groups that the key opens, in the order of lists.
pub async fn of_all(State(context): Parts, ProxyKey(key): ProxyKey) -> Reply<Vec<GroupInfo>> {
    let snapshot = context.publisher.current();
    if !snapshot.routes().any(|route| opens(&snapshot, route, &key)) {
        return Err(ApiError::invalid(&Message::WrongProxyKey));
    }
    let groups = context.db.groups().await?.into_iter();
    let opened =
        groups.filter(|group| snapshot.route(&group.spec.name).is_some_and(|route| opens(&snapshot, route, &key)));
    let prefixed = |group: Group| {
        let prefix = format!("/proxy/{}", group.spec.name);
        GroupInfo::new(group, prefix)
    };
    Ok(Data(opened.map(prefixed).collect()))
}

/// `GET /proxy/{group}/api/integration/info?key=`: the one group, its path without the part that the client knows already.
pub async fn of_one(
    State(context): Parts,
    InPath(name): InPath<String>,
    ProxyKey(key): ProxyKey,
) -> Reply<[GroupInfo; 1]> {
    let snapshot = context.publisher.current();
    let route = snapshot.route(&name).ok_or_else(|| ApiError::not_found(&Message::NoGroupNamed(name)))?;
    if !opens(&snapshot, route, &key) {
        return Err(ApiError::invalid(&Message::WrongProxyKey));
    }
    let group = context.db.group(route.id).await?;
    Ok(Data([GroupInfo::new(group, String::new())]))
}

fn opens(snapshot: &Snapshot, route: &Route, key: &KeyDigest) -> bool {
    snapshot.proxy_keys.contains(key) || route.proxy_keys.contains(key)
}

impl GroupInfo {
    fn new(group: Group, prefix: String) -> Self {
        let spec = group.spec;
        let speaks_openai = matches!(spec.channel, ChannelType::OpenAi | ChannelType::OpenAiResponse);
        let usual = channels::of(spec.channel).validation_path(&spec.test_model);
        let has_own_endpoint =
            speaks_openai && !spec.validation_endpoint.is_empty() && spec.validation_endpoint != usual;
        let (channel_type, endpoint) =
            if has_own_endpoint { ("custom", spec.validation_endpoint.as_str()) } else { (spec.channel.as_str(), "") };
        Self { path: prefix + endpoint, name: spec.name, display_name: spec.display_name, channel_type }
    }
}
