//! The address limit.

use serde_json::json;
use testkit::provider::{Answer, Call, MockProvider, Script};

use super::{calls, card, group, keys, slow_down, states, told};
use crate::support::app_and_provider;

const BEGAN: &str = "address limit: key after key";
const OVER: &str = "address limit: over";

#[tokio::test(flavor = "multi_thread")]
async fn after_twenty_keys_in_a_row_a_request_gets_one_attempt_until_a_success() {
    let (app, provider) = app_and_provider().await;
    let one_model = |call: &Call<'_>| match call.request.model().as_deref() {
        Some("gpt-4o") => slow_down(),
        _ => Answer::json(200, &json!({"choices": []})),
    };
    provider.otherwise(Script::from_fn(one_model));
    let group = group(&app, &provider, &keys(40), json!({})).await;
    assert_eq!(calls(&group, 4).await, 0);
    assert_eq!((provider.count(), told(&app, BEGAN, 0).await, card(&app, &group).await), (16, 0, vec![]));
    assert_eq!(calls(&group, 4).await, 0);
    assert_eq!(provider.count(), 20 + 3, "the fifth request found it out");
    assert_eq!(told(&app, BEGAN, 1).await, 1, "told once:\n{}", app.output());
    let warnings = card(&app, &group).await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with(&format!("address limit: {} ", provider.url())), "{warnings:?}");
    assert!(warnings[0].contains("gpt-4o"), "{warnings:?}");
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429, "the provider's own answer");
    assert_eq!(group.chat("gpt-4o-mini").fetch().await.status, 200, "another model is another matter");
    assert_eq!(card(&app, &group).await.len(), 1);

    provider.otherwise(Script::ok());
    assert_eq!(calls(&group, 1).await, 1);
    assert_eq!((told(&app, OVER, 1).await, card(&app, &group).await), (1, vec![]));
    assert_eq!(states(&app, &group).await, (0, 24), "only a probe ends the rests of others");
    provider.otherwise(slow_down());
    provider.forget();
    assert_eq!((calls(&group, 1).await, provider.count()), (0, 4), "it is counted anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_pool_has_to_be_limited_as_a_whole() {
    let (app, provider) = app_and_provider().await;
    for (name, size) in [("one", 1), ("three", 3)] {
        let keys = keys(size);
        let group = app.group(name).upstream(&provider.url()).keys(&keys).create().await;
        provider.otherwise(slow_down());
        provider.on_key(&keys[size - 1], Script::first(1, Script::ok()).then(slow_down()));
        assert_eq!(calls(&group, 1).await, 1, "{name}");
        assert_eq!(card(&app, &group).await, Vec::<String>::new(), "{name}: one key has succeeded");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_the_keys_own_is_no_limit_of_the_address() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(testkit::provider::errors::openai::rate_limited("gpt-4o", 3_000));
    let group = group(&app, &provider, &keys(40), json!({})).await;
    assert_eq!(calls(&group, 9).await, 0);
    assert_eq!((provider.count(), told(&app, BEGAN, 0).await, card(&app, &group).await), (36, 0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_upstream_takes_what_the_limited_one_refuses() {
    let (app, limited) = app_and_provider().await;
    let other = MockProvider::start();
    limited.otherwise(slow_down());
    let group = app.group("g").upstream_weighted(&limited.url(), 3).upstream(&other.url()).keys(keys(100));
    let group = group.config(json!({"max_retries": 9})).create().await;
    assert_eq!(calls(&group, 60).await, 60);
    assert_eq!(told(&app, BEGAN, 1).await, 1, "successes elsewhere do not hide it");
    let warnings = card(&app, &group).await;
    assert!(warnings.len() == 1 && warnings[0].contains(&limited.url()), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_do_not_double() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(slow_down());
    let keys = keys(1);
    let group = group(&app, &provider, &keys, json!({"rate_limit_cooldown_seconds": 1})).await;
    for asked in 1..=4 {
        // The rest is over, or the key is asked before: both are the guard's doing.
        let asked_again = async || {
            calls(&group, 1).await;
            provider.count() >= asked
        };
        app.eventually("the key is asked again", asked_again).await;
    }
    let key = app.key(&group, &keys[0]).await;
    let until: Option<jiff::Timestamp> = key["cooldown_until"].as_str().map(|until| until.parse().unwrap());
    let at_most = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1_100);
    assert!(until.is_none_or(|until| until <= at_most), "{key}");
}
