//! A task is one for all nodes: all see it, one runs at a time, and what is left when its node dies is known.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::App;
use testkit::app::GroupHandle;
use testkit::database::Database;
use testkit::fault_proxy::{FaultProxy, Target};
use testkit::gate::Gate;
use testkit::provider::{Answer, MockProvider};
use testkit::wait::eventually_in;

use super::engine;
use crate::support::BINARY;

/// A node that is silent is waited for first.
const PATIENCE: Duration = Duration::from_secs(60);

async fn status(node: &App) -> Value {
    node.api().data("/api/tasks/status").await
}

/// Waits until a node tells what `fits` of the last task.
async fn sees(node: &App, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let look = async || {
        let status = status(node).await;
        if fits(&status) { Ok(status) } else { Err(status) }
    };
    eventually_in(PATIENCE, what, look).await
}

fn has_ended(status: &Value) -> bool {
    status["is_running"] == false
}

fn name(node: &App) -> String {
    format!(":{}", node.addr().port())
}

fn runs_on(status: &Value, node: &App) -> bool {
    status["node"].as_str().is_some_and(|on| on.ends_with(&name(node)))
}

/// A group with three keys whose tests wait at the gate.
async fn group(node: &App, provider: &MockProvider, gate: &Gate) -> GroupHandle {
    provider.otherwise(Answer::new(200).gate(gate));
    node.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).create().await
}

async fn validate(node: &App, group: &GroupHandle) -> (u16, Value) {
    node.api().post("/api/keys/validate-group", &json!({"group_id": group.id})).await
}

#[tokio::test]
async fn a_task_is_seen_on_all_nodes_and_one_runs_at_a_time() {
    let (provider, gate) = (MockProvider::start(), Gate::default());
    let first = App::builder_on(engine(), BINARY).start().await;
    let group = group(&first, &provider, &gate).await;
    let others = [first.sibling(BINARY).start().await, first.sibling(BINARY).start().await];
    let mut events = others[0].api().request("GET", "/api/events").send().await;
    assert_eq!(validate(&first, &group).await.0, 200);
    provider.wait_for(3).await;
    for node in &others {
        let seen = sees(node, "the task", |status| status["is_running"] == true).await;
        let expected = json!(["KEY_VALIDATION", "g", 0, 3, true]);
        let told = ["task_type", "group_name", "processed", "total"].map(|field| seen[field].clone());
        assert_eq!(json!([told[0], told[1], told[2], told[3], runs_on(&seen, &first)]), expected);
        let (code, body) = validate(node, &group).await;
        assert_eq!((code, &body["code"]), (409, &json!("TASK_IN_PROGRESS")));
        let added = json!({"group_id": group.id, "keys_text": "sk-4"});
        assert_eq!(node.api().post("/api/keys/add-async", &added).await.0, 409);
    }
    gate.release(1);
    for node in &others {
        sees(node, "how far it has got", |status| status["processed"] == 1).await;
    }
    gate.open();
    let result = json!({"total_keys": 3, "valid_keys": 3, "invalid_keys": 0, "unclear_keys": 0});
    for node in others.iter().chain([&first]) {
        assert_eq!(sees(node, "its end", has_ended).await["result"], result);
    }
    loop {
        let event = events.event().await.unwrap().expect("an event");
        if event.starts_with("event: task") && event.contains("valid_keys") {
            break;
        }
    }
    let added = json!({"group_id": group.id, "keys_text": "sk-1 sk-4"});
    others[1].api().create("/api/keys/add-async", &added).await;
    for node in others.iter().chain([&first]) {
        let is_import = |status: &Value| status["task_type"] == "KEY_IMPORT" && has_ended(status);
        let ended = sees(node, "the end of the other one", is_import).await;
        assert_eq!(ended["result"], json!({"added_count": 1, "ignored_count": 1}));
        assert!(runs_on(&ended, &others[1]) && ended.get("resumable").is_none(), "{ended}");
        let ignored = node.api().data("/api/tasks/ignored").await;
        assert_eq!(ignored["items"], json!([{"line": 1, "key": "****", "reason": "already_in_group"}]));
    }
}

#[tokio::test]
async fn an_import_whose_node_died_goes_on_where_another_is_given_the_same_keys() {
    let provider = MockProvider::start();
    let mut first = App::builder_on(engine(), BINARY).start().await;
    let group = first.group("g").upstream(&provider.url()).create().await;
    let other = first.sibling(BINARY).start().await;
    let total = 60_000;
    let keys: Vec<_> = (0..total).map(|number| format!("sk-number-{number:05}")).collect();
    let given = json!({"group_id": group.id, "keys_text": keys.join("\n")});
    first.api().create("/api/keys/add-async", &given).await;
    let seen = sees(&other, "some progress", |status| status["processed"].as_u64() > Some(0)).await;
    first.kill9().await;
    assert_eq!(seen["is_running"], true, "it is not that fast: {seen}");
    let failed = sees(&other, "its end", has_ended).await;
    let done = failed["processed"].as_u64().unwrap();
    assert!(failed["resumable"] == true && runs_on(&failed, &first) && failed["finished_at"].is_string(), "{failed}");
    let error = failed["error"].as_str().unwrap();
    for words in [&name(&first), &format!("{done} of {total}"), "Add the same keys again"] {
        assert!(error.contains(words), "{words} in {error}");
    }
    let request = other.api().request("GET", "/api/tasks/status").header("accept-language", "zh-CN");
    let chinese = request.fetch().await.json()["data"]["error"].as_str().unwrap().to_owned();
    assert!(chinese.contains("节点") && chinese.contains(&format!("{done}/{total}")), "{chinese}");

    other.api().create("/api/keys/add-async", &given).await;
    let ended = sees(&other, "the rest", |status| runs_on(status, &other) && has_ended(status)).await;
    let (added, ignored) =
        (ended["result"]["added_count"].as_u64().unwrap(), ended["result"]["ignored_count"].as_u64().unwrap());
    assert!(added + ignored == total && ignored >= done, "{ended}");
    let page = other.api().data(&format!("/api/keys?group_id={}", group.id)).await;
    assert_eq!(page["pagination"]["total_items"], total);
}

/// A node that reaches the database by a proxy and runs a task, whose keys wait at the gate, and one beside it that has taken it for dead.
async fn cut_off(provider: &MockProvider, gate: &Gate) -> (App, App, FaultProxy, GroupHandle) {
    let builder = App::builder_on(engine(), BINARY);
    let Database::Server(database) = builder.database().clone() else { panic!("a server was asked for") };
    let proxy = FaultProxy::to(Target::Unix(database.socket()));
    let first = builder.env("DATABASE_DSN", &database.dsn_by(proxy.addr())).start().await;
    let group = group(&first, provider, gate).await;
    let other = first.sibling(BINARY).start().await;
    assert_eq!(validate(&first, &group).await.0, 200);
    provider.wait_for(3).await;
    sees(&other, "the task", |status| status["is_running"] == true).await;
    proxy.refuse().await;
    let failed = sees(&other, "its end", has_ended).await;
    assert!(failed["resumable"] == true && failed["error"].as_str().unwrap().contains("0 of 3"), "{failed}");
    (first, other, proxy, group)
}

#[tokio::test]
async fn a_node_that_was_cut_off_goes_on_with_its_task_and_tells_of_it_later() {
    let (provider, gate) = (MockProvider::start(), Gate::default());
    let (first, other, proxy, _) = cut_off(&provider, &gate).await;
    assert_eq!(status(&first).await["is_running"], true);
    proxy.pass().await;
    sees(&other, "that it goes on", |status| status["is_running"] == true).await;
    gate.open();
    let ended = sees(&other, "its end", has_ended).await;
    assert!(ended["result"]["valid_keys"] == 3 && ended.get("error").is_none(), "{ended}");
}

#[tokio::test]
async fn a_task_stops_when_its_node_was_cut_off_and_there_is_another_one() {
    let (provider, gate) = (MockProvider::start(), Gate::default());
    let (first, other, proxy, group) = cut_off(&provider, &gate).await;
    assert_eq!(validate(&other, &group).await.0, 200);
    proxy.pass().await;
    sees(&first, "the other task", |status| status["is_running"] == true && runs_on(status, &other)).await;
    assert!(first.output().contains("it was taken for dead"), "{}", first.output());
    gate.open();
    for node in [&first, &other] {
        let ended = sees(node, "its end", has_ended).await;
        assert!(ended["result"]["valid_keys"] == 3 && runs_on(&ended, &other), "{ended}");
    }
}
