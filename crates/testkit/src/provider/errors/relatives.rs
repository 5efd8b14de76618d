//! Errors of services that speak OpenAI's language with an accent.

use serde_json::json;

use super::super::answer::Answer;

/// `DeepSeek`'s 402: only its text tells that the key has no money left.
pub fn deepseek_balance() -> Answer {
    let error = json!({"message": "Insufficient Balance", "type": "unknown_error", "param": null, "code": "invalid_request_error"});
    Answer::json(402, &json!({"error": error}))
}

/// `OpenRouter`'s 402: depends on what was asked for, so the key may be good.
pub fn openrouter_credits() -> Answer {
    let message = "This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 100.";
    let error = json!({"message": message, "code": 402, "metadata": {"provider_name": null}});
    Answer::json(402, &json!({"error": error, "user_id": "user_mock"}))
}

/// The 503 of one-api and new-api for a model that none of their channels has.
pub fn one_api_no_channel(model: &str) -> Answer {
    let message = format!("当前分组 default 下对于模型 {model} 无可用渠道 (request id: 20250101000000)");
    Answer::json(
        503,
        &json!({"error": {"message": message, "type": "new_api_error", "param": "", "code": "model_not_found"}}),
    )
}
