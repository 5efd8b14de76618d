//! `enable_request_body_logging`.

use serde_json::json;

use super::{entries, entry, values};
use crate::support::app_and_provider;

const LIMIT: usize = 64 << 10;

#[tokio::test]
async fn bodies_and_user_agents_are_kept_only_where_the_settings_say_so() {
    let (app, provider) = app_and_provider().await;
    let group = async |name: &str, config| {
        app.group(name).upstream(&provider.url()).keys(["sk-1"]).config(config).create().await
    };
    let inherits = group("inherits", json!({})).await;
    let never = group("never", json!({"enable_request_body_logging": false})).await;
    let always = group("always", json!({"enable_request_body_logging": true})).await;
    let call = async |group: &testkit::app::GroupHandle| {
        let request = group.request("POST", "/v1/chat/completions").header("User-Agent", "agent/1");
        assert_eq!(request.body(r#"{ "model": "gpt-4o" }"#).fetch().await.status, 200);
    };
    for group in [&inherits, &never, &always] {
        call(group).await;
    }
    app.set(json!({"enable_request_body_logging": true})).await;
    for group in [&inherits, &never, &always] {
        call(group).await;
    }
    let mut rows = entries(&app, 6, "").await;
    rows.reverse();
    let kept = [json!(r#"{ "model": "gpt-4o" }"#), json!("agent/1")];
    let nothing = [json!(""), json!("")];
    let told: Vec<_> = rows.iter().map(|row| values(row, ["request_body", "user_agent"])).collect();
    assert_eq!(told, [&nothing, &nothing, &kept, &kept, &nothing, &kept].map(Clone::clone));
}

#[tokio::test]
async fn the_body_is_logged_as_the_client_sent_it_and_on_every_attempt() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-dead-1", "sk-2"]);
    let group =
        group.field("param_overrides", json!({"temperature": 0})).config(json!({"enable_request_body_logging": true}));
    let group = group.create().await;
    provider.on_key("sk-2", testkit::Script::dead());
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 503);
    assert_eq!(provider.last_request().json()["temperature"], 0);
    for row in entries(&app, 2, "").await {
        let body: serde_json::Value = serde_json::from_str(row["request_body"].as_str().unwrap()).unwrap();
        assert!(body["model"] == "gpt-4o" && body.get("temperature").is_none(), "{body}");
    }
}

#[tokio::test]
async fn a_long_body_is_cut_at_64_kib_and_never_inside_a_character() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"enable_request_body_logging": true});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    for lead in 0..4 {
        let head = format!(r#"{{"model":"gpt-4o","pad":"{}"#, "x".repeat(lead));
        let body = format!(r#"{head}{}"}}"#, "😀".repeat(30_000));
        assert_eq!(group.request("POST", "/v1/chat/completions").body(body.clone()).fetch().await.status, 200);
        let mut rows = entries(&app, lead + 1, "").await;
        let logged = rows.remove(0)["request_body"].as_str().unwrap().to_owned();
        let whole = logged.trim_end_matches('\u{fffd}');
        assert!(
            body.starts_with(whole) && whole.len() > LIMIT - 8 && logged.len() <= LIMIT,
            "{lead}: {}",
            logged.len()
        );
    }
}

#[tokio::test]
async fn a_request_without_a_body_logs_none() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"enable_request_body_logging": true});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    assert_eq!(group.request("GET", "/v1/models").header("User-Agent", "agent/2").fetch().await.status, 200);
    assert_eq!(values(&entry(&app).await, ["request_body", "user_agent"]), [json!(""), json!("agent/2")]);
}

#[tokio::test]
async fn of_a_body_that_is_streamed_through_the_first_64_kib_are_logged_too() {
    let (app, provider) = app_and_provider().await;
    let config = json!({"enable_request_body_logging": true});
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(config).create().await;
    let body = format!(r#"{{"model":"gpt-4o","pad":"{}"}}"#, "x".repeat(400_000));
    let chunks: Vec<_> = body.as_bytes().chunks(10_000).map(bytes::Bytes::copy_from_slice).collect();
    let post = || group.request("POST", "/v1/chat/completions");
    for (count, request) in [post().body(body.clone()), post().chunked(chunks)].into_iter().enumerate() {
        assert_eq!(request.fetch().await.status, 200);
        let rows = entries(&app, count + 1, "").await;
        let logged = rows[0]["request_body"].as_str().unwrap();
        assert!(body.starts_with(logged) && logged.len() > LIMIT - 8, "{} bytes", logged.len());
    }
}
