//! Outbound proxies: traffic takes the way it is told to take, or none at all.

use serde_json::json;
use testkit::app::{App, GroupHandle};
use testkit::outbound::{HttpProxy, Socks5, tinyproxy};
use testkit::provider::{Answer, MockProvider};
use testkit::{FaultProxy, Gate};

use crate::support::{app_and_provider, builder};

const USER: &str = "user";
const PASSWORD: &str = "hunter2-of-the-proxy";
/// A name that only the proxies here can resolve.
const UPSTREAM: &str = "http://provider.invalid:8443";

/// A group with one key behind this proxy. It tries once only.
async fn group(app: &App, name: &str, upstream: &str, proxy_url: &str) -> GroupHandle {
    let config = json!({"proxy_url": proxy_url, "max_retries": 0});
    app.group(name).upstream(upstream).keys([format!("sk-{name}")]).config(config).create().await
}

#[tokio::test]
async fn an_http_proxy_forwards_and_resolves_names() {
    for login in [None, Some((USER, PASSWORD))] {
        let (app, provider) = app_and_provider().await;
        let proxy = HttpProxy::start(login);
        proxy.resolve("provider.invalid", provider.addr());
        let group = group(&app, "g", UPSTREAM, &proxy.url()).await;
        for _ in 0..2 {
            assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
        }
        let mut stream = group.chat_stream("gpt-4o").send().await;
        assert_eq!(stream.status, 200);
        while stream.event().await.unwrap().is_some() {}
        assert_eq!(proxy.asked(), ["provider.invalid:8443"; 3]);
        let seen = provider.last_request();
        assert_eq!((seen.header("host"), seen.key.as_deref()), (Some("provider.invalid:8443"), Some("sk-g")));
        assert_eq!(seen.header("proxy-authorization"), None);
    }
}

#[tokio::test]
async fn an_https_upstream_gets_a_tunnel_and_nothing_in_the_clear() {
    let (app, provider) = app_and_provider().await;
    let proxy = HttpProxy::start(Some((USER, PASSWORD)));
    let nobody = FaultProxy::to(provider.addr());
    nobody.refuse().await;
    let behind = FaultProxy::to(nobody.addr());
    proxy.resolve("provider.invalid", behind.addr());
    let group = group(&app, "g", "https://provider.invalid:8443", &proxy.url()).await;
    let reply = group.chat("gpt-4o").fetch().await;
    assert_eq!(reply.status, 502, "nobody there speaks TLS: {}", reply.text());
    assert_eq!((proxy.tunnels(), proxy.forwards(), behind.connections()), (1, 0, 1));
    let head = proxy.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with("connect provider.invalid:8443 http/1.1\r\n"), "{head}");
    assert!(head.contains("proxy-authorization: basic ") && !head.contains("sk-g"), "{head}");
}

#[tokio::test]
async fn a_socks5_proxy_resolves_names_too() {
    for (login, scheme) in [(None, "socks5"), (Some((USER, PASSWORD)), "socks5"), (Some((USER, PASSWORD)), "socks5h")] {
        let (app, provider) = app_and_provider().await;
        let proxy = Socks5::start(login);
        proxy.resolve("provider.invalid", provider.addr());
        let url = proxy.url().replace("socks5://", &format!("{scheme}://"));
        let group = group(&app, "g", UPSTREAM, &url).await;
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
        assert_eq!(proxy.asked(), ["provider.invalid:8443"]);
        assert_eq!(provider.last_request().header("host"), Some("provider.invalid:8443"));
    }
}

#[tokio::test]
async fn tinyproxy_forwards() {
    for login in [None, Some((USER, "hunter2"))] {
        let (app, provider) = app_and_provider().await;
        let proxy = tinyproxy(login).await.expect("tinyproxy is not installed: `make test` installs it");
        let group = group(&app, "g", &provider.url(), proxy.url()).await;
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 200);
        let mut stream = group.chat_stream("gpt-4o").send().await;
        assert_eq!(stream.status, 200);
        while stream.event().await.unwrap().is_some() {}
        drop(proxy);
        provider.forget();
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, provider.count()), (502, 0), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_proxy_that_is_away_is_never_gone_around() {
    let (app, provider) = app_and_provider().await;
    let away = FaultProxy::to(provider.addr());
    away.refuse().await;
    let address = away.addr();
    for scheme in ["http", "socks5"] {
        let url = format!("{scheme}://{USER}:{PASSWORD}@{address}");
        let config = json!({"proxy_url": url, "max_retries": 1});
        let group = app.group(scheme).upstream(&provider.url()).keys(["sk-1", "sk-2"]).config(config).create().await;
        let reply = group.chat("gpt-4o").fetch().await;
        let text = reply.text();
        assert_eq!(reply.status, 502, "{text}");
        assert!(text.contains(&address.to_string()), "it says which proxy: {text}");
        assert!(!text.contains(PASSWORD) && !text.contains(USER), "{text}");
        assert_eq!(app.key(&group, "sk-1").await["failure_count"], 0, "no key is blamed");
    }
    assert_eq!(provider.count(), 0);
    let rows = app.eventually("four rows", async || {
        let rows = app.logs("").await;
        (rows.len() == 4).then_some(rows)
    });
    let rows = json!(rows.await).to_string();
    assert!(rows.contains(&address.to_string()) && !rows.contains(PASSWORD), "{rows}");
    assert!(!app.output().contains(PASSWORD), "{}", app.output());
}

#[tokio::test]
async fn a_login_that_the_proxy_refuses_is_no_answer_of_the_provider() {
    let (app, provider) = app_and_provider().await;
    let (http, socks) = (HttpProxy::start(Some((USER, PASSWORD))), Socks5::start(Some((USER, PASSWORD))));
    for (name, url, upstream) in [
        ("tunnelled", format!("http://{USER}:wrong-password@{}", http.addr()), "https://provider.invalid"),
        ("loginless", format!("http://{}", http.addr()), "https://provider.invalid"),
        ("forwarded", format!("http://{USER}:wrong-password@{}", http.addr()), "http://provider.invalid"),
        ("socks", format!("socks5://{USER}:wrong-password@{}", socks.addr()), "http://provider.invalid"),
        ("socks-loginless", format!("socks5://{}", socks.addr()), "http://provider.invalid"),
    ] {
        let group = group(&app, name, upstream, &url).await;
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!(reply.status, 502, "{name}: {}", reply.text());
        assert!(!reply.text().contains("wrong-password"), "{name}: {}", reply.text());
    }
    assert_eq!(provider.count(), 0);
}

#[tokio::test]
async fn the_environments_proxies_serve_groups_without_one_of_their_own() {
    let (env, own, provider) = (HttpProxy::start(Some((USER, PASSWORD))), Socks5::start(None), MockProvider::start());
    let app = builder().env("http_proxy", &env.url()).env("NO_PROXY", "other.invalid,0.0.0.0").start().await;
    env.resolve("provider.invalid", provider.addr());
    own.resolve("provider.invalid", provider.addr());
    let port = provider.addr().port();

    let through_env = group(&app, "env", UPSTREAM, "").await;
    assert_eq!(through_env.chat("m").fetch().await.status, 200);
    assert_eq!(env.asked(), ["provider.invalid:8443"]);

    let through_own = group(&app, "own", UPSTREAM, &own.url()).await;
    assert_eq!(through_own.chat("m").fetch().await.status, 200);
    assert_eq!((env.asked().len(), own.asked().len()), (1, 1), "a group's own has the last word");

    for (name, host) in [("exempt", "0.0.0.0"), ("loopback", "127.0.0.1")] {
        let direct = group(&app, name, &format!("http://{host}:{port}"), "").await;
        assert_eq!(direct.chat("m").fetch().await.status, 200, "{name}");
    }
    assert_eq!(env.asked().len(), 1, "NO_PROXY and loopback go directly");

    app.set(json!({"proxy_url": own.url()})).await;
    assert_eq!(through_env.chat("m").fetch().await.status, 200);
    assert_eq!(env.asked().len(), 2, "an empty override means the environment's");
    let inherits = app.group("inherits").upstream(UPSTREAM).keys(["sk-1"]).create().await;
    assert_eq!(inherits.chat("m").fetch().await.status, 200);
    assert_eq!(env.asked().len(), 2, "the system's setting comes before the environment");
    assert!(!app.output().contains(PASSWORD), "{}", app.output());
}

#[tokio::test]
async fn a_changed_proxy_is_in_force_at_once_and_leaves_running_requests_alone() {
    let (app, provider) = app_and_provider().await;
    let (first, second) = (HttpProxy::start(None), Socks5::start(None));
    first.resolve("provider.invalid", provider.addr());
    second.resolve("provider.invalid", provider.addr());
    let gate = Gate::default();
    let events = ["data: 1\n\n", "data: 2\n\n"];
    provider.on_path("/v1/slow", Answer::events(events).gate_before(1, &gate));
    let group = group(&app, "g", UPSTREAM, &first.url()).await;
    let mut running = group.request("POST", "/v1/slow").json(&json!({"stream": true})).send().await;
    assert_eq!(running.event().await.unwrap().as_deref(), Some("data: 1"));

    let config = json!({"config": {"proxy_url": second.url()}});
    assert_eq!(app.api().put(&format!("/api/groups/{}", group.id), &config).await.0, 200);
    assert_eq!(group.chat("m").fetch().await.status, 200);
    assert_eq!((first.asked().len(), second.asked().len()), (1, 1));
    gate.open();
    assert_eq!(running.event().await.unwrap().as_deref(), Some("data: 2"));
}

#[tokio::test]
async fn a_proxy_url_that_can_not_be_read_is_refused_at_once() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let bad = [
        "ftp://user:hunter2@127.0.0.1",
        "http://",
        "http://user:hunter2@",
        "127.0.0.1:8080",
        "://",
        "socks4://127.0.0.1",
    ];
    for url in bad {
        let change = json!({"config": {"proxy_url": url}});
        for (status, body) in [
            app.api().put("/api/settings", &json!({"proxy_url": url, "max_retries": 9})).await,
            app.api().put(&format!("/api/groups/{}", group.id), &change).await,
        ] {
            assert_eq!((status, &body["code"]), (400, &json!("VALIDATION_FAILED")), "{url}: {body}");
            let message = body["message"].as_str().unwrap();
            assert!(
                message.contains("proxy_url") && message.contains("socks5") && !message.contains("hunter2"),
                "{message}"
            );
        }
    }
    let settings = app.api().data("/api/settings").await.to_string();
    assert!(!settings.contains("hunter2"), "nothing of a refused change is kept");
    assert_eq!(group.chat("m").fetch().await.status, 200);
}

#[tokio::test]
async fn a_stored_proxy_url_that_can_not_be_read_takes_the_group_out_of_service() {
    let (mut app, provider) = app_and_provider().await;
    let healthy = group(&app, "healthy", &provider.url(), "").await;
    let broken = group(&app, "broken", &provider.url(), "").await;
    app.kill9().await;
    // GPT-Load 1.4.x would have taken it.
    let config =
        "UPDATE groups SET config = '{\"proxy_url\":\"ftp://user:hunter2@127.0.0.1:1\"}' WHERE name = 'broken'";
    let _ = app.database().run([config]);
    app.restart().await;
    for (group, status) in [(&broken, 503), (&healthy, 200)] {
        let reply = group.chat("m").fetch().await;
        assert_eq!(reply.status, status, "{}: {}", group.name, reply.text());
    }
    assert_eq!(provider.count(), 1, "no direct connection");
    assert!(app.output().contains("broken") && !app.output().contains("hunter2"), "{}", app.output());
    let warnings = app.api().data("/api/groups").await[0]["warnings"].to_string();
    assert!(warnings.contains("proxy_url") && !warnings.contains("hunter2"), "{warnings}");

    let path = format!("/api/groups/{}", broken.id);
    assert_eq!(app.api().put(&path, &json!({"config": {"proxy_url": ""}})).await.0, 200);
    assert_eq!(broken.chat("m").fetch().await.status, 200);
}

#[tokio::test]
async fn key_tests_take_the_same_way() {
    let (app, provider) = app_and_provider().await;
    let proxy = Socks5::start(Some((USER, PASSWORD)));
    proxy.resolve("provider.invalid", provider.addr());
    let group = group(&app, "g", UPSTREAM, &proxy.url()).await;
    let body = json!({"group_id": group.id, "keys_text": "sk-g"});
    let tested = app.api().create("/api/keys/test-multiple", &body).await;
    assert_eq!(tested["results"], json!([{"key_value": "sk-g", "is_valid": true, "error": ""}]));
    assert_eq!(proxy.asked(), ["provider.invalid:8443"]);
}

#[tokio::test]
async fn a_stored_proxy_url_of_the_system_that_can_not_be_read_takes_groups_without_their_own_out_of_service() {
    let (mut app, provider) = app_and_provider().await;
    let inherits = app.group("inherits").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let own = HttpProxy::start(None);
    own.resolve("provider.invalid", provider.addr());
    let healthy = group(&app, "healthy", UPSTREAM, &own.url()).await;
    app.kill9().await;
    // GPT-Load 1.4.x would have taken it.
    let insert = "INSERT INTO system_settings (setting_key, setting_value) VALUES ('proxy_url', '://user:hunter2@')";
    let _ = app.database().run([insert]);
    app.restart().await;
    for (group, status) in [(&inherits, 503), (&healthy, 200)] {
        let reply = group.chat("m").fetch().await;
        assert_eq!(reply.status, status, "{}: {}", group.name, reply.text());
    }
    assert_eq!(provider.count(), 1, "no direct connection");
    assert!(app.output().contains("out of service") && !app.output().contains("hunter2"), "{}", app.output());
    app.set(json!({"proxy_url": ""})).await;
    assert_eq!(inherits.chat("m").fetch().await.status, 200);
}
