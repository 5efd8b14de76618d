//! How long a rate-limited key rests, for which model, and what ends or outlives a rest.

use domain::classify::rest::until_pacific_midnight;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::app::{App, GroupHandle};
use testkit::provider::errors::gemini::{self, Per};
use testkit::provider::errors::openai;
use testkit::provider::{Answer, Script};

use super::single_key;
use crate::support::app_and_provider;
use crate::support::keys::{key_of, key_state};

/// Headers that are written in whole seconds, and two clocks that are read a moment apart.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// A 429 that says nothing about a time.
fn slow_down() -> Answer {
    Answer::json(429, &json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}))
}

fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(seconds)
}

async fn rests_until(app: &App, group: &GroupHandle) -> Timestamp {
    let key = app.key(group, &key_of(&group.name, "only")).await;
    key["cooldown_until"].as_str().unwrap_or_else(|| panic!("{}: it does not rest: {key}", group.name)).parse().unwrap()
}

/// One call that is limited; the key then rests so many seconds from the answer's arrival.
async fn assert_rests(app: &App, group: &GroupHandle, seconds: f64) {
    let before = Timestamp::now();
    assert_ne!(group.chat("gpt-4o").fetch().await.status, 200, "{}", group.name);
    let (after, rest) = (Timestamp::now(), SignedDuration::from_secs_f64(seconds));
    let until = rests_until(app, group).await;
    let bounds = (before + rest - SLACK, after + rest + SLACK);
    assert!((bounds.0..=bounds.1).contains(&until), "{}: {until} is not in {bounds:?}", group.name);
}

async fn wakes(app: &App, group: &GroupHandle) {
    let key = key_of(&group.name, "only");
    let awake = async || Some(key_state(app, group, &key).await).filter(|state| !state.contains("cooling"));
    app.eventually("the key is awake", awake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_names_the_time() {
    let (app, provider) = app_and_provider().await;
    let spent = |window: &str, reset: &str| {
        slow_down()
            .header(&format!("x-ratelimit-remaining-{window}"), "0")
            .header(&format!("x-ratelimit-reset-{window}"), reset)
    };
    let cases = [
        ("seconds", slow_down().header("retry-after", "27"), 27.0),
        ("decimals", slow_down().header("retry-after", "27.5"), 27.5),
        ("ms-first", slow_down().header("retry-after", "300").header("retry-after-ms", "25500"), 25.5),
        ("openai", openai::rate_limited("gpt-4o", 33), 33.0),
        ("retry-info", gemini::exhausted("gpt-4o", Per::Minute, 41), 41.0),
        ("retry-info-503", gemini::exhausted("gpt-4o", Per::Minute, 41).status(503), 41.0),
        ("window", spent("requests", "6m0s"), 360.0),
        (
            "windows",
            spent("tokens", "30s")
                .header("x-ratelimit-remaining-requests", "5")
                .header("x-ratelimit-reset-requests", "1h"),
            30.0,
        ),
        (
            "both-spent",
            spent("tokens", "30s")
                .header("x-ratelimit-remaining-requests", "0")
                .header("x-ratelimit-reset-requests", "2m"),
            120.0,
        ),
        ("after-a-name", spent("tokens", "6m0s").header("retry-after", "27"), 27.0),
        ("a-day-at-most", slow_down().header("retry-after", "999999"), 86_400.0),
        ("garbage", slow_down().header("retry-after", "soon"), 60.0),
        ("past-date", slow_down().header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", "1700000000"), 60.0),
        ("no-word", slow_down(), 60.0),
    ];
    for (name, answer, seconds) in cases {
        provider.on_key(&key_of(name, "only"), answer);
        let group = single_key(&app, name, &provider, json!({})).await;
        assert_rests(&app, &group, seconds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_names_the_moment() {
    let (app, provider) = app_and_provider().await;
    let date = || {
        let date = in_seconds(90).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        slow_down().header("retry-after", &date)
    };
    let anthropic = || {
        let reset = in_seconds(120).to_string();
        slow_down()
            .header("anthropic-ratelimit-tokens-remaining", "0")
            .header("anthropic-ratelimit-tokens-reset", &reset)
    };
    let openrouter = || {
        let epoch_ms = in_seconds(240).as_millisecond().to_string();
        let headers = json!({"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": epoch_ms});
        let error = json!({"message": "Rate limit exceeded", "code": 429, "metadata": {"headers": headers}});
        Answer::json(429, &json!({"error": error}))
    };
    let cases =
        [("date", date as fn() -> Answer, 90.0), ("anthropic", anthropic, 120.0), ("openrouter", openrouter, 240.0)];
    for (name, answer, seconds) in cases {
        let group = single_key(&app, name, &provider, json!({})).await;
        provider.on_key(&key_of(name, "only"), answer());
        assert_rests(&app, &group, seconds).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_fills_in() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), slow_down());
    let group = single_key(&app, "g", &provider, json!({"rate_limit_cooldown_seconds": 444})).await;
    assert_rests(&app, &group, 444.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_that_fails_again_is_doubled_until_a_success() {
    let (app, provider) = app_and_provider().await;
    let script = Script::first(2, slow_down()).then(Script::first(1, Script::ok())).then(slow_down());
    let (only, other) = (key_of("g", "only"), key_of("g", "other"));
    provider.on_key(&only, script);
    // The slack must not hide a doubling: a long base would, a wait for its end would be long.
    let config = json!({"rate_limit_cooldown_seconds": 1});
    let group = app.group("g").upstream(&provider.url()).keys([&only, &other]).config(config).create().await;
    let mut rests = Vec::new();
    for asked in 1..=4 {
        let mut before = Timestamp::now();
        while provider.count_for_key(&only) < asked {
            before = Timestamp::now();
            assert_eq!(group.chat("gpt-4o").fetch().await.status, 200, "the other key succeeds");
        }
        if asked != 3 {
            let (after, until) = (Timestamp::now(), rests_until(&app, &group).await);
            rests.push((until.duration_since(after).as_secs_f64(), until.duration_since(before).as_secs_f64()));
            wakes(&app, &group).await;
        }
    }
    for ((at_least, at_most), seconds) in rests.iter().zip([1.0, 2.0, 1.0]) {
        assert!(at_least - 0.05 <= seconds && seconds <= at_most + 0.05, "{rests:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_day_first_rests_as_named_and_then_until_midnight() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), gemini::exhausted("gpt-4o", Per::Day, 1));
    let group = single_key(&app, "g", &provider, json!({})).await;
    group.chat("gpt-4o").fetch().await;
    assert!(rests_until(&app, &group).await < in_seconds(2));
    wakes(&app, &group).await;
    group.chat("gpt-4o").fetch().await;
    let midnight = Timestamp::now() + SignedDuration::try_from(until_pacific_midnight(Timestamp::now())).unwrap();
    let until = rests_until(&app, &group).await;
    assert!((midnight - SLACK..=midnight + SLACK).contains(&until), "{until} is not about {midnight}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_rests_for_the_model_that_was_asked_for() {
    let (app, provider) = app_and_provider().await;
    let by_model = |call: &testkit::provider::Call<'_>| match call.request.model().as_deref() {
        Some("gpt-4o") => openai::rate_limited("gpt-4o", 20),
        _ => Answer::json(200, &json!({"choices": []})),
    };
    provider.on_key(&key_of("g", "only"), Script::from_fn(by_model));
    let group = single_key(&app, "g", &provider, json!({})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 503);
    assert_eq!(provider.count(), 1, "a resting key is not asked");
    assert_eq!(group.chat("gpt-4o-mini").fetch().await.status, 200);
    assert_eq!(group.request("GET", "/v1/models").fetch().await.status, 200);
    assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, "active 0 cooling gpt-4o");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_the_one_that_was_sent() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), openai::rate_limited("gpt-4o", 20));
    let rules = json!({"cheap": "gpt-4o", "dear": "gpt-4o", "other": "o3-mini"});
    let group = app.group("g").upstream(&provider.url()).keys([key_of("g", "only")]);
    let group = group.field("model_redirect_rules", rules).config(json!({"max_retries": 0})).create().await;
    assert_eq!(group.chat("cheap").fetch().await.status, 429);
    assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, "active 0 cooling gpt-4o");
    assert_eq!(group.chat("dear").fetch().await.status, 503, "the same model by another name");
    assert_eq!(group.chat("other").fetch().await.status, 429, "another model");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_a_key_rests_altogether() {
    let (app, provider) = app_and_provider().await;
    provider.on_path("/v1/models", openai::rate_limited("none", 20));
    let group = single_key(&app, "g", &provider, json!({})).await;
    assert_eq!(group.request("GET", "/v1/models").fetch().await.status, 429);
    assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, "active 0 cooling *");
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 503);
    assert_eq!(provider.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_rest_is_over_serves_again() {
    let (app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), Script::first(1, Script::limited(1)));
    let group = single_key(&app, "g", &provider, json!({})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    let served = async || group.chat("gpt-4o").fetch().await.status == 200;
    app.eventually("the key serves", served).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_rests_survive_a_restart_and_short_ones_do_not() {
    let (mut app, provider) = app_and_provider().await;
    let limited = |seconds: u64| openai::rate_limited("gpt-4o", seconds);
    for (name, seconds) in [("short", 290), ("long", 3_000), ("altogether", 4_000)] {
        provider.on_key(&key_of(name, "only"), limited(seconds));
    }
    let short = single_key(&app, "short", &provider, json!({})).await;
    let long = single_key(&app, "long", &provider, json!({})).await;
    let altogether = single_key(&app, "altogether", &provider, json!({})).await;
    for group in [&short, &long] {
        assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    }
    assert_eq!(altogether.request("GET", "/v1/models").fetch().await.status, 429);
    let until = rests_until(&app, &long).await;
    app.terminate();
    app.wait_exit().await;
    app.restart().await;
    for (group, state) in
        [(&short, "active 0"), (&long, "active 0 cooling gpt-4o"), (&altogether, "active 0 cooling *")]
    {
        assert_eq!(key_state(&app, group, &key_of(&group.name, "only")).await, state, "{}", group.name);
    }
    let after = rests_until(&app, &long).await;
    assert!((until - SLACK..=until + SLACK).contains(&after), "{until} has become {after}");
    let asked = provider.count();
    assert_eq!(long.chat("gpt-4o").fetch().await.status, 503);
    assert_eq!(provider.count(), asked);
    assert_eq!(long.chat("gpt-4o-mini").fetch().await.status, 429, "another model was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_rest_survives_a_crash() {
    let (mut app, provider) = app_and_provider().await;
    provider.on_key(&key_of("g", "only"), Script::limited(3_000));
    let group = single_key(&app, "g", &provider, json!({})).await;
    assert_eq!(group.chat("gpt-4o").fetch().await.status, 429);
    let is_stored = async || app.database().run(["SELECT model FROM key_cooldowns"]) == [vec![vec![json!("gpt-4o")]]];
    app.eventually("the rest is stored", is_stored).await;
    app.kill9().await;
    app.restart().await;
    assert_eq!(key_state(&app, &group, &key_of("g", "only")).await, "active 0 cooling gpt-4o");
}
