//! OpenAI's paths (<https://platform.openai.com/docs/api-reference>), under any prefix, so that its relatives are served too.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::errors;
use super::super::received::Received;
use super::{CREATED, INPUT_TOKENS, chat, reads, realtime, responses, text};

const MODELS: [&str; 4] = ["gpt-4o", "gpt-4o-mini", "o3-mini", "text-embedding-3-small"];

const EMBEDDING: [f32; 8] = [0.125, -0.25, 0.375, -0.5, 0.625, -0.75, 0.875, -1.0];

pub(super) fn answer(request: &Received) -> Answer {
    let path = request.path();
    let answer = if reads(request) { read(request, path) } else { call(request, path) };
    answer.header("x-request-id", "req_mock").header("openai-version", "2020-10-01").header("openai-processing-ms", "1")
}

fn read(request: &Received, path: &str) -> Answer {
    if path.ends_with("/models") {
        let models: Vec<_> = MODELS.iter().map(|id| model(id)).collect();
        return Answer::json(200, &json!({"object": "list", "data": models}));
    }
    if path.ends_with("/realtime") && request.headers.has_token("upgrade", "websocket") {
        return realtime::answer(request);
    }
    match request.model() {
        Some(id) if MODELS.contains(&id.as_str()) => Answer::json(200, &model(&id)),
        Some(id) => errors::openai::model_not_found(&id),
        None => errors::openai::unknown_url(&request.method, path),
    }
}

fn call(request: &Received, path: &str) -> Answer {
    if path.ends_with("/audio/transcriptions") {
        return Answer::json(200, &json!({"text": text(), "usage": {"type": "duration", "seconds": 1}}));
    }
    if !["/chat/completions", "/responses", "/embeddings"].iter().any(|end| path.ends_with(end)) {
        return errors::openai::unknown_url(&request.method, path);
    }
    let body = request.json();
    if !body.is_object() {
        return errors::openai::bad_json();
    }
    let model = request.model().unwrap_or_else(|| MODELS[0].to_owned());
    if path.ends_with("/embeddings") {
        return Answer::json(200, &embeddings(&model, &body));
    }
    match (path.ends_with("/responses"), request.wants_stream()) {
        (false, false) => Answer::json(200, &chat::completion(&model)),
        (false, true) => Answer::events(chat::events(&model, body["stream_options"]["include_usage"] == true)),
        (true, false) => Answer::json(200, &responses::response(&model)),
        (true, true) => Answer::events(responses::events(&model)),
    }
}

fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "system"})
}

/// One vector for each input; base64 of little-endian floats when asked for, as the Python SDK does.
fn embeddings(model: &str, body: &Value) -> Value {
    let count = match &body["input"] {
        Value::Array(items) if !items.iter().any(Value::is_number) => items.len(),
        _ => 1,
    };
    let vector = if body["encoding_format"] == "base64" {
        json!(BASE64_STANDARD.encode(EMBEDDING.map(f32::to_le_bytes).concat()))
    } else {
        json!(EMBEDDING)
    };
    let data: Vec<_> =
        (0..count).map(|index| json!({"object": "embedding", "index": index, "embedding": vector})).collect();
    let usage = json!({"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS});
    json!({"object": "list", "data": data, "model": model, "usage": usage})
}
