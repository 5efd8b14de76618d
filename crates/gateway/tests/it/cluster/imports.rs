//! Many keys, added on one node.

use std::time::Duration;

use serde_json::json;
use testkit::wait::eventually_in;

use super::fleet::{Fleet, say};

/// By one import.
const KEYS: u64 = 100_000;
/// An import takes as long as the database does.
const PATIENCE: Duration = Duration::from_secs(180);
/// What a node may need for them, its database connections and the text of the import.
const MOST_BYTES: u64 = 160 << 20;

#[tokio::test]
async fn keys_that_are_imported_on_one_node_are_seen_and_used_on_all() {
    let Some(fleet) = Fleet::with_redis().await else { return };
    let group = fleet.group(&[], json!({})).await;
    let keys: Vec<_> = (0..KEYS).map(|number| format!("sk-imported-{number:06}")).collect();
    let given = json!({"group_id": group.id, "keys_text": keys.join("\n")});
    fleet.nodes[0].app.api().create("/api/keys/add-async", &given).await;
    for node in &fleet.nodes {
        let ended = async || {
            let status = node.app.api().data("/api/tasks/status").await;
            if status["is_running"] == false && status["processed"] == KEYS { Ok(status) } else { Err(status) }
        };
        let status = eventually_in(PATIENCE, "the end of the import", ended).await;
        assert_eq!(status["result"], json!({"added_count": KEYS, "ignored_count": 0}));
    }
    fleet.all("imported keys", async |node| node.has(&group, [KEYS, 0]).await).await;
    for node in &fleet.nodes {
        assert_eq!(group.on(&node.app).chat("gpt-4o").fetch().await.status, 200);
        let bytes = node.app.memory_bytes();
        say(&format!("{KEYS} keys: {} MiB", bytes >> 20));
        assert!(bytes < MOST_BYTES, "{bytes} bytes");
    }
}
