use super::*;

fn authorized(channel: ChannelType, path: &str, sent: &[(&'static str, &'static str)]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, HeaderValue::from_static(value));
    }
    of(channel).authorize(path, &Secret::from("KEY"), &mut headers);
    let mut lines: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

#[test]
fn each_provider_gets_its_credential() {
    let bearer = vec!["authorization: Bearer KEY".to_owned()];
    assert_eq!(authorized(ChannelType::OpenAi, "/v1/models", &[]), bearer);
    assert_eq!(authorized(ChannelType::OpenAiResponse, "/v1/responses", &[]), bearer);
    assert_eq!(authorized(ChannelType::Gemini, "/v1beta/openai/chat/completions", &[]), bearer);
    assert_eq!(authorized(ChannelType::Gemini, "/v1beta/models", &[]), ["x-goog-api-key: KEY"]);
    assert_eq!(
        authorized(ChannelType::Anthropic, "/v1/messages", &[]),
        ["anthropic-version: 2023-06-01", "x-api-key: KEY"]
    );
}

#[test]
fn the_clients_anthropic_version_stays() {
    assert_eq!(
        authorized(ChannelType::Anthropic, "/v1/messages", &[("anthropic-version", "2024-01-01")]),
        ["anthropic-version: 2024-01-01", "x-api-key: KEY"]
    );
}

#[test]
fn gemini_names_the_model_in_the_path_but_for_its_openai_form() {
    let gemini = of(ChannelType::Gemini);
    assert!(gemini.names_model_in_path("/v1beta/models/m:generateContent"));
    assert!(!gemini.names_model_in_path("/v1beta/openai/chat/completions"));
    assert!(gemini.streams_by_path("/v1beta/models/m:streamGenerateContent"));
    assert!(!gemini.streams_by_path("/v1beta/models/m:generateContent"));
}

#[test]
fn the_list_of_models_stands_beside_the_validation_call() {
    let cases = [
        (ChannelType::OpenAi, "/v1/chat/completions", "/v1/models"),
        (ChannelType::OpenAi, "/api/paas/v4/chat/completions?x=y", "/api/paas/v4/models"),
        (ChannelType::OpenAi, "/v1/embeddings", "/v1/models"),
        (ChannelType::OpenAiResponse, "/v2/responses", "/v2/models"),
        (ChannelType::Anthropic, "/claude/v1/messages", "/claude/v1/models?limit=1000"),
        (ChannelType::Anthropic, "/own", "/v1/models?limit=1000"),
        (ChannelType::Gemini, "/v1beta/models/m:generateContent", "/v1beta/models?pageSize=1000"),
    ];
    for (channel, validation, models) in cases {
        assert_eq!(of(channel).models_path(validation), models);
    }
}
