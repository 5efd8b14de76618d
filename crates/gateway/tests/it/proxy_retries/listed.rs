//! `failover_status_codes` has the last word on statuses; a bad key told by its body is always retried.

use serde_json::json;
use testkit::provider::errors::gemini::{self, Per};
use testkit::provider::errors::{anthropic, edge, openai, relatives};
use testkit::provider::{Answer, Script};

use crate::support::app_and_provider;
use crate::support::call::Call::{Chat, Generate, Messages};
use crate::support::keys::{key_of, key_state};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_the_last_word() {
    let (app, provider) = app_and_provider().await;
    let refused = |status: u16| Answer::json(status, &json!({"error": {"message": "no"}}));
    let day = gemini::exhausted("gemini-2.5-flash", Per::Day, 20);
    let rows = [
        // The status is not listed.
        ("limit", Chat, openai::rate_limited("gpt-4o", 20), "500-599", false, "active 0 cooling gpt-4o"),
        ("server", Chat, openai::server_error(), "429", false, "active 0"),
        ("overloaded", Messages, anthropic::overloaded(), "500-528", false, "active 0"),
        ("exhausted", Generate, day.clone().status(503), "429", false, "active 0 cooling gemini-2.5-flash"),
        ("page", Chat, edge::cloudflare(403), "429", false, "active 0"),
        ("region", Chat, openai::region(), "429", false, "active 0"),
        ("unauthorized", Chat, refused(401), "429", false, "active 1"),
        ("forbidden", Chat, refused(403), "429", false, "active 0"),
        ("credits", Chat, relatives::openrouter_credits(), "429", false, "active 0"),
        ("one-api", Chat, relatives::one_api_no_channel("gpt-4o"), "429", false, "active 0"),
        // It is, though it is not by default.
        ("bad", Chat, openai::bad_request("no"), "400", true, "active 1"),
        ("not-found", Chat, openai::model_not_found("gpt-4o"), "404", true, "active 1"),
        ("page-404", Chat, edge::cloudflare(404), "400-499", true, "active 1"),
        // The body itself says that the key is bad.
        ("quota", Chat, openai::quota(), "500-599", true, "active 1"),
        ("credit", Messages, anthropic::low_credit(), "500-599", true, "active 1"),
        ("balance", Chat, relatives::deepseek_balance(), "500-599", true, "active 1"),
        ("invalid", Generate, gemini::invalid_key(), "500-599", true, "active 1"),
        ("leaked", Generate, gemini::leaked(), "500-599", true, "active 1"),
    ];
    for (name, call, answer, listed, retried, state) in rows {
        let keys = ["first", "second"].map(|what| key_of(name, what));
        let body = answer.body_bytes();
        provider.on_key(&keys[0], Script::from(answer));
        let group = call.group(&app, name, &provider).keys(&keys);
        let group = group.config(json!({"failover_status_codes": listed})).create().await;
        let reply = call.through(&group).fetch().await;
        assert_eq!(provider.count_for_key(&keys[1]), u64::from(retried), "{name}: {}", reply.text());
        match (retried, state) {
            (true, _) => assert_eq!(reply.status, 200, "{name}"),
            (false, "active 1") => assert_eq!(reply.status, 503, "{name}: the client isn't told that its key is bad"),
            (false, _) => assert_eq!(reply.body, body, "{name}"),
        }
        assert_eq!(key_state(&app, &group, &keys[0]).await, state, "{name}");
    }
}
