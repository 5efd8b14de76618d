//! A thousand requests at once, an operator at work, and a log that is written at once: all want the one database.

use serde_json::{Value, json};
use testkit::Gate;
use testkit::provider::Answer;
use tokio::task::JoinSet;

use crate::support::app_and_provider;

const AT_ONCE: usize = 1000;
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_at_once_and_an_operator_get_what_they_want() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).create().await;
    for round in 0..ROUNDS {
        let gate = Gate::default();
        provider.otherwise(Answer::json(200, &json!({"done": true})).gate(&gate));
        let mut requests = JoinSet::new();
        for _ in 0..AT_ONCE {
            let request = group.chat("gpt-4o");
            requests.spawn(async move { request.fetch().await.status });
        }
        gate.reached(AT_ONCE).await;
        gate.open();
        let added: Vec<_> = (0..5000).map(|number| format!("sk-{round}-{number:04}")).collect();
        let added = json!({"group_id": group.id, "keys_text": added.join("\n")});
        assert_eq!(app.api().create("/api/keys/add-multiple", &added).await["added_count"], 5000);
        assert!(requests.join_all().await.iter().all(|status| *status == 200));
    }
    let stored = async || app.api().data("/api/logs?page_size=1").await["pagination"]["total_items"].clone();
    let wanted = Value::from(ROUNDS * AT_ONCE);
    app.eventually("every row", async || Some(stored().await).filter(|rows| *rows == wanted)).await;
    assert!(!app.output().contains("locked"), "{}", app.output());
}
