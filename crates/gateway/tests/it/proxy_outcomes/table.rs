//! Each answer, first from one key of two, then from the only one.

use serde_json::json;
use testkit::app::App;
use testkit::provider::errors::gemini::{self, Per};
use testkit::provider::errors::{Kind, anthropic, edge, openai, relatives};
use testkit::provider::{Answer, MockProvider, Script};

use crate::support::app_and_provider;
use crate::support::call::Call::{self, Chat, GeminiChat, Generate, GenerateV1, Messages, Responses};
use crate::support::keys::{key_of, key_state};

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// The upstream is in trouble: another key, and nobody is blamed.
    SickUpstream,
    /// The key rests: another one.
    Limited,
    /// The key has failed: another one; and the client is not told that its own is bad.
    BadKey,
    /// Another key, whose success is held against the first.
    Doubtful,
    /// The request is wrong, at once.
    ClientMistake,
}
use Says::{BadKey, ClientMistake, Doubtful, Limited, SickUpstream};

/// The group's name, the call, what the provider answers, and what that says.
pub(super) type Row = (String, Call, Script, Says);

pub(super) fn row(name: &str, call: Call, script: impl Into<Script>, says: Says) -> Row {
    (name.to_owned(), call, script.into(), says)
}

#[tokio::test(flavor = "multi_thread")]
async fn openai() {
    let error = |kind: &str, code: &str| json!({"error": {"message": "no", "type": kind, "param": null, "code": code}});
    let throttled = "Allocated quota exceeded, please increase your quota limit.";
    let alibaba = json!({"error": {"message": throttled, "type": "insufficient_quota", "code": "insufficient_quota"}});
    let rows = [
        row("invalid", Chat, Script::fails(Kind::InvalidKey), BadKey),
        row("deactivated", Chat, openai::deactivated(), BadKey),
        row("quota", Chat, openai::quota(), BadKey),
        row(
            "hard-limit",
            Chat,
            Answer::json(400, &error("invalid_request_error", "billing_hard_limit_reached")),
            BadKey,
        ),
        row("limited", Chat, openai::rate_limited("gpt-4o", 20), Limited),
        row("throttled-by-alibaba", Chat, Answer::json(429, &alibaba), Limited),
        row("limited-without-words", Chat, Answer::new(429), Limited),
        row("region", Chat, openai::region(), SickUpstream),
        row("forbidden", Chat, Answer::json(403, &error("permission_error", "forbidden")), Doubtful),
        row("no-words-403", Chat, Answer::new(403), Doubtful),
        row("no-words-401", Chat, Answer::new(401), BadKey),
        row("model", Chat, openai::model_not_found("gpt-4o"), ClientMistake),
        row("url", Chat, openai::unknown_url("POST", "/v1/chat"), ClientMistake),
        row("bad", Chat, openai::bad_request("Invalid value for 'messages'."), ClientMistake),
        row("about-quota", Chat, openai::bad_request("your quota, your billing, insufficient_quota"), ClientMistake),
        row("conflict", Chat, Answer::json(409, &error("conflict", "busy")), ClientMistake),
        row("unprocessable", Chat, Answer::json(422, &json!({"detail": [{"msg": "Field required"}]})), ClientMistake),
        row("too-early", Chat, Answer::new(425), Doubtful),
        row("timeout", Chat, Answer::new(408), SickUpstream),
        row("server", Chat, openai::server_error(), SickUpstream),
        row("overloaded", Chat, openai::overloaded(), SickUpstream),
        row("gateway", Chat, Answer::with_body(504, "text/plain", "upstream request timeout"), SickUpstream),
    ];
    check(&rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_responses() {
    let rows = [
        row("invalid", Responses, Script::fails(Kind::InvalidKey), BadKey),
        row("quota", Responses, openai::quota(), BadKey),
        row("limited", Responses, Script::limited(20), Limited),
        row("bad", Responses, Script::fails(Kind::BadRequest), ClientMistake),
        row("model", Responses, Script::fails(Kind::ModelNotFound), ClientMistake),
        row("server", Responses, openai::server_error(), SickUpstream),
        row("overloaded", Responses, openai::overloaded(), SickUpstream),
    ];
    check(&rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anthropic() {
    let error = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}});
    let limits = "You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC.";
    let rows = [
        row("invalid", Messages, anthropic::invalid_key(), BadKey),
        row("credit", Messages, anthropic::low_credit(), BadKey),
        row("billing", Messages, Answer::json(402, &error("billing_error", "no")), BadKey),
        row("own-limit", Messages, Answer::json(400, &error("invalid_request_error", limits)), BadKey),
        row(
            "closed",
            Messages,
            Answer::json(400, &error("invalid_request_error", "This organization has been disabled.")),
            BadKey,
        ),
        row("permission", Messages, anthropic::permission(), Doubtful),
        row("limited", Messages, anthropic::rate_limited(20), Limited),
        row("bad", Messages, anthropic::bad_request("messages: at least one message is required"), ClientMistake),
        row("quoted", Messages, anthropic::bad_request("messages.0: 'Your credit balance is too low'"), ClientMistake),
        row("model", Messages, anthropic::not_found("model: claude-x"), ClientMistake),
        row("too-large", Messages, anthropic::too_large(), ClientMistake),
        row("server", Messages, anthropic::server_error(), SickUpstream),
        row("overloaded", Messages, anthropic::overloaded(), SickUpstream),
    ];
    check(&rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gemini() {
    let message = "Resource has been exhausted (e.g. check quota).";
    let status = |code: u16, status: &str| json!({"error": {"code": code, "message": message, "status": status}});
    let mut rows = vec![
        row("exhausted-503", Generate, Answer::json(503, &status(503, "RESOURCE_EXHAUSTED")), Limited),
        row("exhausted-403", Generate, Answer::json(403, &status(403, "RESOURCE_EXHAUSTED")), Limited),
        row("denied", Generate, Answer::json(403, &status(403, "PERMISSION_DENIED")), Doubtful),
    ];
    for (call, form) in [(Generate, ""), (GenerateV1, "v1-"), (GeminiChat, "chat-")] {
        let one = |name: &str, error: Answer, says| {
            let error = if call == GeminiChat { gemini::in_array(&error) } else { error };
            row(&format!("{form}{name}"), call, error, says)
        };
        rows.extend([
            one("invalid", gemini::invalid_key(), BadKey),
            one("expired", gemini::expired_key(), BadKey),
            one("suspended", gemini::suspended("somebody-elses-key"), BadKey),
            one("leaked", gemini::leaked(), BadKey),
            one("per-minute", gemini::exhausted("gemini-2.5-flash", Per::Minute, 20), Limited),
            one("per-day", gemini::exhausted("gemini-2.5-flash", Per::Day, 20), Limited),
            one("bad", gemini::bad_request(), ClientMistake),
            one("model", gemini::model_not_found("gemini-x"), ClientMistake),
            one("server", gemini::server_error(), SickUpstream),
            one("overloaded", gemini::overloaded(), SickUpstream),
        ]);
    }
    check(&rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn relatives_and_edges() {
    let old_one_api =
        json!({"error": {"message": "当前分组 default 下对于模型 gpt-4o 无可用渠道", "type": "one_api_error"}});
    let xai = json!({"code": "Client specified an invalid argument", "error": "Incorrect API key provided: sk****56."});
    let dashscope = json!({"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"});
    let rows = [
        row("deepseek", Chat, relatives::deepseek_balance(), BadKey),
        row("openrouter", Chat, relatives::openrouter_credits(), Doubtful),
        row("one-api", Chat, relatives::one_api_no_channel("gpt-4o"), Doubtful),
        row("old-one-api", Chat, Answer::json(503, &old_one_api), Doubtful),
        row("xai", Chat, Answer::json(400, &xai), BadKey),
        row("dashscope", Chat, Answer::json(403, &dashscope), BadKey),
        row("edge-401", Chat, edge::cloudflare(502).status(401), SickUpstream),
        row("edge-403", Chat, edge::cloudflare(403), SickUpstream),
        row("edge-429", Chat, edge::cloudflare(429), SickUpstream),
        row("edge-502", Chat, edge::cloudflare(502), SickUpstream),
        row("edge-530", Messages, edge::cloudflare(530), SickUpstream),
        row("edge-404", Chat, edge::cloudflare(404), ClientMistake),
        row("json-as-html", Chat, Answer::with_body(401, "text/html", json!({"error": "bad key"}).to_string()), BadKey),
    ];
    check(&rows).await;
}

pub(super) async fn check(rows: &[Row]) {
    let (app, provider) = app_and_provider().await;
    for row in rows {
        with_a_good_key_beside(&app, &provider, row).await;
        alone(&app, &provider, row).await;
    }
}

async fn with_a_good_key_beside(app: &App, provider: &MockProvider, (name, call, script, says): &Row) {
    let (failing, good) = (key_of(name, "failing"), key_of(name, "good"));
    provider.on_key(&failing, script.clone());
    let group = call.group(app, name, provider).keys([&failing, &good]).create().await;
    let reply = call.through(&group).fetch().await;
    if *says == ClientMistake {
        let direct = call.directly(provider, &failing).await;
        assert_eq!((reply.status, &reply.body), (direct.status, &direct.body), "{name}: {}", reply.text());
        assert_eq!(provider.count_for_key(&good), 0, "{name}: not tried again");
    } else {
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert_eq!((provider.count_for_key(&failing), provider.count_for_key(&good)), (1, 1), "{name}");
    }
    let expected = match says {
        SickUpstream | ClientMistake => "active 0".to_owned(),
        Limited => format!("active 0 cooling {}", call.model()),
        BadKey | Doubtful => "active 1".to_owned(),
    };
    assert_eq!(key_state(app, &group, &failing).await, expected, "{name}");
    assert_eq!(key_state(app, &group, &good).await, "active 0", "{name}");
}

async fn alone(app: &App, provider: &MockProvider, (name, call, script, says): &Row) {
    let (alone, key) = (format!("{name}-alone"), key_of(name, "alone"));
    provider.on_key(&key, script.clone());
    let config = json!({"max_retries": 0, "blacklist_threshold": 1});
    let group = call.group(app, &alone, provider).keys([&key]).config(config).create().await;
    let reply = call.through(&group).fetch().await;
    let direct = call.directly(provider, &key).await;
    if *says == BadKey {
        assert_eq!(reply.status, 503, "{alone}: {}", reply.text());
        let body = reply.json();
        call.assert_own_error(&body, 503, "UPSTREAM_KEY_REJECTED");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(&format!(": {} ", direct.status)), "{alone}: {message}");
    } else {
        assert_eq!((reply.status, &reply.body), (direct.status, &direct.body), "{alone}");
        let lost: Vec<_> = direct.headers.names().into_iter().filter(|name| !reply.headers.has(name)).collect();
        assert!(lost.is_empty(), "{alone}: headers that didn't come through: {lost:?}");
    }
    let expected = match says {
        SickUpstream | ClientMistake | Doubtful => "active 0".to_owned(),
        Limited => format!("active 0 cooling {}", call.model()),
        // It would be invalid, but all keys are refused: see `proxy_guards`.
        BadKey => "active 1 cooling *".to_owned(),
    };
    assert_eq!(key_state(app, &group, &key).await, expected, "{alone}");
}
