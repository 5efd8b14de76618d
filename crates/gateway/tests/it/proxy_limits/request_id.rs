//! Our id of a request, beside the provider's.

use testkit::provider::{Answer, Script};

use crate::support::app_and_provider;

const OURS: &str = "x-gpt-load-request-id";

/// Whether the text has the form of a UUID (RFC 9562 4).
fn is_uuid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[tokio::test]
async fn it_stands_in_the_rows_of_all_attempts() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1", "sk-2", "sk-3"]).create().await;
    provider.otherwise(Script::first(2, Script::limited(5)));
    let reply = group.chat("gpt-4o").fetch().await;
    let id = reply.headers.get(OURS).unwrap();
    assert!(is_uuid(id), "{id}");
    assert_eq!(reply.headers.all("x-request-id"), ["req_mock"]);
    let all = async || Some(app.logs(&format!("request_id={id}")).await).filter(|rows| rows.len() == 3);
    let rows = app.eventually("three rows with the id", all).await;
    let mut seen: Vec<_> = rows.iter().map(|row| (row["attempt"].as_i64(), row["request_type"].as_str())).collect();
    seen.sort();
    assert_eq!(seen, [(Some(1), Some("retry")), (Some(2), Some("retry")), (Some(3), Some("final"))]);
    assert!(rows.iter().all(|row| row["request_id"] == id));
    assert_ne!(group.chat("gpt-4o").fetch().await.headers.get(OURS), Some(id));
}

#[tokio::test]
async fn refusals_have_one_too_and_only_ours() {
    let (app, provider) = app_and_provider().await;
    let group = app.group("g").upstream(&provider.url()).keys(["sk-1"]).create().await;
    let unknown = app.proxied("GET", "nobody", "/v1/models", "pk-g");
    for request in [app.proxied("GET", "g", "/v1/models", "wrong"), unknown, group.request("GET", "/..")] {
        let reply = request.fetch().await;
        assert!(is_uuid(reply.headers.get(OURS).unwrap()), "{request:?}");
    }
    // A gateway behind this one has an id of its own.
    provider.otherwise(Answer::new(204).header(OURS, "theirs").header("x-request-id", "a"));
    let reply = group.request("GET", "/v1/models").header("x-request-id", "mine").fetch().await;
    let ids = reply.headers.all(OURS);
    assert!(ids.len() == 1 && is_uuid(ids[0]), "{ids:?}");
    assert_eq!(reply.headers.all("x-request-id"), ["a"]);
    assert_eq!(provider.last_request().header("x-request-id"), Some("mine"));
}
