//! The old process, while it has something to finish.

use serde_json::json;
use testkit::Gate;
use testkit::http::{Connection, Request};
use testkit::provider::{Answer, MockProvider};

use super::{logged, replaceable, with_streams};

#[tokio::test(flavor = "multi_thread")]
async fn its_console_is_the_new_ones() {
    let (mut app, _provider, streams, gate) = with_streams(replaceable()).await;
    let mut stream = streams.chat_stream("gpt-4o").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    let mut kept = Vec::new();
    for _ in 0..2 {
        let connection = Connection::open(&app.addr().to_string()).await.unwrap();
        let asked = connection.request(&app.api().request("GET", "/health/live")).await.unwrap();
        assert_eq!(asked.headers.get("connection"), None);
        kept.push(asked.finish().await.unwrap().1);
    }
    let former = app.replace().await;
    let change = app.api().request("PUT", "/api/settings").json(&json!({"max_retries": 77}));
    let changed = kept.remove(0).request(&change).await.unwrap();
    assert_eq!((changed.status, changed.headers.get("connection")), (200, Some("close")));
    let settings = app.api().data("/api/settings").await.to_string();
    assert!(settings.contains(r#""value":77"#), "{settings}");
    let proxied = kept.remove(0).request(&streams.request("GET", "/v1/models")).await.unwrap();
    assert_eq!(proxied.headers.get("connection"), Some("close"), "the next request goes to the new one");
    drop(proxied);
    assert!(former.runs(), "it has a stream");
    gate.open();
    while stream.event().await.unwrap().is_some() {}
    // Its connection would be kept for a further request.
    drop(stream);
    former.ended().await;
    assert!(app.output().contains("replaced"), "{}", app.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_still_learns_of_keys_the_new_one_knows_soon() {
    let (mut app, provider, gate) = (replaceable().start().await, MockProvider::start(), Gate::default());
    provider.on_key("sk-late", Answer::new(401).gate(&gate));
    let group = app.group("g").upstream(&provider.url()).keys(["sk-late", "sk-2"]);
    let group = group.config(json!({"blacklist_threshold": 1})).create().await;
    let mut under_way = Vec::new();
    // One for each key.
    for _ in 0..2 {
        let mut connection = Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(group.chat("gpt-4o").to_bytes()).await.unwrap();
        under_way.push(connection);
    }
    gate.reached(1).await;
    let former = app.replace().await;
    assert!(former.runs(), "it has a request");
    let states = async || {
        let stats = app.api().data(&format!("/api/groups/{}/stats", group.id)).await["key_stats"].take();
        [stats["active_keys"].clone(), stats["invalid_keys"].clone()]
    };
    assert_eq!(states().await, [2, 0]);
    gate.open();
    for connection in under_way {
        assert_eq!(connection.response("POST").await.unwrap().status, 200);
    }
    let known = async || {
        let states = states().await;
        if states == [1, 1] { Ok(()) } else { Err(states) }
    };
    app.eventually("the new one to know the bad key", known).await;
    former.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_is_stored_even_if_it_is_killed() {
    let (mut app, provider, streams, _gate) = with_streams(replaceable()).await;
    let plain = app.group("plain").upstream(&provider.url()).keys(["sk-1"]).create().await;
    app.set(json!({"request_log_write_interval_minutes": 1440})).await;
    for _ in 0..5 {
        assert_eq!(plain.chat("gpt-4o").fetch().await.status, 200);
    }
    let mut stream = streams.chat_stream("gpt-4o").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    let former = app.replace().await;
    // Its spool thread has written what there is by the time that the new process serves.
    assert!(std::process::Command::new("kill").args(["-9", &former.pid().to_string()]).status().unwrap().success());
    former.ended().await;
    assert!(stream.event().await.is_err(), "its stream is cut");
    let looked_for = async || app.output().contains("left log entries behind").then_some(()).ok_or("not found yet");
    app.eventually("the new process to look for it", looked_for).await;
    logged(&app, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_shortens_its_stay() {
    let (mut app, _provider, streams, _gate) = with_streams(replaceable()).await;
    let mut stream = streams.chat_stream("gpt-4o").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    let former = app.replace().await;
    assert!(std::process::Command::new("kill").arg(former.pid().to_string()).status().unwrap().success());
    former.ended().await;
    assert!(stream.event().await.is_err(), "its stream is cut after the time for a stop");
    assert_eq!(Request::get(&app.url("/health/ready")).fetch().await.status, 200);
    logged(&app, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_directory_is_the_new_ones_alone() {
    let (mut app, _provider, streams, _gate) = with_streams(replaceable()).await;
    let mut stream = streams.chat_stream("gpt-4o").send().await;
    assert_eq!(stream.event().await.unwrap().as_deref(), Some("data: 1"));
    let former = app.replace().await;
    let in_use = app.beside(crate::support::BINARY).arg("migrate-keys").arg("--to").arg("a new encryption key");
    let ended = in_use.try_start().await.unwrap_err();
    assert!(ended.output.contains(&app.pid().to_string()), "{}", ended.output);
    app.terminate();
    app.eventually("the new one to let go", async || {
        app.beside(crate::support::BINARY)
            .arg("upgrade")
            .try_start()
            .await
            .unwrap_err()
            .output
            .contains("no server runs")
    })
    .await;
    assert!(former.runs(), "the old one is at its stream still, and in nobody's way");
    let again = app.beside("./gpt-load").start().await;
    assert_eq!(Request::get(&again.url("/health/ready")).fetch().await.status, 200);
}
