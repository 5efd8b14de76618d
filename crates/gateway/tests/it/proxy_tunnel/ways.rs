//! Aggregates and outbound proxies: a tunnel takes the way of every other request.

use serde_json::json;
use testkit::outbound::{HttpProxy, Socks5};
use testkit::provider::{MockProvider, Script};

use super::{assert_echoes, echo, opened, rows_of};
use crate::support::app_and_provider;

#[tokio::test]
async fn an_aggregate_goes_on_with_another_member() {
    let (app, limited) = app_and_provider().await;
    let well = MockProvider::start();
    limited.otherwise(Script::limited(60));
    let mut members = Vec::new();
    for (name, provider) in [("a", &limited), ("b", &well)] {
        let group = app.group(name).upstream(&provider.url()).keys([format!("sk-{name}")]).create().await;
        members.push(json!({"group_id": group.id, "weight": 1}));
    }
    let all = app.group("all").field("group_type", json!("aggregate")).create().await;
    let added = app.api().post(&format!("/api/groups/{}/sub-groups", all.id), &json!({"sub_groups": members})).await;
    assert_eq!(added.0, 200, "{added:?}");
    for _ in 0..2 {
        assert_echoes(&mut echo(&all).await, "ping").await;
    }
    assert_eq!((limited.count(), well.count()), (1, 2));
    let rows = app.eventually("three rows", async || Some(app.logs("").await).filter(|rows| rows.len() == 3)).await;
    assert!(rows.iter().all(|row| row["parent_group_name"] == "all"), "{rows:?}");
}

#[tokio::test]
async fn outbound_proxies_carry_it() {
    let (app, provider) = app_and_provider().await;
    let (http, socks) = (HttpProxy::start(Some(("user", "secret"))), Socks5::start(None));
    http.resolve("provider.invalid", provider.addr());
    socks.resolve("provider.invalid", provider.addr());
    for (name, url) in [("http", http.url()), ("socks", socks.url())] {
        let group = app.group(name).upstream("http://provider.invalid:8443").keys([format!("sk-{name}")]);
        let group = group.config(json!({"proxy_url": url, "max_retries": 0})).create().await;
        assert_echoes(&mut opened(super::asking(&group).send().await), "ping").await;
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
        rows_of(&app, &group, 2).await;
    }
    assert_eq!(
        (http.tunnels(), http.forwards()),
        (1, 1),
        "a proxy that forwards would take `Upgrade` as meant for itself"
    );
    assert_eq!(socks.asked().len(), 2);
}
