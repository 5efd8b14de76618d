//! A connection that was kept and is closed before an answer is replaced once, which counts as no attempt.

use serde_json::json;
use testkit::app::GroupHandle;
use testkit::http::{Connection, Reply};
use testkit::provider::{Answer, Script};

use crate::support::app_and_provider;
use crate::support::keys::key_state;

const KEY: &str = "sk-only-0123456789abcdef";

/// Two calls on one connection, so that both meet the same worker and its connections.
async fn two_calls(group: &GroupHandle) -> [Reply; 2] {
    let request = group.chat("gpt-4o");
    let authority = group.proxy_url("").split('/').nth(2).unwrap().to_owned();
    let connection = Connection::open(&authority).await.unwrap();
    let (first, connection) = connection.request(&request).await.unwrap().finish().await.unwrap();
    let (second, _) = connection.request(&request).await.unwrap().finish().await.unwrap();
    [first, second]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reused_connection_that_closes_is_replaced_without_an_attempt() {
    for close in [Answer::close(), Answer::reset()] {
        let (app, provider) = app_and_provider().await;
        provider.on_key(KEY, Script::sequence([Script::ok(), close.into(), Script::ok()]));
        let group =
            app.group("g").upstream(&provider.url()).keys([KEY]).config(json!({"max_retries": 0})).create().await;
        let statuses = two_calls(&group).await.map(|reply| reply.status);
        assert_eq!(statuses, [200, 200]);
        let connections: Vec<_> = provider.requests().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 1, 2]);
        let rows = app.eventually("two rows", async || Some(app.logs("").await).filter(|rows| rows.len() == 2)).await;
        assert!(rows.iter().all(|row| row["attempt"] == 1 && row["request_type"] == "final"), "{rows:?}");
        assert_eq!(key_state(&app, &group, KEY).await, "active 0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_connection_that_closes_is_a_failed_attempt() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(KEY, Script::sequence([Script::ok(), Answer::close().into(), Answer::close().into()]));
    let group = app.group("g").upstream(&provider.url()).keys([KEY]).config(json!({"max_retries": 0})).create().await;
    let statuses = two_calls(&group).await.map(|reply| reply.status);
    assert_eq!(statuses, [200, 502]);
    assert_eq!(provider.count(), 3, "replaced once only");
}
