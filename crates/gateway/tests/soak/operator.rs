//! The operator: changes groups, keys and settings all the time, through the admin API, and looks at lists meanwhile.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::provider::Nature;
use crate::world::{Actor, Group, THRESHOLD};

/// Groups that come and go, at once.
const PASSING: usize = 5;
/// Keys a group has at most, and those that stay.
const KEYS: usize = 24;
const KEPT_KEYS: usize = 4;
const LISTS: [&str; 8] = [
    "/api/groups",
    "/api/settings",
    "/api/logs?page_size=50",
    "/api/logs?page_size=20&is_success=false&error_contains=key",
    "/api/keys?group_id=1&page_size=100",
    "/api/keys/export?group_id=1",
    "/api/groups/1/stats",
    "/health/ready",
];

/// The groups of the beginning. They stay, with these settings.
pub(crate) async fn open(actor: &mut Actor) {
    let world = Arc::clone(&actor.world);
    let settings = json!({
        "request_log_write_interval_minutes": 0,
        "idle_conn_timeout": 2,
        "response_header_timeout": 4,
        "rate_limit_cooldown_seconds": 1,
    });
    assert_eq!(world.api.put("/api/settings", &settings).await.0, 200);
    let lasting = json!({"blacklist_threshold": THRESHOLD, "max_retries": 3});
    let natures = |natures: &[(Nature, usize)]| -> Vec<Nature> {
        natures.iter().flat_map(|(nature, count)| std::iter::repeat_n(*nature, *count)).collect()
    };
    let mixed = natures(&[(Nature::Good, 4), (Nature::Busy, 4), (Nature::Wild, 4), (Nature::Dead, 4)]);
    let calm = natures(&[(Nature::Good, 8)]);
    let mixed = world.create("mixed", true, &json!({"config": lasting}), &mixed).await;
    let calm = world.create("calm", true, &json!({"config": lasting}), &calm).await;
    let wild =
        json!({"config": {"blacklist_threshold": THRESHOLD, "max_retries": 2, "enable_request_body_logging": true}});
    world.create("wild", true, &wild, &natures(&[(Nature::Wild, 6)])).await;
    let one = json!({"config": lasting, "upstreams": [{"url": world.provider, "weight": 1}, {"url": format!("{}/", world.provider), "weight": 2}]});
    world.create("one", true, &one, &natures(&[(Nature::Wild, 1)])).await;
    let all = world.create("all", true, &json!({"group_type": "aggregate", "upstreams": []}), &[]).await;
    link(actor, &all, &[&mixed, &calm]).await;
}

async fn link(actor: &Actor, aggregate: &Group, members: &[&Group]) {
    let members: Vec<_> = members.iter().map(|member| json!({"group_id": member.id, "weight": 3})).collect();
    let path = format!("/api/groups/{}/sub-groups", aggregate.id);
    done(actor.world.api.post(&path, &json!({"sub_groups": members})).await, &path);
}

fn done((status, body): (u16, Value), what: &str) {
    assert_eq!(status, 200, "{what}: {body}");
}

/// One change after the other.
pub(crate) async fn change(mut actor: Actor) {
    while actor.goes_on() {
        match actor.rng.u8(..12) {
            0..3 => more_keys(&mut actor).await,
            3..5 => fewer_keys(&mut actor).await,
            5 => restore_keys(&mut actor).await,
            6 => test_keys(&mut actor).await,
            7..9 => other_settings(&mut actor).await,
            9 => other_group(&mut actor).await,
            10 => new_group(&mut actor).await,
            _ => delete_group(&mut actor).await,
        }
        actor.pause(100).await;
    }
}

/// What a console with many tabs asks for.
pub(crate) async fn look(mut actor: Actor) {
    while actor.goes_on() {
        let path = LISTS[actor.rng.usize(..LISTS.len())];
        done(actor.world.api.get(path).await, path);
        actor.pause(300).await;
    }
}

/// A group whose keys may change: not the one whose only key is the point of it.
fn with_keys(actor: &mut Actor) -> Option<Arc<Group>> {
    Some(actor.world.any_group(&mut actor.rng)).filter(|group| !group.is_aggregate && group.name != "one")
}

async fn more_keys(actor: &mut Actor) {
    let Some(group) = with_keys(actor).filter(|group| group.keys().len() < KEYS) else { return };
    let nature = [Nature::Good, Nature::Busy, Nature::Wild, Nature::Dead][actor.rng.usize(..4)];
    let count = actor.rng.usize(1..4);
    actor.world.add_keys(&group, &vec![nature; count]).await;
}

async fn fewer_keys(actor: &mut Actor) {
    let Some(group) = with_keys(actor) else { return };
    let count = group.keys().len();
    let keys = group.keys().split_off(actor.rng.usize(KEPT_KEYS.min(count)..=count));
    post_keys(actor, "delete-multiple", &group, &keys).await;
}

async fn restore_keys(actor: &mut Actor) {
    let Some(group) = with_keys(actor) else { return };
    let keys = group.keys().clone();
    touch(actor, &keys);
    if actor.rng.bool() {
        post_keys(actor, "restore-multiple", &group, &keys).await;
    } else {
        let path = "/api/keys/restore-all-invalid";
        done(actor.world.api.post(path, &json!({"group_id": group.id})).await, path);
    }
}

async fn test_keys(actor: &mut Actor) {
    let Some(group) = with_keys(actor).filter(|group| !group.lasting) else { return };
    let keys: Vec<_> = group.keys().iter().take(2).cloned().collect();
    touch(actor, &keys);
    post_keys(actor, "test-multiple", &group, &keys).await;
}

fn touch(actor: &Actor, keys: &[String]) {
    actor.world.touched.lock().expect("nobody panics with it").extend(keys.iter().cloned());
}

async fn post_keys(actor: &Actor, what: &str, group: &Group, keys: &[String]) {
    if !keys.is_empty() {
        let path = format!("/api/keys/{what}");
        let body = json!({"group_id": group.id, "keys_text": keys.join("\n")});
        done(actor.world.api.post(&path, &body).await, &path);
    }
}

async fn other_settings(actor: &mut Actor) {
    let rng = &mut actor.rng;
    let settings = json!({
        "max_retries": rng.u8(..5),
        "blacklist_threshold": rng.u8(1..5),
        "rate_limit_cooldown_seconds": rng.u8(1..4),
        "response_header_timeout": rng.u8(3..5),
        "connect_timeout": rng.u8(3..15),
        "max_idle_conns": rng.u8(2..100),
        "enable_request_body_logging": rng.bool(),
        "request_log_write_interval_minutes": rng.u8(..2),
    });
    done(actor.world.api.put("/api/settings", &settings).await, "settings");
}

/// A group that is not to stay gets other settings, rules or members.
async fn other_group(actor: &mut Actor) {
    let group = actor.world.any_group(&mut actor.rng);
    if group.lasting {
        return;
    }
    if group.is_aggregate {
        return other_members(actor, &group).await;
    }
    let rng = &mut actor.rng;
    let fields = json!({
        "config": {"max_retries": rng.u8(..4), "blacklist_threshold": rng.u8(1..6), "response_header_timeout": 4},
        "header_rules": [{"key": "X-Soak", "value": "${GROUP_NAME} ${TIMESTAMP_MS}", "action": "set"}],
        "upstreams": [
            {"url": actor.world.provider, "weight": rng.u8(1..9)},
            {"url": format!("{}/v{}", actor.world.provider, rng.u8(..3)), "weight": rng.u8(..3)},
        ],
    });
    let path = format!("/api/groups/{}", group.id);
    done(actor.world.api.put(&path, &fields).await, &path);
}

async fn other_members(actor: &mut Actor, aggregate: &Group) {
    let path = format!("/api/groups/{}/sub-groups", aggregate.id);
    let members = actor.world.api.data(&path).await;
    let ids: Vec<_> = members.as_array().into_iter().flatten().map(|member| member["group"]["id"].clone()).collect();
    let group = actor.world.any_group(&mut actor.rng);
    if !group.is_aggregate && !ids.contains(&json!(group.id)) {
        return link(actor, aggregate, &[&group]).await;
    }
    if let Some(member) = ids.get(actor.rng.usize(..ids.len().max(1))) {
        let path = format!("{path}/{member}");
        if actor.rng.bool() {
            let weight = json!({"weight": actor.rng.u8(..10)});
            done(actor.world.api.put(&format!("{path}/weight"), &weight).await, &path);
        } else {
            done(actor.world.api.delete(&path).await, &path);
        }
    }
}

async fn new_group(actor: &mut Actor) {
    let passing = actor.world.groups().iter().filter(|group| !group.lasting).count();
    if passing >= PASSING {
        return;
    }
    let name = format!("passing-{}", actor.rng.u32(..));
    if actor.rng.u8(..3) == 0 {
        actor.world.create(&name, false, &json!({"group_type": "aggregate", "upstreams": []}), &[]).await;
    } else {
        let natures = [Nature::Good, Nature::Good, Nature::Busy, Nature::Wild, Nature::Wild, Nature::Dead];
        actor.world.create(&name, false, &json!({}), &natures).await;
    }
}

/// Requests for it are under way, and more will come: clients learn of it only then.
async fn delete_group(actor: &mut Actor) {
    let group = actor.world.any_group(&mut actor.rng);
    if group.lasting {
        return;
    }
    let path = format!("/api/groups/{}", group.id);
    done(actor.world.api.delete(&path).await, &path);
    actor.world.groups().retain(|known| known.id != group.id);
    if group.is_aggregate {
        actor.world.gone.lock().expect("nobody panics with it").push(group.id);
    }
}
