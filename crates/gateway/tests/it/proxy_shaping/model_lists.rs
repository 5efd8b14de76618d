//! Model lists with the names of the redirect rules.

use serde_json::{Value, json};
use testkit::app::App;
use testkit::provider::{Answer, MockProvider};

use super::group;
use crate::support::app_and_provider;

/// One provider's list and what becomes of it under the rules `fast` → `a` and `gone` → `unknown`.
struct Format {
    channel: &'static str,
    path: &'static str,
    list: Value,
    /// The entry of `fast`: that of `a` under another name.
    copied: Value,
    /// The names in a list, as this format shows them.
    names: fn(&Value) -> Vec<String>,
}

fn named(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[member].as_str().unwrap().to_owned()).collect()
}

fn formats() -> Vec<Format> {
    let openai = |id: &str| json!({"id": id, "object": "model", "created": 7, "owned_by": "them"});
    let claude = |id: &str, name: &str| json!({"type": "model", "id": id, "display_name": name, "created_at": "2025-01-01T00:00:00Z"});
    let gemini =
        |id: &str, name: &str| json!({"name": format!("models/{id}"), "displayName": name, "inputTokenLimit": 9});
    vec![
        Format {
            channel: "openai",
            path: "/v1/models",
            list: json!({"object": "list", "data": [openai("a"), openai("b")], "extra": 1}),
            copied: openai("fast"),
            names: |list| named(&list["data"], "id"),
        },
        Format {
            channel: "anthropic",
            path: "/v1/models",
            list: json!({"data": [claude("a", "A"), claude("b", "B")], "has_more": false, "first_id": "a", "last_id": "b"}),
            copied: claude("fast", "fast"),
            names: |list| named(&list["data"], "id"),
        },
        Format {
            channel: "gemini",
            path: "/v1beta/models",
            list: json!({"models": [gemini("a", "A"), gemini("b", "B")], "nextPageToken": "t"}),
            copied: gemini("fast", "fast"),
            names: |list| named(&list["models"], "name").iter().map(|name| name.replace("models/", "")).collect(),
        },
        Format {
            channel: "gemini",
            path: "/v1beta/openai/models",
            list: json!({"object": "list", "data": [openai("models/a"), openai("models/b")]}),
            copied: openai("fast"),
            names: |list| named(&list["data"], "id").iter().map(|name| name.replace("models/", "")).collect(),
        },
    ]
}

async fn ruled(
    app: &App,
    provider: &MockProvider,
    name: &str,
    channel: &str,
    strict: bool,
) -> testkit::app::GroupHandle {
    let group = group(app, provider, name).channel(channel);
    let group = group.field("model_redirect_rules", json!({"fast": "a", "gone": "unknown"}));
    group.field("model_redirect_strict", json!(strict)).create().await
}

fn entry<'l>(list: &'l Value, name: &str) -> &'l Value {
    let entries = list.get("data").or_else(|| list.get("models")).unwrap().as_array().unwrap();
    let is_it =
        |entry: &&Value| [&entry["id"], &entry["name"]].iter().any(|n| n.as_str().is_some_and(|n| n.ends_with(name)));
    entries.iter().find(is_it).unwrap()
}

#[tokio::test]
async fn a_list_gains_the_names_it_lacks() {
    let (app, provider) = app_and_provider().await;
    for (at, format) in formats().into_iter().enumerate() {
        let group = ruled(&app, &provider, &format!("g{at}"), format.channel, false).await;
        provider.otherwise(Answer::json(200, &format.list));
        let list = group.request("GET", format.path).fetch().await.json();
        assert_eq!((format.names)(&list), ["a", "b", "fast", "gone"], "{list}");
        assert_eq!(*entry(&list, "fast"), format.copied);
        for member in ["extra", "has_more", "nextPageToken", "object"] {
            assert_eq!(list.get(member), format.list.get(member), "{member}");
        }
    }
}

#[tokio::test]
async fn a_strict_list_has_nothing_but_the_rules_names() {
    let (app, provider) = app_and_provider().await;
    for (at, format) in formats().into_iter().enumerate() {
        let group = ruled(&app, &provider, &format!("g{at}"), format.channel, true).await;
        provider.otherwise(Answer::json(200, &format.list));
        let list = group.request("GET", format.path).fetch().await.json();
        assert_eq!((format.names)(&list), ["fast", "gone"], "{list}");
        assert_eq!(*entry(&list, "fast"), format.copied);
        assert!(list.get("nextPageToken").is_none(), "a strict list is whole");
    }
}

#[tokio::test]
async fn only_the_first_page_is_changed() {
    let (app, provider) = app_and_provider().await;
    let claude = json!({"data": [{"type": "model", "id": "c"}], "has_more": true, "first_id": "c", "last_id": "c"});
    for (name, channel, target, list) in [
        ("g", "gemini", "/v1beta/models?pageSize=5&pageToken=t", json!({"models": [{"name": "models/c"}]})),
        ("a", "anthropic", "/v1/models?after_id=b", claude),
    ] {
        provider.otherwise(Answer::with_body(200, "application/json", format!("{list:#}")));
        let lax = ruled(&app, &provider, name, channel, false).await;
        assert_eq!(lax.request("GET", target).fetch().await.text(), format!("{list:#}"));
        assert_eq!(provider.last_request().target, target);
        let strict = ruled(&app, &provider, &format!("{name}-strict"), channel, true).await;
        let rest = strict.request("GET", target).fetch().await.json();
        let entries = rest.get("data").or_else(|| rest.get("models")).unwrap();
        assert_eq!(entries, &json!([]), "{rest}");
    }
}

#[tokio::test]
async fn a_compressed_or_chunked_list_is_changed_too() {
    let (app, provider) = app_and_provider().await;
    let group = ruled(&app, &provider, "g", "openai", true).await;
    let list = || Answer::json(200, &json!({"object": "list", "data": [{"id": "a"}]})).header("x-theirs", "1");
    for answer in [list().gzip(), list().chunked(), list().gzip().chunked(), list().to_end()] {
        provider.otherwise(answer);
        let reply = group.request("GET", "/v1/models").header("Accept-Encoding", "gzip").fetch().await;
        assert_eq!(named(&reply.json()["data"], "id"), ["fast", "gone"]);
        assert_eq!((reply.headers.get("content-encoding"), reply.headers.get("x-theirs")), (None, Some("1")));
        assert_eq!(reply.headers.get("content-length"), Some(reply.body.len().to_string().as_str()));
    }
}

#[tokio::test]
async fn what_is_no_list_or_has_no_rules_passes_byte_for_byte() {
    let (app, provider) = app_and_provider().await;
    let plain = group(&app, &provider, "plain").create().await;
    let ruled = ruled(&app, &provider, "ruled", "openai", false).await;
    let list = "{ \"object\":\"list\" , \"data\":[ {\"id\":\"a\",\"n\":1.00} ] }";
    for (group, method, path, status, body) in [
        (&plain, "GET", "/v1/models", 200, list),
        (&ruled, "GET", "/v1/models/a", 200, list),
        (&ruled, "POST", "/v1/models", 200, list),
        (&ruled, "GET", "/v1/models", 404, list),
        (&ruled, "GET", "/v1/models", 200, "no json"),
        (&ruled, "GET", "/v1/models", 200, "{ \"data\" : 1 }"),
    ] {
        provider.otherwise(Answer::with_body(status, "application/json", body));
        let reply = group.request(method, path).fetch().await;
        assert_eq!((reply.status, reply.text().as_str()), (status, body), "{method} {path}");
    }
}

#[tokio::test]
async fn a_list_cut_short_is_no_list() {
    let (app, provider) = app_and_provider().await;
    let group = ruled(&app, &provider, "g", "openai", false).await;
    let list = || Answer::json(200, &json!({"object": "list", "data": []}));
    for answer in [list().declared_length(1000), list().chunked().cut_after(27)] {
        provider.otherwise(answer.clone());
        let error = group.request("GET", "/v1/models").try_fetch().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{answer:?}");
    }
}
