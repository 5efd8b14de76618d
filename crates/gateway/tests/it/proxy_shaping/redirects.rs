//! The model redirected in body, form and path, and what the strict mode refuses.

use serde_json::{Value, json};
use testkit::app::App;
use testkit::provider::Answer;

use super::group;
use crate::support::app_and_provider;

#[tokio::test]
async fn the_model_of_a_json_body_is_replaced_and_nothing_else() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let rules = json!({"gpt-4": "gpt-4o", "quo\"ted/x": "mod\u{e8}l \"y\""});
    let group = group(&app, &provider, "g").field("model_redirect_rules", rules).create().await;
    for (body, sent) in [
        (
            "{ \"model\" : \"gpt-4\", \"user\":\"gpt-4\", \"n\":1.00 }",
            "{ \"model\" : \"gpt-4o\", \"user\":\"gpt-4\", \"n\":1.00 }",
        ),
        (
            "{\"x\":{\"model\":\"gpt-4\"},\"m\\u006fdel\":\"gpt\\u002d4\"}",
            "{\"x\":{\"model\":\"gpt-4\"},\"m\\u006fdel\":\"gpt-4o\"}",
        ),
        ("{\"model\":\"quo\\\"ted/x\"}", "{\"model\":\"mod\u{e8}l \\\"y\\\"\"}"),
        ("{\"model\":\"a\",\"model\":\"gpt-4\"}", "{\"model\":\"gpt-4o\",\"model\":\"gpt-4o\"}"),
        ("{\"model\":\"gpt-4-turbo\"}", "{\"model\":\"gpt-4-turbo\"}"),
        ("{\"model\":\"GPT-4\"}", "{\"model\":\"GPT-4\"}"),
        ("{\"model\":4}", "{\"model\":4}"),
        ("{\"messages\":[]}", "{\"messages\":[]}"),
    ] {
        let request = group.request("POST", "/v1/chat/completions").header("Content-Type", "application/json");
        assert_eq!(request.body(body).fetch().await.status, 204, "{body}");
        assert_eq!(provider.last_request().text(), sent);
    }
}

#[tokio::test]
async fn the_log_names_the_model_that_was_asked_for() {
    let (app, provider) = app_and_provider().await;
    let group =
        group(&app, &provider, "g").field("model_redirect_rules", json!({"fast": "gpt-4o-mini"})).create().await;
    let reply = group.chat("fast").fetch().await;
    assert_eq!(reply.json()["model"], "gpt-4o-mini", "the answer is the provider's");
    let row = app.eventually("a row", async || app.logs("").await.pop()).await;
    assert_eq!(row["model"], "fast");
}

#[tokio::test]
async fn the_model_of_a_form_is_replaced_and_nothing_else() {
    let (app, provider) = app_and_provider().await;
    let group =
        group(&app, &provider, "g").field("model_redirect_rules", json!({"whisper": "whisper-1"})).create().await;
    let form = |model: &str| {
        let file = "\0\u{1}\r\n--bo\r\n\u{ff}model".repeat(40_000);
        format!(
            "--bound\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n{file}\r\n\
             --bound\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
             --bound\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nwhisper\r\n--bound--\r\n"
        )
    };
    for (asked, sent) in [("whisper", "whisper-1"), ("whisper-2", "whisper-2")] {
        let request = group.request("POST", "/v1/audio/transcriptions");
        let request = request.header("Content-Type", "multipart/form-data; boundary=\"bound\"");
        assert_eq!(request.body(form(asked)).fetch().await.status, 200);
        let got = provider.last_request();
        assert!(got.body == form(sent), "{asked}");
        assert_eq!(got.header("content-type"), Some("multipart/form-data; boundary=\"bound\""));
    }
}

#[tokio::test]
async fn the_model_of_a_gemini_path_is_replaced() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let rules = json!({"fast": "gemini-2.5-flash", "tuned": "tunedModels/x y"});
    let group = group(&app, &provider, "g").channel("gemini").field("model_redirect_rules", rules).create().await;
    let body = "{ \"contents\" : [], \"model\":\"fast\" }";
    for (target, sent) in [
        ("/v1beta/models/fast:generateContent", "/v1beta/models/gemini-2.5-flash:generateContent"),
        (
            "/v1beta/models/fast:streamGenerateContent?alt=sse&x=%20",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&x=%20",
        ),
        ("/v1/models/f%61st:countTokens", "/v1/models/gemini-2.5-flash:countTokens"),
        ("/v1beta/models/tuned:generateContent", "/v1beta/models/tunedModels%2Fx%20y:generateContent"),
        ("/v1beta/models/faster:generateContent", "/v1beta/models/faster:generateContent"),
    ] {
        group.request("POST", target).body(body).fetch().await;
        let got = provider.last_request();
        assert_eq!((got.target.as_str(), got.text().as_str()), (sent, body));
    }
    group.request("POST", "/v1beta/openai/chat/completions").body("{\"model\":\"fast\"}").fetch().await;
    let got = provider.last_request();
    assert_eq!(
        (got.path(), got.text().as_str()),
        ("/v1beta/openai/chat/completions", "{\"model\":\"gemini-2.5-flash\"}")
    );
}

async fn strict_groups(app: &App, url: &str) -> Vec<(&'static str, testkit::app::GroupHandle)> {
    let mut groups = Vec::new();
    for channel in ["openai", "openai-response", "anthropic", "gemini"] {
        let group = app.group(&format!("strict-{channel}")).channel(channel).upstream(url).keys(["sk-1"]);
        let group = group.field("model_redirect_rules", json!({"known": "sent", "same": "same"}));
        groups.push((channel, group.field("model_redirect_strict", json!(true)).create().await));
    }
    groups
}

fn asking(channel: &str, model: &str) -> (String, String) {
    match channel {
        "anthropic" => ("/v1/messages".to_owned(), format!("{{\"model\":\"{model}\"}}")),
        "gemini" => (format!("/v1beta/models/{model}:generateContent"), "{}".to_owned()),
        "openai-response" => ("/v1/responses".to_owned(), format!("{{\"model\":\"{model}\"}}")),
        _ => ("/v1/chat/completions".to_owned(), format!("{{\"model\":\"{model}\"}}")),
    }
}

#[tokio::test]
async fn strict_mode_refuses_models_without_a_rule_in_the_providers_shape() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    for (channel, group) in strict_groups(&app, &provider.url()).await {
        for (model, status) in [("known", 204), ("same", 204), ("unknown", 400), ("sent", 400)] {
            let (path, body) = asking(channel, model);
            provider.forget();
            let reply = group.request("POST", &path).body(body).fetch().await;
            assert_eq!((reply.status, provider.count()), (status, u64::from(status == 204)), "{channel} {model}");
            if status == 204 {
                continue;
            }
            let body = reply.json();
            let kind = match channel {
                "gemini" => &body["error"]["status"],
                _ => &body["error"]["type"],
            };
            let wanted = if channel == "gemini" { "INVALID_ARGUMENT" } else { "invalid_request_error" };
            assert_eq!((kind, &body["code"]), (&wanted.into(), &"BAD_REQUEST".into()), "{body}");
            assert!(body["message"].as_str().unwrap().contains(model), "{body}");
            assert_eq!(body["type"], if channel == "anthropic" { "error".into() } else { Value::Null });
        }
    }
}

#[tokio::test]
async fn strict_mode_lets_requests_without_a_model_pass() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    for (_, group) in strict_groups(&app, &provider.url()).await {
        for (method, path, body) in [
            ("POST", "/v1/x", "{\"input\":1}"),
            ("POST", "/v1/x", "no json"),
            ("GET", "/v1/files", ""),
            ("DELETE", "/v1/files/1", ""),
        ] {
            let request = group.request(method, path);
            let request = if body.is_empty() { request } else { request.body(body) };
            assert_eq!(request.fetch().await.status, 204, "{} {method} {body}", group.name);
        }
    }
    let group = group(&app, &provider, "no-rules").field("model_redirect_strict", json!(true)).create().await;
    assert_eq!(group.chat("any").fetch().await.status, 204, "without any rules, strict has no effect");
}

#[tokio::test]
async fn strict_mode_is_not_dodged_by_a_second_model() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Answer::new(204));
    let groups = strict_groups(&app, &provider.url()).await;
    let (_, group) = &groups[0];
    let last = group.request("POST", "/v1/chat/completions").body("{\"model\":\"known\",\"model\":\"unknown\"}");
    assert_eq!(last.fetch().await.status, 400);
    let first = group.request("POST", "/v1/chat/completions").body("{\"model\":\"unknown\",\"model\":\"same\"}");
    assert_eq!(first.fetch().await.status, 204);
    assert_eq!(provider.last_request().text(), "{\"model\":\"same\",\"model\":\"same\"}");
}
