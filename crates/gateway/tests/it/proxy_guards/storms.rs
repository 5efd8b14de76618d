//! Large pools in bad weather, with counts in place of times.

use serde_json::json;
use testkit::provider::errors::Kind;
use testkit::provider::{Answer, MockProvider, Script};

use super::{calls, group, keys, slow_down, states, told, until_answered};
use crate::support::app_and_provider;

/// Attempts that the provider sees of so many calls, and how many are answered.
async fn storm(group: &testkit::app::GroupHandle, provider: &MockProvider, requests: usize) -> (usize, usize) {
    let before = provider.count();
    let answered = calls(group, requests).await;
    (usize::try_from(provider.count() - before).unwrap(), answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_fail_in_every_way_stay_unnoticed() {
    for together in [true, false] {
        let (app, provider) = app_and_provider().await;
        let keys = keys(100);
        for (number, key) in keys.iter().enumerate() {
            match if together { number } else { number * 37 % 100 } {
                0..30 => provider.on_key(key, Script::limited(3_000)),
                30..35 => provider.on_key(key, Script::fails(Kind::ServerError)),
                35..37 => provider.on_key(key, Script::dead()),
                _ => {}
            }
        }
        let group = group(&app, &provider, &keys, json!({})).await;
        calls(&group, 250).await;
        let (attempts, answered) = storm(&group, &provider, 1_000).await;
        assert_eq!(answered, 1_000, "together: {together}");
        assert!(attempts <= 1_100, "together: {together}: {attempts}");
        assert_eq!(states(&app, &group).await, (2, 30), "together: {together}");
        assert_eq!(told(&app, "WARN", 0).await, 0, "no guard has been at work:\n{}", app.output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_keys_limited_or_refused_at_once_cost_next_to_nothing() {
    for (name, script) in [("limited", Script::from(slow_down())), ("refused", Script::dead())] {
        let (app, provider) = app_and_provider().await;
        let group = group(&app, &provider, &keys(100), json!({})).await;
        assert_eq!(calls(&group, 100).await, 100);
        provider.otherwise(script);
        let (attempts, answered) = storm(&group, &provider, 400).await;
        assert!(answered == 0 && attempts <= 480, "{name}: {attempts}");
        let (lost, resting) = states(&app, &group).await;
        assert!(lost < 10 && lost + resting == 100, "{name}: {lost} lost, {resting} rest");
        provider.otherwise(Script::ok());
        until_answered(&group).await;
        assert_eq!(storm(&group, &provider, 200).await, (200, 200), "{name}");
        assert_eq!(states(&app, &group).await, (lost, 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_nearly_used_up_for_the_day_serves_at_the_first_attempt_after_a_restart() {
    let (mut app, provider) = app_and_provider().await;
    let message = "Rate limit reached for gpt-4o in organization org-1 on requests per day (RPD): Limit 200, Used 200.";
    let error = json!({"error": {"message": message, "type": "requests", "code": "rate_limit_exceeded"}});
    let spent = Answer::json(429, &error).header("retry-after", "40000");
    let keys = keys(1_000);
    for (number, key) in keys.iter().enumerate() {
        if number * 7 % 100 < 95 {
            provider.on_key(key, spent.clone());
        }
    }
    let group = group(&app, &provider, &keys, json!({})).await;
    while provider.count() < 1_000 {
        calls(&group, 10).await;
    }
    let all_rest = async || states(&app, &group).await == (0, 950);
    app.eventually("all that are used up rest", all_rest).await;
    app.terminate();
    app.wait_exit().await;
    app.restart().await;
    assert_eq!(storm(&group, &provider, 300).await, (300, 300));
    assert_eq!((states(&app, &group).await, told(&app, "WARN", 0).await), ((0, 950), 0), "{}", app.output());
}
