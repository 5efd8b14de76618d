//! One cause is not counted as many: when each guard begins, what it does, how it ends, and where it says so.
//!
//! | file | what it shows |
//! |---|---|
//! | `budget` | a sick upstream gets few requests more than there are |
//! | `address` | a limit on our address is not held against the keys |
//! | `refusal` | a provider that refuses everybody costs few keys |
//! | `probes` | who is asked although it rests, and how often |
//! | `storms` | large pools in bad weather |

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};
use testkit::provider::{Answer, MockProvider};

use crate::support::process::says;

mod address;
mod budget;
mod probes;
mod refusal;
mod storms;

/// Above what any guard takes to end by itself, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A 429 that says nothing about a time, or about whose quota it is.
fn slow_down() -> Answer {
    Answer::json(429, &json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}))
}

/// So many keys, none of whose words means anything to the provider.
fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("sk-{number:04}-0123456789")).collect()
}

/// A group whose keys come back by what clients see alone.
async fn group(app: &App, provider: &MockProvider, keys: &[String], mut config: Value) -> GroupHandle {
    config["key_validation_interval_minutes"] = 0.into();
    app.group("g").upstream(&provider.url()).keys(keys).config(config).create().await
}

/// Calls for `gpt-4o`, one after the other, and how many got an answer.
async fn calls(group: &GroupHandle, count: usize) -> usize {
    let mut answered = 0;
    for _ in 0..count {
        answered += usize::from(group.chat("gpt-4o").fetch().await.status == 200);
    }
    answered
}

/// What the group's card says about guards.
async fn card(app: &App, group: &GroupHandle) -> Vec<String> {
    let groups = app.api().data("/api/groups").await;
    let object = groups.as_array().unwrap().iter().find(|object| object["id"] == group.id).unwrap();
    object["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap().to_owned()).collect()
}

/// Calls until one is answered.
async fn until_answered(group: &GroupHandle) {
    let start = Instant::now();
    while calls(group, 1).await == 0 {
        assert!(start.elapsed() < PATIENCE, "nothing has been answered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many lines of the log hold these words, once so many do.
async fn told(app: &App, words: &str, expected: usize) -> usize {
    app.eventually(words, async || says(app, words) >= expected).await;
    says(app, words)
}

/// How many keys are invalid, and how many rest.
async fn states(app: &App, group: &GroupHandle) -> (usize, usize) {
    let page = app.api().data(&format!("/api/keys?page_size=1000&group_id={}", group.id)).await;
    let keys = page["items"].as_array().unwrap();
    let invalid = keys.iter().filter(|key| key["status"] == "invalid").count();
    (invalid, keys.iter().filter(|key| !key["cooldown_until"].is_null()).count())
}
