//! Anthropic's paths (<https://docs.anthropic.com/en/api/messages>).

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::errors;
use super::super::received::Received;
use super::{INPUT_TOKENS, OUTPUT_TOKENS, WORDS, reads, text, typed_event};

const MODELS: [(&str, &str); 2] =
    [("claude-sonnet-4-5", "Claude Sonnet 4.5"), ("claude-haiku-4-5", "Claude Haiku 4.5")];

pub(super) fn answer(request: &Received) -> Answer {
    let answer = if reads(request) { read(request) } else { call(request) };
    answer.header("request-id", "req_mock").header("anthropic-organization-id", "00000000-0000-4000-8000-000000000000")
}

fn read(request: &Received) -> Answer {
    if request.path().ends_with("/models") {
        let models: Vec<_> = MODELS.iter().map(model).collect();
        let [(first, _), .., (last, _)] = MODELS;
        return Answer::json(200, &json!({"data": models, "has_more": false, "first_id": first, "last_id": last}));
    }
    let asked = request.model();
    let found = MODELS.iter().find(|(id, _)| asked.as_deref() == Some(id));
    found.map_or_else(|| errors::anthropic::not_found(request.path()), |known| Answer::json(200, &model(known)))
}

fn call(request: &Received) -> Answer {
    let path = request.path();
    if path.ends_with("/messages/count_tokens") {
        return Answer::json(200, &json!({"input_tokens": INPUT_TOKENS}));
    }
    if !path.ends_with("/messages") {
        return errors::anthropic::not_found(path);
    }
    match (request.model(), request.wants_stream()) {
        (None, _) => errors::anthropic::bad_request("model: Field required"),
        (Some(model), false) => Answer::json(200, &message(&model)),
        (Some(model), true) => Answer::events(events(&model)),
    }
}

fn model((id, name): &(&str, &str)) -> Value {
    json!({"type": "model", "id": id, "display_name": name, "created_at": "2025-01-01T00:00:00Z"})
}

fn message(model: &str) -> Value {
    let mut message = frame(model, OUTPUT_TOKENS);
    message["content"] = json!([{"type": "text", "text": text()}]);
    message["stop_reason"] = json!("end_turn");
    message
}

fn events(model: &str) -> Vec<Bytes> {
    let mut events = vec![
        json!({"type": "message_start", "message": frame(model, 1)}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
    ];
    events.extend(
        WORDS.map(
            |word| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}),
        ),
    );
    let end = json!({"stop_reason": "end_turn", "stop_sequence": null});
    events.extend([
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": OUTPUT_TOKENS}}),
        json!({"type": "message_stop"}),
    ]);
    events.iter().map(typed_event).collect()
}

fn frame(model: &str, output_tokens: u64) -> Value {
    json!({
        "id": "msg_mock",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {
            "input_tokens": INPUT_TOKENS,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
            "service_tier": "standard",
        },
    })
}
