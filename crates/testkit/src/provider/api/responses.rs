//! `/v1/responses`: the whole response, or its events from `response.created` to `response.completed`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{CREATED, INPUT_TOKENS, OUTPUT_TOKENS, WORDS, text, typed_event};

const ITEM: &str = "msg_mock";

pub(super) fn response(model: &str) -> Value {
    let mut response = frame(model, "completed");
    response["output"] = json!([item("completed", &[part(&text())])]);
    response["usage"] = json!({
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    });
    response
}

pub(super) fn events(model: &str) -> Vec<Bytes> {
    let started = frame(model, "in_progress");
    let place = json!({"item_id": ITEM, "output_index": 0, "content_index": 0});
    let mut events = vec![
        ("response.created", json!({"response": started})),
        ("response.in_progress", json!({"response": started})),
        ("response.output_item.added", json!({"output_index": 0, "item": item("in_progress", &[])})),
        ("response.content_part.added", with(&place, "part", part(""))),
    ];
    events.extend(
        WORDS.map(|word| {
            ("response.output_text.delta", with(&with(&place, "delta", json!(word)), "logprobs", json!([])))
        }),
    );
    events.extend([
        ("response.output_text.done", with(&with(&place, "text", json!(text())), "logprobs", json!([]))),
        ("response.content_part.done", with(&place, "part", part(&text()))),
        ("response.output_item.done", json!({"output_index": 0, "item": item("completed", &[part(&text())])})),
        ("response.completed", json!({"response": response(model)})),
    ]);
    let numbered = events.into_iter().enumerate();
    numbered
        .map(|(number, (name, body))| {
            typed_event(&with(&with(&body, "type", json!(name)), "sequence_number", json!(number)))
        })
        .collect()
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn item(status: &str, content: &[Value]) -> Value {
    json!({"id": ITEM, "type": "message", "status": status, "role": "assistant", "content": content})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

fn frame(model: &str, status: &str) -> Value {
    json!({
        "id": "resp_mock",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "service_tier": "default",
        "store": true,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    })
}
