//! Sick upstreams give their traffic away, never their clients; and they get it back.

use serde_json::json;
use testkit::provider::errors::{Kind, anthropic, openai};
use testkit::provider::{Answer, Call, Script};
use testkit::{FaultProxy, Gate};

use super::sites::{app_and_sites, calls, counts, group};

/// How long the first ejection lasts, and a little more.
const EJECTION: std::time::Duration = std::time::Duration::from_millis(10_200);

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_in_a_row_shift_the_traffic() {
    for (name, script) in [("answers", Script::fails(Kind::ServerError)), ("silence", Answer::reset().into())] {
        let (app, sites) = app_and_sites::<2>().await;
        let [sick, well] = &sites;
        sick.otherwise(script);
        let group = group(&app, name, &[(sick, 1), (well, 1)]).create().await;
        calls(&group, "gpt-4o", 40).await;
        assert_eq!(counts(&sites), [5, 40], "{name}: and no client has noticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_cut_short_count_too() {
    let (app, sites) = app_and_sites::<2>().await;
    let [sick, well] = &sites;
    sick.otherwise(Answer::json(200, &json!({"choices": []})).cut_after(5));
    let group = group(&app, "g", &[(sick, 1), (well, 1)]).create().await;
    let mut cut = 0;
    for _ in 0..20 {
        cut += usize::from(group.chat("gpt-4o").try_fetch().await.is_err());
    }
    assert_eq!((cut, counts(&sites)), (5, [5, 15]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_answer_between_failures_keeps_the_traffic() {
    let (app, sites) = app_and_sites::<2>().await;
    let [shaky, well] = &sites;
    shaky.otherwise(Script::from_fn(|call| match call.number % 5 {
        0 => Answer::json(200, &json!({"choices": []})),
        _ => openai::server_error(),
    }));
    let group = group(&app, "g", &[(shaky, 1), (well, 1)]).create().await;
    calls(&group, "gpt-4o", 40).await;
    assert_eq!(counts(&sites)[0], 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_fault_of_the_upstream_shifts_nothing() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    let answers = [
        ("bad-request", openai::bad_request("no")),
        ("refused", openai::deactivated()),
        ("limited", openai::rate_limited("gpt-4o", 0)),
        ("model", testkit::provider::errors::relatives::one_api_no_channel("gpt-4o")),
    ];
    for (name, answer) in answers {
        a.otherwise(answer);
        let config = json!({"max_retries": 0, "blacklist_threshold": 0});
        let group = group(&app, name, &[(a, 1), (b, 1)]).config(config).create().await;
        for _ in 0..20 {
            group.chat("gpt-4o").fetch().await;
        }
        assert_eq!(counts(&sites), [10, 10], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_all_attempts_of_a_request_has_failed_once() {
    let (app, sites) = app_and_sites::<2>().await;
    let [sick, off] = &sites;
    sick.otherwise(Script::first(5 * 4, openai::server_error()));
    let group = group(&app, "g", &[(sick, 1), (off, 0)]).create().await;
    for _ in 0..4 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 500);
    }
    assert_eq!(counts(&sites), [16, 0]);
    // With the other one in play, a fifth request would eject the first. Four times four failures have not.
    let upstreams = json!([{"url": sick.url(), "weight": 1}, {"url": off.url(), "weight": 1}]);
    app.api().put(&format!("/api/groups/{}", group.id), &json!({"upstreams": upstreams})).await;
    calls(&group, "gpt-4o", 10).await;
    let [of_sick, of_well] = counts(&sites);
    assert!(of_sick >= 1 && of_well >= 5, "{of_sick} {of_well}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_shift_the_traffic_of_their_model_only() {
    let (app, sites) = app_and_sites::<2>().await;
    let [sick, well] = &sites;
    let one_model = |call: &Call<'_>| match call.request.model().as_deref() {
        Some("gpt-4o") => anthropic::overloaded(),
        _ => Answer::json(200, &json!({"choices": []})),
    };
    sick.otherwise(Script::from_fn(one_model));
    let group = group(&app, "g", &[(sick, 1), (well, 1)]).create().await;
    calls(&group, "gpt-4o", 20).await;
    assert_eq!(counts(&sites), [5, 20]);
    calls(&group, "gpt-4o-mini", 20).await;
    assert_eq!(counts(&sites), [10, 10], "another model");
    calls(&group, "gpt-4o", 10).await;
    assert_eq!(counts(&sites), [0, 10], "the first one, still");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_shifts_the_traffic_of_all_models() {
    let (app, sites) = app_and_sites::<2>().await;
    let [sick, well] = &sites;
    let faults = FaultProxy::to(sick.addr());
    faults.refuse().await;
    let group = group(&app, "g", &[(well, 1)]).upstream(&faults.url()).create().await;
    calls(&group, "gpt-4o", 20).await;
    faults.pass().await;
    calls(&group, "gpt-4o-mini", 10).await;
    assert_eq!(counts(&sites), [0, 30]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_upstream_is_used_however_sick() {
    let (app, [only]) = app_and_sites::<1>().await;
    only.otherwise(Script::first(20, openai::server_error()));
    let group = group(&app, "g", &[(&only, 1)]).config(json!({"max_retries": 0})).create().await;
    for _ in 0..20 {
        let reply = group.chat("gpt-4o").fetch().await;
        assert_eq!((reply.status, &reply.body), (500, &openai::server_error().body_bytes()));
    }
    assert_eq!(only.count(), 20, "every request was let through");
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 200, "recovery is seen by the very next request");
}

#[tokio::test(flavor = "multi_thread")]
async fn if_all_are_sick_all_are_used_and_the_first_to_recover_gets_the_traffic() {
    let (app, sites) = app_and_sites::<2>().await;
    let [a, b] = &sites;
    for site in &sites {
        site.otherwise(openai::server_error());
    }
    let group = group(&app, "g", &[(a, 1), (b, 1)]).config(json!({"max_retries": 1})).create().await;
    for _ in 0..12 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 500);
    }
    assert_eq!(counts(&sites), [12, 12], "each request tried both");
    b.otherwise(Script::ok());
    calls(&group, "gpt-4o", 10).await;
    let [of_a, of_b] = counts(&sites);
    assert!(of_a <= 1 && of_b == 10, "the first may have asked the sick one: {of_a} {of_b}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_attempt_goes_to_an_upstream_that_has_not_failed() {
    let (app, sites) = app_and_sites::<3>().await;
    let [a, b, c] = &sites;
    for site in [a, b] {
        site.otherwise(openai::server_error());
    }
    let group = group(&app, "g", &[(a, 5), (b, 5), (c, 1)]).config(json!({"max_retries": 2})).create().await;
    calls(&group, "gpt-4o", 3).await;
    let [of_a, of_b, of_c] = counts(&sites);
    assert!(of_a <= 3 && of_b <= 3 && of_c == 3, "no request asked the same one twice: {of_a} {of_b} {of_c}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_says_nothing_about_the_upstream() {
    let (app, sites) = app_and_sites::<2>().await;
    let [slow, other] = &sites;
    let group = group(&app, "g", &[(slow, 1), (other, 0)]).create().await;
    slow.otherwise(Script::first(8, Answer::hang()));
    for number in 1..=8 {
        let request = group.chat("gpt-4o");
        let mut connection = testkit::http::Connection::open(&app.addr().to_string()).await.unwrap();
        connection.write(request.to_bytes()).await.unwrap();
        slow.wait_for(number).await;
        drop(connection);
        slow.wait_client_gone(number).await;
    }
    let upstreams = json!([{"url": slow.url(), "weight": 1}, {"url": other.url(), "weight": 1}]);
    app.api().put(&format!("/api/groups/{}", group.id), &json!({"upstreams": upstreams})).await;
    counts(&sites);
    calls(&group, "gpt-4o", 10).await;
    assert_eq!(counts(&sites), [5, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_while_its_request_waits_leaves_the_probe_to_another() {
    let (app, sites) = app_and_sites::<2>().await;
    let [sick, other] = &sites;
    let gate = Gate::default();
    let script = Script::first(5, openai::server_error()).then(Script::first(1, openai::server_error().gate(&gate)));
    sick.otherwise(script);
    let group = app.group("g").upstream(&sick.url()).upstream_weighted(&other.url(), 0).keys(["sk-only-0123456789"]);
    let group = group.create().await;
    let weights = async |of_sick: u32, of_other: u32| {
        let upstreams = json!([{"url": sick.url(), "weight": of_sick}, {"url": other.url(), "weight": of_other}]);
        app.api().put(&format!("/api/groups/{}", group.id), &json!({"upstreams": upstreams})).await;
    };
    let retries = async |max_retries: u32| {
        app.api().put(&format!("/api/groups/{}", group.id), &json!({"config": {"max_retries": max_retries}})).await;
    };
    retries(0).await;
    for _ in 0..5 {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 500);
    }
    retries(3).await;
    // Begun while the upstream is ejected, answered when it may be probed: the next attempt is to be the probe, after a pause.
    let mut connection = testkit::http::Connection::open(&app.addr().to_string()).await.unwrap();
    connection.write(group.chat("gpt-4o").to_bytes()).await.unwrap();
    sick.wait_for(6).await;
    tokio::time::sleep(EJECTION).await;
    gate.open();
    sick.requests()[5].ended().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    drop(connection);
    app.eventually("the row of the client that left", async || app.logs("status_code=499").await.pop()).await;
    weights(1, 1).await;
    counts(&sites);
    calls(&group, "gpt-4o", 2).await;
    assert_eq!(counts(&sites), [1, 1]);
}
