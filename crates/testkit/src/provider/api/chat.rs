//! `/v1/chat/completions`: the whole completion, or its chunks with `[DONE]`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{CREATED, INPUT_TOKENS, OUTPUT_TOKENS, WORDS, data, text};

pub(super) fn completion(model: &str) -> Value {
    let message = json!({"role": "assistant", "content": text(), "refusal": null, "annotations": []});
    let mut completion = frame(model, "chat.completion");
    completion["choices"] = json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"}]);
    completion["usage"] = usage();
    completion
}

/// `with_usage` is the request's `stream_options.include_usage`.
pub(super) fn events(model: &str, with_usage: bool) -> Vec<Bytes> {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = frame(model, "chat.completion.chunk");
        chunk["choices"] = choices;
        if with_usage {
            chunk["usage"] = usage;
        }
        data(&chunk)
    };
    let choice = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
    };
    let mut events = vec![choice(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
    events.extend(WORDS.map(|word| choice(json!({"content": word}), Value::Null)));
    events.push(choice(json!({}), json!("stop")));
    if with_usage {
        events.push(chunk(json!([]), usage()));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn frame(model: &str, object: &str) -> Value {
    json!({
        "id": "chatcmpl-mock",
        "object": object,
        "created": CREATED,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": "fp_mock",
    })
}

fn usage() -> Value {
    json!({
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
