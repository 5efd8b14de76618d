mod answers;
mod faults;
mod recording;
mod scripts;

use serde_json::{Value, json};

use super::*;
use crate::http::Request;

const CHAT: &str = "/v1/chat/completions";

fn post(provider: &MockProvider, path: &str, key: &str, body: &Value) -> Request {
    Request::post(&format!("{}{path}", provider.url())).bearer(key).json(body)
}

fn chat(provider: &MockProvider, key: &str) -> Request {
    post(provider, CHAT, key, &json!({"model": "gpt-4o", "messages": []}))
}

fn get(provider: &MockProvider, path: &str) -> Request {
    Request::get(&format!("{}{path}", provider.url()))
}
