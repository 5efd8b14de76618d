//! What became of a key.

use serde_json::{Value, json};
use testkit::app::{App, GroupHandle};

/// A key of this group. Without dashes between its words: the mock provider would take some of them for orders.
pub(crate) fn key_of(group: &str, what: &str) -> String {
    format!("sk-{}_{what}_0123456789", group.replace('-', "_"))
}

/// A key as the API shows it, in one comparable piece: its status, its failures in a row, and what it cools for, as in `active 0`,
/// `invalid 3`, `active 0 cooling gpt-4o`, `active 1 cooling *` (altogether).
pub(crate) async fn key_state(app: &App, group: &GroupHandle, key: &str) -> String {
    state(&app.key(group, key).await)
}

/// Tests a key, as an operator does: what that finds out about it no guard puts in doubt.
pub(crate) async fn test_key(app: &App, group: &GroupHandle, key: &str) {
    app.api().create("/api/keys/test-multiple", &json!({"group_id": group.id, "keys_text": key})).await;
}

fn state(key: &Value) -> String {
    let models: Vec<_> =
        key["cooling_models"].as_array().unwrap().iter().map(|one| one["model"].as_str().unwrap()).collect();
    let cooling = match (key["cooldown_until"].is_null(), models.is_empty()) {
        (true, true) => String::new(),
        (false, true) => " cooling *".to_owned(),
        (false, false) => format!(" cooling {}", models.join(" ")),
        (true, false) => panic!("it cools for models, but not until a time: {key}"),
    };
    format!("{} {}{cooling}", key["status"].as_str().unwrap(), key["failure_count"])
}
