//! The storms.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::provider::errors::{gemini, openai};
use testkit::provider::{Answer, api};

use crate::Report;
use crate::load::{RATE, first_success, last_failure, ratio, success};
use crate::stage::Stage;

/// After a storm.
const AFTER: Duration = Duration::from_secs(8);
/// Keys of the large pool, and how many of them still answer today.
const MANY: usize = 1000;
const FRESH: usize = 50;
const LONGEST_LAP: Duration = Duration::from_secs(30);

fn good() -> Answer {
    Answer::json(200, &json!({"text": api::text()}))
}

fn limited_for_a_while() -> Answer {
    openai::rate_limited("gpt-4o", 20)
}

fn limited_for_a_time_unknown() -> Answer {
    Answer::json(429, &json!({"error": {"message": "Too many requests", "code": "rate_limit_exceeded"}}))
}

fn limited_for_the_day() -> Answer {
    let message = "Rate limit reached for gpt-4o in organization org-a on requests per day (RPD): Limit 200, Used 200";
    let error = json!({"error": {"message": message, "type": "requests", "code": "rate_limit_exceeded"}});
    Answer::json(429, &error).header("retry-after", "21600")
}

/// Google names seconds for a quota that is whole again tomorrow.
fn gemini_exhausted() -> Answer {
    gemini::exhausted("gemini-2.5-flash", gemini::Per::Day, 2)
}

fn refused() -> Answer {
    openai::invalid_key("sk-storm")
}

/// Of 100 keys 30 are rate limited, 5 fail and 2 are refused.
pub(crate) async fn mixed_pool() -> Report {
    let behaviours = [(63, good as fn() -> Answer), (30, limited_for_a_while), (5, openai::server_error), (2, refused)];
    let stage = Stage::set("openai", &behaviours).await;
    let request = stage.request();
    let first = stage.load.run(&request, RATE, Duration::from_secs(2)).await;
    let before = stage.provider.count();
    let samples = stage.load.run(&request, RATE, Duration::from_secs(60)).await;
    let attempts = ratio(stage.provider.count() - before, samples.len() as u64);
    Report::new("100 keys: 30 answer 429 with Retry-After, 5 answer 500, 2 answer 401; 300 requests/s for 60 s")
        .at_least(0.9999, "success after the first lap", success(&samples))
        .at_most(1.10, "attempts per request after the first lap", attempts)
        .at_least(0.99, "success within the first 2 s", success(&first))
}

/// The upstream answers 503 for 20 s.
pub(crate) async fn sick_upstream() -> Report {
    let stage = Stage::set("openai", &[(100, good)]).await;
    let (load, request) = (stage.load.clone(), stage.request());
    load.run(&request, RATE, Duration::from_secs(5)).await;
    stage.all(Some(openai::overloaded));
    let before = stage.provider.count();
    let storm = load.run(&request, RATE, Duration::from_secs(20));
    let well = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        stage.all(None);
        (Instant::now(), stage.provider.count())
    };
    let (samples, (recovered, after)) = tokio::join!(storm, well);
    let mut later = load.run(&request, RATE, AFTER).await;
    let attempts = ratio(after - before, samples.len() as u64);
    later.splice(0..0, samples);
    Report::new("the upstream answers 503 for 20 s at 300 requests/s")
        .at_most(1.7, "attempts per request", attempts)
        .at_most(0.0, "keys lost", lost(&stage).await)
        .at_most(1.0, "first success after recovery, s", first_success(&later, recovered))
        .at_most(3.0, "last failure after recovery, s", last_failure(&later, recovered))
}

pub(crate) async fn all_limited() -> Report {
    let storm = "all of 100 keys answer 429 without a time for 5 s at 300 requests/s";
    refusing_all(storm, limited_for_a_time_unknown).await
}

pub(crate) async fn all_refused() -> Report {
    refusing_all("all of 100 keys answer 401 for 5 s at 300 requests/s", refused).await
}

async fn refusing_all(storm: &'static str, behaviour: fn() -> Answer) -> Report {
    let stage = Stage::set("openai", &[(100, good)]).await;
    let (load, request) = (stage.load.clone(), stage.request());
    load.run(&request, RATE, Duration::from_secs(5)).await;
    stage.all(Some(behaviour));
    let before = stage.provider.count();
    let samples = load.run(&request, RATE, Duration::from_secs(5)).await;
    let attempts = ratio(stage.provider.count() - before, samples.len() as u64);
    stage.all(None);
    let recovered = Instant::now();
    let later = load.run(&request, RATE, AFTER).await;
    Report::new(storm)
        .at_most(1.2, "attempts per request", attempts)
        .at_most(9.0, "keys lost", lost(&stage).await)
        .at_most(3.0, "full service after, s", last_failure(&later, recovered))
}

#[expect(clippy::cast_precision_loss, reason = "a hundred at most")]
async fn lost(stage: &Stage) -> f64 {
    stage.lost().await as f64
}

/// 950 of 1,000 keys are exhausted for the day, which is known; the program starts anew.
pub(crate) async fn exhausted_before_a_restart() -> Report {
    let behaviours = [(FRESH, good as fn() -> Answer), (MANY - FRESH, gemini_exhausted)];
    let mut stage = Stage::set("gemini", &behaviours).await;
    let learnt = Instant::now();
    while rests(&stage) < MANY - FRESH && learnt.elapsed() < Duration::from_secs(60) {
        stage.load.run(&stage.request(), RATE, Duration::from_secs(1)).await;
    }
    stage.app.restart().await;
    stage.load = crate::load::Load::default();
    after_a_lap("950 of 1,000 Gemini keys exhausted for the day; after kill -9, start and one lap", &stage).await
}

/// Rests that are kept over a restart.
fn rests(stage: &Stage) -> usize {
    let [rows] = stage.app.database().run(["SELECT count(*) FROM key_cooldowns"]);
    rows.first().and_then(|row| row[0].as_u64()).and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

/// The same, and nothing is known yet.
pub(crate) async fn exhausted_unknown() -> Report {
    let behaviours = [(FRESH, good as fn() -> Answer), (MANY - FRESH, limited_for_the_day)];
    let stage = Stage::set("openai", &behaviours).await;
    after_a_lap("950 of 1,000 OpenAI keys exhausted for the day, which nobody knows yet; after one lap", &stage).await
}

/// A lap is as many attempts as there are keys.
async fn after_a_lap(storm: &'static str, stage: &Stage) -> Report {
    let (request, guards) = (stage.request(), stage.guards());
    let (start, begun) = (Instant::now(), stage.provider.count());
    while stage.provider.count() - begun < MANY as u64 && start.elapsed() < LONGEST_LAP {
        stage.load.run(&request, RATE, Duration::from_millis(250)).await;
    }
    let (took, before) = (start.elapsed(), stage.provider.count());
    let samples = stage.load.run(&request, RATE, Duration::from_secs(20)).await;
    let retries = stage.provider.count() - before - samples.len() as u64;
    let at_first = success(&samples) - ratio(retries, samples.len() as u64);
    Report::new(storm)
        .at_least(0.99, "success at the first attempt after the lap", at_first)
        .at_least(0.9999, "success after the lap", success(&samples))
        .at_most(10.0, "the lap took, s", took.as_secs_f64())
        .at_most(0.0, "guards that acted", ratio((stage.guards() - guards) as u64, 1))
}
