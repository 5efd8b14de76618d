//! The mass refusal.

use serde_json::json;
use testkit::provider::Script;

use super::{calls, card, group, keys, states, told, until_answered};
use crate::support::app_and_provider;
use crate::support::keys::key_state;

const BEGAN: &str = "mass refusal: refused keys rest";
const OVER: &str = "mass refusal: over";

#[tokio::test(flavor = "multi_thread")]
async fn nine_keys_are_lost_and_the_others_rest_until_a_success() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    let group = group(&app, &provider, &keys(14), json!({"blacklist_threshold": 1, "max_retries": 0})).await;
    assert_eq!(calls(&group, 9).await, 0);
    assert_eq!((states(&app, &group).await, told(&app, BEGAN, 0).await, card(&app, &group).await), ((9, 0), 0, vec![]));
    assert_eq!(calls(&group, 5).await, 0);
    assert_eq!((states(&app, &group).await, told(&app, BEGAN, 1).await), ((9, 5), 1), "{}", app.output());
    let warnings = card(&app, &group).await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with(&format!("mass refusal: {} ", provider.url())), "{warnings:?}");

    // A public list proves nothing.
    provider.on_path("/v1/models", Script::ok());
    let listed = async || group.request("GET", "/v1/models").fetch().await.status == 200;
    app.eventually("a list", listed).await;
    assert_eq!((states(&app, &group).await, card(&app, &group).await.len()), ((9, 5), 1));

    provider.otherwise(Script::ok());
    until_answered(&group).await;
    assert_eq!((states(&app, &group).await, told(&app, OVER, 1).await, card(&app, &group).await), ((9, 0), 1, vec![]));
    assert_eq!(calls(&group, 20).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_key_that_works_wakes_the_others_too() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    let group = group(&app, &provider, &keys(14), json!({"blacklist_threshold": 1, "max_retries": 0})).await;
    assert_eq!(calls(&group, 14).await, 0);
    assert_eq!((states(&app, &group).await, told(&app, BEGAN, 1).await), ((9, 5), 1), "{}", app.output());
    provider.otherwise(Script::ok());
    assert_eq!(app.api().post("/api/keys/restore-all-invalid", &json!({"group_id": group.id})).await.0, 200);
    assert_eq!((calls(&group, 1).await, told(&app, OVER, 1).await), (1, 1));
    assert_eq!(states(&app, &group).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_key_is_never_lost_at_once() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    let keys = keys(1);
    let group = group(&app, &provider, &keys, json!({})).await;
    calls(&group, 3).await;
    assert_eq!(key_state(&app, &group, &keys[0]).await, "active 3 cooling *");
    provider.otherwise(Script::ok());
    until_answered(&group).await;
    assert_eq!(key_state(&app, &group, &keys[0]).await, "active 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_bad_while_others_succeed_are_lost_however_many() {
    let (app, provider) = app_and_provider().await;
    let keys = keys(40);
    let dead: Vec<_> = keys.iter().enumerate().filter(|(number, _)| number % 4 != 3).map(|(_, key)| key).collect();
    for key in &dead {
        provider.on_key(key, Script::dead());
    }
    let group = group(&app, &provider, &keys, json!({"blacklist_threshold": 1})).await;
    assert_eq!(calls(&group, 40).await, 40);
    assert_eq!((states(&app, &group).await, told(&app, BEGAN, 0).await), ((dead.len(), 0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_keys_refused_in_a_row_leave_a_request_one_attempt() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::dead());
    let group = group(&app, &provider, &keys(60), json!({})).await;
    calls(&group, 8).await;
    assert_eq!(provider.count(), 20 + 3);
    assert_eq!(told(&app, "mass refusal: key after key is refused", 1).await, 1);
    provider.otherwise(Script::ok());
    assert_eq!((calls(&group, 1).await, told(&app, OVER, 1).await, card(&app, &group).await), (1, 1, vec![]));
}
