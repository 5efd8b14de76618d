//! What clients ask to set themselves up.

use http::Request;
use serde_json::{Value, json};

use super::kit::{Api, Reply, failure, group};

/// Asks without the admin key.
async fn ask(api: &Api, path: &str) -> Reply {
    api.send(Request::get(path).body(String::new().into()).unwrap()).await
}

/// Three groups: one as it comes, one with an endpoint of its own, one of another provider.
async fn groups() -> Api {
    let api = Api::new().await;
    for (name, channel_type, endpoint, sort) in [
        ("plain", "openai", "/v1/chat/completions", 2),
        ("changed", "openai-response", "/v2/answers", 1),
        ("other", "anthropic", "/v9/messages", 3),
    ] {
        let mut fields = group(name);
        let more = json!({"channel_type": channel_type, "validation_endpoint": endpoint, "sort": sort,
            "display_name": name.to_uppercase(), "proxy_keys": format!("pk-{name},pk-two")});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.post("/api/groups", fields).await.data();
    }
    api
}

fn info(name: &str, channel_type: &str, path: &str) -> Value {
    json!({"name": name, "display_name": name.to_uppercase(), "channel_type": channel_type, "path": path})
}

#[tokio::test]
async fn a_key_is_told_the_groups_it_opens() {
    let api = groups().await;
    let all = json!([
        info("changed", "custom", "/proxy/changed/v2/answers"),
        info("plain", "openai", "/proxy/plain"),
        info("other", "anthropic", "/proxy/other"),
    ]);
    for key in ["pk-all", "pk-two"] {
        assert_eq!(ask(&api, &format!("/api/integration/info?key={key}")).await.data(), all, "{key}");
    }
    let one = ask(&api, "/api/integration/info?key=pk-plain").await.data();
    assert_eq!(one, json!([info("plain", "openai", "/proxy/plain")]));
}

#[tokio::test]
async fn a_group_tells_of_itself_without_its_own_path() {
    let api = groups().await;
    for (name, channel_type, path) in
        [("plain", "openai", ""), ("changed", "custom", "/v2/answers"), ("other", "anthropic", "")]
    {
        let told = ask(&api, &format!("/proxy/{name}/api/integration/info?key=pk-{name}")).await.data();
        assert_eq!(told, json!([info(name, channel_type, path)]));
    }
}

#[tokio::test]
async fn without_a_key_that_opens_something_nothing_is_told() {
    let api = groups().await;
    for path in [
        "/api/integration/info",
        "/api/integration/info?key=",
        "/api/integration/info?key=pk-none",
        "/proxy/plain/api/integration/info?key=pk-changed",
        "/proxy/plain/api/integration/info",
    ] {
        assert_eq!(ask(&api, path).await.code(), failure(400, "VALIDATION_FAILED"), "{path}");
    }
    let unknown = ask(&api, "/proxy/none/api/integration/info?key=pk-all").await;
    assert_eq!(unknown.code(), failure(404, "NOT_FOUND"));
}
