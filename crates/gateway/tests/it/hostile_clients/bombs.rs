//! Little that becomes much when it is decoded. What passes through is not decoded, and what is decoded has a limit.

use bytes::Bytes;
use serde_json::json;
use testkit::provider::Answer;

use crate::support::app_and_provider;

/// More memory than this, and something has been decoded that need not be.
const MUCH_BYTES: u64 = 24 << 20;

/// A compressed body.
fn compressed(pieces: impl IntoIterator<Item = Bytes>) -> Bytes {
    Answer::stream("application/json", pieces).gzip().body_bytes()
}

/// 128 MiB of blanks after `start`, compressed.
fn bomb(start: &'static str) -> Bytes {
    let blanks = Bytes::from(vec![b' '; 1 << 20]);
    compressed(std::iter::once(start.into()).chain(std::iter::repeat_n(blanks, 128)))
}

#[tokio::test]
async fn a_compressed_bomb_passes_untouched_in_both_directions() {
    let (app, provider) = app_and_provider().await;
    let bomb = bomb("{\"model\":\"asked\",\"data\":[],");
    let before = app.memory_bytes();
    for (status, path) in
        [(200, "/v1/x"), (400, "/v1/x"), (429, "/v1/x"), (500, "/v1/x"), (401, "/v1/x"), (200, "/v1/models")]
    {
        let name = format!("g{status}{}", path.len());
        let group = app.group(&name).upstream(&provider.url()).keys(["sk-1"]).config(json!({"max_retries": 0}));
        let group = group.field("param_overrides", json!({"n": 1}));
        let group = group.field("model_redirect_rules", json!({"asked": "sent"})).create().await;
        let answer = Answer::with_body(status, "application/json", bomb.clone());
        provider.otherwise(answer.header("content-encoding", "gzip"));
        let method = if path == "/v1/models" { "GET" } else { "POST" };
        let request = group.request(method, path).header("Content-Encoding", "gzip").body(bomb.clone());
        let reply = request.fetch().await;
        assert!(provider.last_request().body == bomb, "{status} {path}");
        // Of a refused key the client gets to know nothing.
        assert!(status == 401 || reply.status == status && reply.body == bomb, "{status} {path}: {}", reply.status);
        let now = app.memory_bytes();
        // A model list is decoded up to 8 MiB, for it is edited.
        let much = if status == 200 && method == "GET" { 2 * MUCH_BYTES } else { MUCH_BYTES };
        assert!(now < before + much, "{status} {path}: {before} bytes before, {now} now");
    }
}

#[tokio::test]
async fn a_bomb_in_a_bomb_is_judged_by_its_beginning() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).config(json!({"max_retries": 0}));
    let group = group.create().await;
    let before = app.memory_bytes();
    let mut layers = bomb("{\"error\":{\"message\":\"no\"}}");
    for count in 1..=6 {
        let encoding = ["gzip"; 6][..count].join(", ");
        provider.otherwise(
            Answer::with_body(400, "application/json", layers.clone()).header("content-encoding", &encoding),
        );
        let reply = group.chat("m").fetch().await;
        assert!((reply.status, reply.body) == (400, layers.clone()), "{count} layers");
        layers = compressed([layers]);
    }
    assert!(app.memory_bytes() < before + MUCH_BYTES, "{before} bytes before, {} now", app.memory_bytes());
}
