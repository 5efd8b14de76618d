//! The old process, while it has something to finish.

use serde_json::json;
use testkit::http::{Connection, Request};

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
