//! Groups as tests speak of them: a name, a channel, upstreams, keys.

use serde_json::{Value, json};

use super::App;
use crate::http::Request;

/// A group still to be made.
#[derive(Clone, Debug)]
pub struct GroupBuilder<'a> {
    app: &'a App,
    fields: Value,
    keys: Vec<String>,
}

/// A group of the program under test.
#[derive(Clone, Debug)]
pub struct GroupHandle {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The group object as the API gave it.
    pub object: Value,
    base: String,
    proxy_key: String,
}

impl<'a> GroupBuilder<'a> {
    pub(super) fn new(app: &'a App, name: &str) -> Self {
        let proxy_keys = format!("pk-{name}");
        let fields = json!({
            "name": name,
            "channel_type": "openai",
            "upstreams": [],
            "test_model": "gpt-4o-mini",
            "proxy_keys": proxy_keys,
            "config": {},
        });
        Self { app, fields, keys: Vec::new() }
    }

    /// `openai` (the default), `openai-response`, `anthropic` or `gemini`.
    pub fn channel(self, channel_type: &str) -> Self {
        self.field("channel_type", json!(channel_type))
    }

    /// Adds an upstream of weight 1.
    pub fn upstream(self, url: &str) -> Self {
        self.upstream_weighted(url, 1)
    }

    /// Adds an upstream; weight 0 is off.
    pub fn upstream_weighted(mut self, url: &str, weight: u32) -> Self {
        let upstreams = self.fields["upstreams"].as_array_mut().expect("upstreams are an array");
        upstreams.push(json!({"url": url, "weight": weight}));
        self
    }

    /// Adds keys.
    pub fn keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// The group's own settings.
    pub fn config(self, config: Value) -> Self {
        self.field("config", config)
    }

    /// Its proxy keys, comma separated; `pk-NAME` by default.
    pub fn proxy_keys(self, keys: &str) -> Self {
        self.field("proxy_keys", json!(keys))
    }

    /// Any other field of the group object.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields[name] = value;
        self
    }

    /// Makes the group and adds its keys. Panics if either is refused.
    pub async fn create(self) -> GroupHandle {
        let api = self.app.api();
        let object = api.create("/api/groups", &self.fields).await;
        let id = object["id"].as_u64().unwrap_or_else(|| panic!("no id in the group object: {object}"));
        // One call takes at most 5,000.
        for keys in self.keys.chunks(5_000) {
            let body = json!({"group_id": id, "keys_text": keys.join("\n")});
            let added = api.create("/api/keys/add-multiple", &body).await;
            assert_eq!(added["added_count"], keys.len(), "keys of group {}: {added}", self.fields["name"]);
        }
        let text = |field: &str| self.fields[field].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        let proxy_key = text("proxy_keys").split(',').next().unwrap_or_default().to_owned();
        GroupHandle { id, base: self.app.url(&format!("/proxy/{name}")), name, object, proxy_key }
    }
}

impl GroupHandle {
    /// The same group on another node.
    pub fn on(&self, node: &App) -> Self {
        Self { base: node.url(&format!("/proxy/{}", self.name)), ..self.clone() }
    }

    /// The address under which clients call `path` of the provider.
    pub fn proxy_url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The first proxy key of the group.
    pub fn proxy_key(&self) -> &str {
        &self.proxy_key
    }

    /// A request of a client with the group's proxy key as bearer.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &self.proxy_url(path)).bearer(&self.proxy_key)
    }

    /// A chat completion for this model, not streamed.
    pub fn chat(&self, model: &str) -> Request {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
        self.request("POST", "/v1/chat/completions").json(&body)
    }

    /// A chat completion for this model as an event stream.
    pub fn chat_stream(&self, model: &str) -> Request {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": true});
        self.request("POST", "/v1/chat/completions").json(&body)
    }
}
