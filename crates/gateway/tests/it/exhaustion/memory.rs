//! More large bodies at once than there is memory for.

use testkit::provider::{Answer, MockProvider};
use testkit::{App, Gate};
use tokio::task::JoinSet;

use crate::support::BINARY;
use crate::support::process::peak_memory_bytes;

/// Together more than the budget.
const CALLERS: usize = 12;
const BODY_BYTES: usize = 31 << 20;
/// Memory for kept bodies, all together; `KEPT_BODIES_BYTES` of `app.rs`.
const BUDGET: u64 = 256 << 20;

fn chat() -> bytes::Bytes {
    let mut body = br#"{"model":"m","pad":""#.to_vec();
    body.resize(BODY_BYTES - 2, b'x');
    body.extend_from_slice(b"\"}");
    body.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_under_way_take_no_more_memory_than_is_kept_for_them() {
    let (app, provider) = (App::start(BINARY).await, MockProvider::builder().without_recording().start());
    let gate = Gate::default();
    provider.otherwise(Answer::new(204).gate(&gate));
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let (body, before) = (chat(), app.memory_bytes());
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let request = group.request("POST", "/v1/x").body(body.clone());
        callers.spawn(async move { request.fetch().await.status });
    }
    gate.reached(CALLERS).await;
    let held = app.memory_bytes() - before;
    assert!((BUDGET / 2..BUDGET / 4 * 5).contains(&held), "{held} bytes while {CALLERS} bodies are under way");
    gate.open();
    while let Some(status) = callers.join_next().await {
        assert_eq!(status.unwrap(), 204, "kept or not");
    }
    let peak = peak_memory_bytes(&app) - before;
    assert!(peak < BUDGET / 4 * 5, "{peak} bytes at the most");
    for _ in 0..CALLERS {
        assert_eq!(group.request("POST", "/v1/x").body(body.clone()).fetch().await.status, 204);
    }
}
