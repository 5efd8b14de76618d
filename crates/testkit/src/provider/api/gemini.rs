//! Gemini's own paths (<https://ai.google.dev/api>).

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::errors;
use super::super::received::Received;
use super::{INPUT_TOKENS, OUTPUT_TOKENS, WORDS, data, reads, text};

const MODELS: [&str; 2] = ["gemini-2.5-flash", "gemini-2.5-pro"];

const JSON: &str = "application/json; charset=UTF-8";

pub(super) fn answer(request: &Received) -> Answer {
    let path = request.path();
    let asked = request.model().unwrap_or_default();
    if reads(request) {
        return read(path, &asked);
    }
    match path.rsplit_once(':').map(|(_, verb)| verb) {
        Some("generateContent") => json_answer(&whole(&asked)),
        Some("streamGenerateContent") if request.query("alt").as_deref() == Some("sse") => {
            Answer::stream("text/event-stream", pieces(&asked).iter().map(data))
        }
        Some("streamGenerateContent") => Answer::stream(JSON, array(&pieces(&asked))),
        Some("countTokens") => json_answer(&json!({"totalTokens": INPUT_TOKENS})),
        _ => errors::gemini::model_not_found(&asked),
    }
}

fn read(path: &str, asked: &str) -> Answer {
    if path.ends_with("/models") {
        return json_answer(&json!({"models": MODELS.map(model)}));
    }
    if MODELS.contains(&asked) { json_answer(&model(asked)) } else { errors::gemini::model_not_found(asked) }
}

fn json_answer(value: &Value) -> Answer {
    Answer::with_body(200, JSON, format!("{value:#}\n"))
}

fn model(id: &str) -> Value {
    json!({
        "name": format!("models/{id}"),
        "version": "001",
        "displayName": id,
        "description": "A model of the mock provider",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    })
}

fn whole(model: &str) -> Value {
    piece(model, &text(), true)
}

fn pieces(model: &str) -> Vec<Value> {
    WORDS.iter().enumerate().map(|(at, word)| piece(model, word, at + 1 == WORDS.len())).collect()
}

fn piece(model: &str, text: &str, last: bool) -> Value {
    let mut candidate = json!({"content": {"parts": [{"text": text}], "role": "model"}});
    if last {
        candidate["finishReason"] = json!("STOP");
    }
    candidate["index"] = json!(0);
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": INPUT_TOKENS,
            "candidatesTokenCount": OUTPUT_TOKENS,
            "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": INPUT_TOKENS}],
        },
        "modelVersion": model,
        "responseId": "mock",
    })
}

/// One array over the whole stream, an element a chunk.
fn array(pieces: &[Value]) -> Vec<Bytes> {
    let opening = |at| if at == 0 { "[" } else { ",\r\n" };
    let mut chunks: Vec<_> =
        pieces.iter().enumerate().map(|(at, piece)| Bytes::from(format!("{}{piece:#}", opening(at)))).collect();
    chunks.push(Bytes::from_static(b"\n]\n"));
    chunks
}
