//! The retry budget.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::provider::Script;
use testkit::provider::errors::Kind;

use super::{PATIENCE, calls, card, group, keys, states, told};
use crate::support::app_and_provider;

const SPENT: &str = "retry budget: spent";

#[tokio::test(flavor = "multi_thread")]
async fn a_sick_upstream_is_retried_for_half_the_requests_and_ten_a_second() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::fails(Kind::Overloaded));
    let group = group(&app, &provider, &keys(20), json!({})).await;
    let start = Instant::now();
    assert_eq!(calls(&group, 30).await, 0);
    assert_eq!(
        (provider.count(), card(&app, &group).await, told(&app, SPENT, 0).await),
        (120, vec![], 0),
        "few are free"
    );
    assert_eq!(calls(&group, 370).await, 0);
    let free = 10 * (start.elapsed().as_secs() + 11);
    assert!((500..=400 + 200 + free).contains(&provider.count()), "{} attempts", provider.count());
    assert_eq!(told(&app, SPENT, 1).await, 1, "told once:\n{}", app.output());
    let card_now = card(&app, &group).await;
    assert!(card_now.len() == 1 && card_now[0].starts_with("retry budget: "), "{card_now:?}");
    assert_eq!(states(&app, &group).await, (0, 0));

    provider.otherwise(Script::ok());
    assert_eq!(calls(&group, 1).await, 1, "recovery is seen by the very next request");
    // Keys that fail by their own fault are what a pool is for: their retries cost nothing of the budget.
    for key in &keys(3) {
        provider.on_key(key, Script::dead());
    }
    assert_eq!(calls(&group, 20).await, 20);
    while !card(&app, &group).await.is_empty() {
        assert!(start.elapsed() < PATIENCE, "it does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(calls(&group, 1).await, 1);
    assert_eq!(told(&app, "retry budget: sick upstreams are retried again", 1).await, 1, "{}", app.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_is_a_setting_and_zero_is_no_limit() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::fails(Kind::ServerError));
    for (name, percent, requests, attempts) in [("none", 0, 100, 400..=400), ("much", 300, 100, 400..=400)] {
        provider.forget();
        let config = json!({"retry_budget_percent": percent});
        let group = app.group(name).upstream(&provider.url()).keys(keys(8)).config(config).create().await;
        calls(&group, requests).await;
        assert!(attempts.contains(&provider.count()), "{name}: {}", provider.count());
        assert_eq!(card(&app, &group).await, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_group_has_a_budget_of_its_own() {
    let (app, provider) = app_and_provider().await;
    provider.otherwise(Script::fails(Kind::ServerError));
    let config = json!({"retry_budget_percent": 1});
    let spent = app.group("spent").upstream(&provider.url()).keys(keys(8)).config(config.clone()).create().await;
    calls(&spent, 60).await;
    assert_eq!(told(&app, SPENT, 1).await, 1);
    provider.forget();
    let other = app.group("other").upstream(&provider.url()).keys(keys(8)).config(config).create().await;
    calls(&other, 10).await;
    assert_eq!(provider.count(), 40);
    // A change of the group is no new budget.
    let path = format!("/api/groups/{}", spent.id);
    assert_eq!(app.api().put(&path, &json!({"description": "changed"})).await.0, 200);
    assert_eq!(card(&app, &spent).await.len(), 1);
}
