//! A failed attempt goes on in another sub-group, which shapes the request anew.

use serde_json::json;
use testkit::provider::Answer;
use testkit::provider::errors::openai;

use super::sites::{aggregate, app_and_sites, calls, counts, group, rows};
use crate::support::keys::{key_of, key_state};

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_goes_on_in_another_sub_group() {
    for answer in [openai::server_error(), Answer::reset(), openai::deactivated(), openai::rate_limited("gpt-4o", 100)]
    {
        let (app, sites) = app_and_sites::<2>().await;
        let [a, b] = &sites;
        a.otherwise(answer);
        let first = app.group("a").upstream(&a.url()).keys(["sk-first-0123456789abcdef"]).create().await;
        let second = app.group("b").upstream(&b.url()).keys(["sk-second-0123456789abcdef"]).create().await;
        let both = aggregate(&app, "both", &[(&first, 100), (&second, 1)]).await;
        calls(&both, "gpt-4o", 1).await;
        assert_eq!(counts(&sites), [1, 1]);
        let rows = rows(&app, 2).await;
        for (row, (group, kind)) in rows.iter().zip([("a", "retry"), ("b", "final")]) {
            assert_eq!((&row["group_name"], &row["request_type"]), (&json!(group), &json!(kind)), "{row}");
            assert_eq!(
                (&row["parent_group_name"], &row["request_id"]),
                (&json!("both"), &rows[0]["request_id"]),
                "{row}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_for_another_model_or_elsewhere_proves_nothing_about_a_key() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let (same_model, other_model) = (json!({}), json!({"gpt-4o": "gpt-4o-mini"}));
    for (name, site, rules, state) in [
        ("elsewhere", b, &same_model, "active 0"),
        ("another-model", a, &other_model, "active 0"),
        ("the-same", a, &same_model, "active 1"),
    ] {
        let [doubted, good] = ["doubted", "good"].map(|what| key_of(name, what));
        a.on_key(&doubted, Answer::new(403));
        let first = app.group(&format!("{name}-1")).upstream(&a.url()).keys([&doubted]).create().await;
        let second = app.group(&format!("{name}-2")).upstream(&site.url()).keys([&good]);
        let second = second.field("model_redirect_rules", rules.clone()).create().await;
        let both = aggregate(&app, name, &[(&first, 100), (&second, 1)]).await;
        calls(&both, "gpt-4o", 1).await;
        assert_eq!(a.count_for_key(&doubted), 1, "{name}");
        assert_eq!(key_state(&app, &first, &doubted).await, state, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sick_sub_group_gives_its_traffic_away() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    a.otherwise(openai::server_error());
    let (first, second) = (group(&app, "a", &[(a, 1)]).create().await, group(&app, "b", &[(b, 1)]).create().await);
    let both = aggregate(&app, "both", &[(&first, 1), (&second, 1)]).await;
    calls(&both, "gpt-4o", 40).await;
    assert_eq!(counts(&sites), [5, 40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_all_sub_groups_are_sick_all_are_used() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    for site in &sites {
        site.otherwise(openai::server_error());
    }
    let config = json!({"max_retries": 1});
    let first = group(&app, "a", &[(a, 1)]).config(config.clone()).create().await;
    let second = group(&app, "b", &[(b, 1)]).config(config).create().await;
    let both = aggregate(&app, "both", &[(&first, 1), (&second, 1)]).await;
    for _ in 0..12 {
        let reply = both.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, &reply.body), (500, &openai::server_error().body_bytes()));
    }
    assert_eq!(counts(&sites), [12, 12], "each request tried both");
    b.otherwise(testkit::Script::ok());
    assert_eq!(both.chat("gpt-4o").fetch().await.status, 200, "recovery is seen by the very next request");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_shaped_by_its_own_sub_group() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    a.otherwise(openai::server_error());
    let rules = json!([{"key": "X-Group", "value": "${GROUP_NAME}", "action": "set"}]);
    let first = group(&app, "a", &[(a, 1)]).field("param_overrides", json!({"temperature": 0.1, "seed": 7}));
    let first = first
        .field("model_redirect_rules", json!({"fast": "a-model"}))
        .field("header_rules", rules.clone())
        .create()
        .await;
    let second = group(&app, "b", &[(b, 1)]).field("param_overrides", json!({"temperature": 0.2}));
    let second =
        second.field("model_redirect_rules", json!({"fast": "b-model"})).field("header_rules", rules).create().await;
    let both = aggregate(&app, "both", &[(&first, 100), (&second, 1)]).await;
    let body = r#"{ "model":"fast","messages": [] }"#;
    let reply = both.request("POST", "/v1/chat/completions").body(body).fetch().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let (at_a, at_b) = (a.last_request(), b.last_request());
    let text = |model: &str| format!(r#"{{ "model":"{model}","messages": [] "#);
    assert!(at_a.text().starts_with(&text("a-model")), "{}", at_a.text());
    assert!(at_b.text().starts_with(&text("b-model")), "{}", at_b.text());
    assert_eq!((&at_a.json()["temperature"], &at_a.json()["seed"]), (&json!(0.1), &json!(7)));
    assert_eq!((&at_b.json()["temperature"], at_b.json().get("seed")), (&json!(0.2), None));
    assert_eq!((at_a.header("x-group"), at_b.header("x-group")), (Some("a"), Some("b")));
    let rows = rows(&app, 2).await;
    assert!(rows.iter().all(|row| row["model"] == "fast"), "the log tells the model as asked: {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_often_is_up_to_the_first_sub_group() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    for site in &sites {
        site.otherwise(openai::deactivated());
    }
    let config = |max_retries: u32| json!({"max_retries": max_retries, "blacklist_threshold": 0});
    let never = group(&app, "never", &[(a, 1)]).config(config(0)).create().await;
    let often = group(&app, "often", &[(b, 1)]).config(config(5)).create().await;
    let never_first = aggregate(&app, "never-first", &[(&never, 100), (&often, 1)]).await;
    never_first.chat("gpt-4o").fetch().await;
    assert_eq!(counts(&sites), [1, 0]);
    let often_first = aggregate(&app, "often-first", &[(&never, 1), (&often, 100)]).await;
    often_first.chat("gpt-4o").fetch().await;
    let [of_a, of_b] = counts(&sites);
    assert_eq!(of_a + of_b, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_time_is_up_to_the_first_sub_group() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    a.otherwise(Answer::hang());
    let hasty = group(&app, "hasty", &[(a, 1)]).config(json!({"request_timeout": 1})).create().await;
    let patient = group(&app, "patient", &[(b, 1)]).create().await;
    let both = aggregate(&app, "both", &[(&hasty, 100), (&patient, 1)]).await;
    assert_eq!(both.chat("gpt-4o").fetch().await.status, 504);
    assert_eq!(counts(&sites), [1, 0]);
}
